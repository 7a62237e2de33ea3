'use strict';
// ProcessPool: workers that are replaced though nothing is wrong with them, and those that come and go with the tasks.

const assert = require('node:assert');
const { test } = require('./fixtures/support.js');
const { withServers, withWorkers } = require('./fixtures/pool.js');

const pidOf = async (pool) => (await pool.execute({ facts: 0 })).pid;

/** The next change of a worker that `is` holds for. */
function change(pool, is) {
  return new Promise((resolve) => {
    pool.on('worker', function look(worker) {
      if (!is(worker)) return;
      pool.off('worker', look);
      resolve(worker);
    });
  });
}

const ended = (pool) => change(pool, ({ state }) => state === 'ended');

test('maxTasks: a fresh process for each', () => withWorkers({ size: 1, maxTasks: 1 }, async (pool) => {
  const pids = [];
  for (let i = 0; i < 4; i++) pids.push(await pidOf(pool));
  assert.strictEqual(new Set(pids).size, 4);
  assert.strictEqual(pool.stats.recycled, 4);
}));

test('maxTasks: a worker does so many and no more', () => withWorkers({ size: 2, maxTasks: 5 }, async (pool) => {
  const pids = await Promise.all(Array.from({ length: 40 }, () => pidOf(pool)));
  const counts = pids.reduce((map, pid) => map.set(pid, (map.get(pid) ?? 0) + 1), new Map());
  for (const count of counts.values()) assert(count <= 5);
}));

test('maxRss: one that has grown too large', () => withWorkers({ size: 1, maxRss: 200e6 }, async (pool) => {
  const pid = await pidOf(pool);
  const end = ended(pool);
  await pool.execute({ grow: 300e6 });
  // It is looked at between tasks, not for each of them.
  while (pool.stats.recycled === 0) await pool.execute(1);
  const worker = await end;
  assert.deepStrictEqual([worker.pid, worker.recycled, worker.error], [pid, true, undefined]);
}));

test('maxAge', () => withWorkers({ size: 1, maxAge: 200 }, async (pool) => {
  const pid = await pidOf(pool);
  const end = ended(pool);
  assert.deepStrictEqual([(await end).pid, pool.stats.recycled >= 1], [pid, true]);
  assert.notStrictEqual(await pidOf(pool), pid);
}));

test('recycle(): all are replaced, and no task is lost', () => withWorkers(2, async (pool) => {
  const before = new Set(await Promise.all(Array.from({ length: 20 }, () => pidOf(pool))));
  const ends = Promise.all([ended(pool), change(pool, ({ state, id }) => state === 'ended' && id === 2)]);
  const tasks = Array.from({ length: 50 }, (_, i) => pool.execute(i));
  pool.recycle();
  assert.deepStrictEqual(await Promise.all(tasks), Array.from({ length: 50 }, (_, i) => i * 2));
  await ends;
  await pool.execute(1);
  for (const { pid } of pool.workers) if (pool.stats.recycled === 2) assert(!before.has(pid));
}));

test('a worker that leaves ends what it has begun', () => withServers({ size: 1, inFlight: 4 }, async (pool) => {
  const tasks = [1, 2, 3, 4].map((n) => pool.execute({ later: n }));
  await tasks[0];
  pool.recycle();
  assert.deepStrictEqual(await Promise.all(tasks), [1, 2, 3, 4]);
  assert.strictEqual(pool.stats.retried, 0);
}));

const elastic = { size: 2, idleTimeout: 30 };
test('idleTimeout: they come with the tasks, and leave without', () => withWorkers(elastic, async (pool) => {
  assert.deepStrictEqual(pool.workers, []);
  const left = ended(pool);
  assert.strictEqual(await pool.execute(1), 2);
  assert.strictEqual(pool.workers.length, 1);
  await left;
  assert(pool.stats.shrunk >= 1);
  assert.strictEqual(await pool.execute(1), 2);
}));

test('minSize: so many stay', () => withWorkers({ size: 3, minSize: 1, idleTimeout: 30 }, async (pool) => {
  const left = ended(pool);
  await Promise.all(Array.from({ length: 30 }, (_, i) => pool.execute(i)));
  const { stats } = pool;
  if (stats.started > 1) await left;
  assert(pool.workers.length >= 1);
}));

test('readyMessage: no task before it', async () => {
  const messages = [];
  await withWorkers({ size: 1, readyMessage: true, args: ['--ready'] }, async (pool) => {
    pool.on('message', (message, { id, pid }) => messages.push([message, id, pid]));
    assert.strictEqual(await pool.execute(4), 8);
    const [{ pid }] = pool.workers;
    assert.deepStrictEqual(messages, [[{ ready: pid }, 1, pid]]);
  });
});

test('startTimeout: who is not ready in time does not start', () => withWorkers(
  { size: 1, readyMessage: true, startTimeout: 20, maxFailedStarts: 1 },
  (pool) => assert.rejects(pool.execute(1), { code: 'ERR_POOL_FAILED' }),
));
