'use strict';
// ProcessPool: workers that die, and the tasks that they had.

const assert = require('node:assert');
const path = require('node:path');
const { test, temporaryDirectory } = require('./fixtures/support.js');
const { rejection, withServers, withWorkers } = require('./fixtures/pool.js');

test('the task goes to another worker', (t) => withWorkers(1, async (pool) => {
  const file = path.join(temporaryDirectory(t), 'died');
  assert.strictEqual(await pool.execute({ dieOnce: file }), 'lived');
  const { retried, crashed, failed } = pool.stats;
  assert.deepStrictEqual({ retried, crashed, failed }, { retried: 1, crashed: 1, failed: 0 });
}));

test('at most maxRetries times; then the error says how the worker ended', () => withWorkers(1, async (pool) => {
  const exited = await rejection(pool.execute({ exit: 3 }, { maxRetries: 1 }));
  assert.deepStrictEqual([exited.code, exited.exitCode, exited.signal, exited.attempts], ['ERR_POOL_WORKER', 3, null, 2]);
  assert.match(exited.message, /exited with code 3/);
  assert(exited.pid > 0);
  const { code, exitCode, signal, attempts } = await rejection(pool.execute({ kill: 'SIGKILL' }, { maxRetries: 0 }));
  assert.deepStrictEqual([code, exitCode, signal, attempts], ['ERR_POOL_WORKER', null, 'SIGKILL', 1]);
}));

test("the pool's maxRetries", async () => {
  await withWorkers({ size: 1, maxRetries: 0 }, async (pool) => {
    assert.strictEqual((await rejection(pool.execute({ exit: 1 }))).attempts, 1);
  });
  await withWorkers({ size: 1 }, async (pool) => {
    assert.strictEqual((await rejection(pool.execute({ exit: 1 }))).attempts, 3);
  });
});

const quiet = { size: 1, maxRetries: 0, silent: true };
test('the end of what it wrote to stderr comes along', () => withWorkers(quiet, async (pool) => {
  const { stderr } = await rejection(pool.execute({ complain: `${'x'.repeat(10000)}the reason` }));
  assert(stderr.endsWith('the reason'));
  assert.strictEqual(stderr.length, 4096);
}));

test('other tasks are not harmed', () => withWorkers({ size: 2, maxRetries: 0 }, async (pool) => {
  const tasks = Array.from({ length: 40 }, (_, i) => (i % 10 === 9 ? { exit: 1 } : i));
  const ends = await Promise.allSettled(tasks.map((task) => pool.execute(task)));
  ends.forEach(({ status, value, reason }, i) => {
    if (i % 10 === 9) assert.strictEqual(reason.code, 'ERR_POOL_WORKER');
    else assert.deepStrictEqual([status, value], ['fulfilled', i * 2]);
  });
}));

const shared = { size: 1, inFlight: 4 };
test('with several tasks at a time all of them are tried again', () => withServers(shared, async (pool) => {
  const bad = pool.execute({ exit: 1 }, { maxRetries: 0 });
  const good = [1, 2, 3].map((n) => pool.execute({ later: n }, { maxRetries: 5 }));
  assert.strictEqual((await rejection(bad)).code, 'ERR_POOL_WORKER');
  assert.deepStrictEqual(await Promise.all(good), [1, 2, 3]);
}));
