'use strict';
// ProcessPool: tasks that take too long.

const assert = require('node:assert');
const { test } = require('./fixtures/support.js');
const { rejection, withServers, withWorkers } = require('./fixtures/pool.js');

test('the worker is killed and replaced', () => withWorkers(1, async (pool) => {
  const { pid } = await pool.execute({ facts: 0 });
  const error = await rejection(pool.execute({ never: 0 }, { timeout: 50 }));
  assert.deepStrictEqual([error.code, error.attempts, error.pid], ['ERR_POOL_TIMEOUT', 1, pid]);
  assert.match(error.message, /50 ms/);
  assert.notStrictEqual((await pool.execute({ facts: 0 })).pid, pid);
  assert.strictEqual(pool.stats.timedOut, 1);
}));

test("the pool's timeout holds for tasks that have none", () => withWorkers({ size: 1, timeout: 300 }, async (pool) => {
  await pool.execute(1, { timeout: 10000 });
  assert.strictEqual((await rejection(pool.execute({ never: 0 }))).code, 'ERR_POOL_TIMEOUT');
}));

test('retryTimeouts: it is tried again', () => withWorkers({ size: 1, retryTimeouts: true, maxRetries: 2 }, async (pool) => {
  await pool.execute(1);
  const error = await rejection(pool.execute({ never: 0 }, { timeout: 300 }));
  assert.deepStrictEqual([error.code, error.attempts], ['ERR_POOL_TIMEOUT', 3]);
}));

const shared = { size: 1, inFlight: 3, maxRetries: 0 };
test('other tasks of the worker are begun elsewhere', () => withServers(shared, async (pool) => {
  await pool.execute({ echo: 1 });
  const [late, ...others] = await Promise.allSettled([
    pool.execute({ never: 0 }, { timeout: 100 }),
    pool.execute({ later: 1 }),
    pool.execute({ later: 2 }),
  ]);
  assert.strictEqual(late.reason.code, 'ERR_POOL_TIMEOUT');
  assert.deepStrictEqual(others.map(({ value }) => value), [1, 2]);
}));
