'use strict';
// ProcessPool with protocol 'envelope', and the helper for its workers: errors, progress, several tasks at a time.

const assert = require('node:assert');
const { AsyncLocalStorage } = require('node:async_hooks');
const { test } = require('./fixtures/support.js');
const { rejection, withServers } = require('./fixtures/pool.js');

for (const serialization of ['json', 'advanced']) {
  const shared = { size: 2, inFlight: 3, serialization };
  test(`tasks and results of all kinds: ${serialization}`, () => withServers(shared, async (pool) => {
    assert.strictEqual(await pool.execute({ echo: 'a' }), 'a');
    assert.strictEqual(await pool.execute({ later: 5 }), 5);
    assert.strictEqual(await pool.execute({ nothing: 0 }), null);
    for (const plain of [1, 'text', null, true, [1, 2]]) assert.deepStrictEqual(await pool.execute(plain), { plain });
    const likeEnvelopes = [{ task: 1 }, { id: 7 }, { id: 7, task: 1 }, { cancel: true }, { id: 1, cancel: true }, { result: 1 }];
    for (const object of likeEnvelopes) assert.deepStrictEqual(await pool.execute(object), { object });
    const large = 'z'.repeat(200000);
    assert.strictEqual(await pool.execute({ echo: large }), large);
  }));

  test(`what the worker throws: ${serialization}`, () => withServers({ size: 1, serialization }, async (pool) => {
    const error = await rejection(pool.execute({ throw: 'broken' }));
    assert.deepStrictEqual([error.code, error.message, error.attempts], ['ERR_POOL_REPLY', 'broken', 1]);
    const { cause } = error;
    assert.deepStrictEqual([cause.name, cause.message, cause.code, cause.extra], ['TypeError', 'broken', 'E_OWN', 1]);
    assert.match(cause.stack, /^TypeError: broken\n.*pool-server\.js/);
    assert.strictEqual((await rejection(pool.execute({ throwPlain: 'a word' }))).message, 'a word');
    assert.strictEqual((await rejection(pool.execute({ throwPlain: null }))).message, 'null');
    assert.strictEqual((await rejection(pool.execute({ throwFunction: 0 }))).message, 'odd');
    assert.match((await rejection(pool.execute({ function: 0 }))).message, /cannot be sent/);
    assert.strictEqual(await pool.execute({ echo: 1 }), 1);
    assert.strictEqual(pool.stats.crashed, 0);
  }));

  test(`progress: ${serialization}`, () => withServers({ size: 1, serialization }, async (pool) => {
    const told = [];
    assert.strictEqual(await pool.execute({ progress: 3 }, { onProgress: (value) => told.push(value) }), 'done');
    assert.deepStrictEqual(told, [{ i: 1 }, { i: 2 }, { i: 3 }]);
    assert.strictEqual(await pool.execute({ progress: 3 }), 'done'); // nobody wants to know
  }));
}

const clones = { size: 1, serialization: 'advanced' };
test('values that JSON has not, through the envelope', () => withServers(clones, async (pool) => {
  const circle = { name: 'circle' };
  circle.self = circle;
  const values = [10n ** 40n, new Date(5), /a/gi, new Map([[1, new Set([2])]]), new Uint16Array([1, 2]), Buffer.from('b'),
    circle, [1, , 3], NaN, -0, undefined, new Error('e'), Object(1), '\ud800', { a: undefined }];
  for (const value of values) assert.deepStrictEqual(await pool.execute({ echo: [value] }), [value]);
}));

test('a worker has several tasks at a time', () => withServers({ size: 1, inFlight: 3 }, async (pool) => {
  const controller = new AbortController();
  let waiting = 0;
  const onProgress = () => { if (++waiting === 3) controller.abort(); };
  const tasks = [1, 2, 3].map((n) => rejection(pool.execute({ wait: n }, { onProgress, signal: controller.signal })));
  await Promise.all(tasks);
  assert.strictEqual(waiting, 3);
}));

test('the asynchronous context is that of execute()', () => withServers({ size: 1, inFlight: 4 }, async (pool) => {
  const storage = new AsyncLocalStorage();
  const run = (name) => storage.run(name, async () => {
    const seen = [];
    await pool.execute({ progress: 2 }, { onProgress: () => seen.push(storage.getStore()) });
    return [...seen, storage.getStore()];
  });
  assert.deepStrictEqual(await Promise.all(['a', 'b'].map(run)), [['a', 'a', 'a'], ['b', 'b', 'b']]);
}));

for (const serialization of ['json', 'advanced']) {
  const two = { size: 2, serialization };
  test(`broadcast(): each worker gets it, and it is no task: ${serialization}`, () => withServers(two, async (pool) => {
    const all = () => Promise.all([1, 2].map(() => pool.execute({ later: 0 })));
    while (pool.stats.workers < 2) await all();
    assert.strictEqual(pool.broadcast({ level: 2 }), 2);
    const heard = await Promise.all([1, 2].map(() => pool.execute({ heard: 0 })));
    assert.deepStrictEqual(heard, [[{ level: 2 }], [{ level: 2 }]]);
    assert.throws(() => pool.broadcast(), { code: 'ERR_MISSING_ARGS' });
    await pool.destroy();
    assert.strictEqual(pool.broadcast(1), 0);
  }));
}
