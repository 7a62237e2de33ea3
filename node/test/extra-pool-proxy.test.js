'use strict';
// ProcessPool.proxy(): the methods of the workers as functions.

const assert = require('node:assert');
const { cp, fixture, test } = require('./fixtures/support.js');
const { rejection, withPool, withWorkers } = require('./fixtures/pool.js');

const withMethods = (use) => withPool(fixture('pool-methods.js'), { size: 1, protocol: 'envelope' }, use);

test('a method is called with its arguments, and its result comes back', () => withMethods(async (pool) => {
  const remote = pool.proxy();
  assert.strictEqual(await remote.add(2, 3), 5);
  assert.deepStrictEqual(await remote.later(), []);
  assert.deepStrictEqual(await remote.later(1, 'b', { c: null }), [1, 'b', { c: null }]);
  assert.strictEqual(await remote.calls(), 1); // `this` is the worker's object
}));

test('what a method throws rejects the call', () => withMethods(async (pool) => {
  const error = await rejection(pool.proxy().fail('too far'));
  assert.deepStrictEqual([error.code, error.message, error.cause.name], ['ERR_POOL_REPLY', 'too far', 'RangeError']);
}));

test('what is no method of the worker cannot be called', () => withMethods(async (pool) => {
  const remote = pool.proxy();
  for (const name of ['subtract', 'constant'])
    assert.match((await rejection(remote[name]())).message, new RegExp(`no method '${name}'`));
  for (const method of ['constructor', 'toString', '__proto__', 'hasOwnProperty'])
    assert.match((await rejection(pool.execute({ method, args: [] }))).message, /no method/);
  const others = [{}, { method: 1 }, { method: 'add' }, null, 'add'];
  for (const task of others) assert.strictEqual((await rejection(pool.execute(task))).code, 'ERR_POOL_REPLY');
}));

test('what the language calls by itself is no task', () => withMethods(async (pool) => {
  const remote = pool.proxy();
  assert.strictEqual(JSON.stringify({ remote }), '{"remote":{}}');
  assert.throws(() => `${remote}`, TypeError);
  assert.strictEqual(remote.valueOf, undefined);
  require('node:util').inspect(remote);
  assert.strictEqual(pool.stats.submitted, 0);
}));

test('the proxy is no promise, and its functions stay the same', () => withMethods(async (pool) => {
  const remote = pool.proxy();
  assert.strictEqual(await remote, remote);
  assert.strictEqual(remote.add, remote.add);
  assert.strictEqual(remote[Symbol.iterator], undefined);
}));

test('options are those of each call', () => withMethods(async (pool) => {
  const controller = new AbortController();
  controller.abort();
  assert.strictEqual((await rejection(pool.proxy({ signal: controller.signal }).add(1, 2))).name, 'AbortError');
}));

test('it needs the envelope, for the errors', () => withWorkers({ size: 1 }, async (pool) => {
  assert.throws(() => pool.proxy(), { code: 'ERR_INVALID_ARG_VALUE', message: /envelope/ });
}));

test('there is one pool for many proxies', () => withMethods(async (pool) => {
  assert(pool instanceof cp.ProcessPool);
  const sums = await Promise.all(Array.from({ length: 100 }, (_, i) => pool.proxy().add(i, 1)));
  assert.deepStrictEqual(sums, Array.from({ length: 100 }, (_, i) => i + 1));
}));
