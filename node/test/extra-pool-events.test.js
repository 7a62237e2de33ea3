'use strict';
// ProcessPool: what it tells beside results.

const assert = require('node:assert');
const { AsyncLocalStorage } = require('node:async_hooks');
const { cp, test, event, finish, ourModule } = require('./fixtures/support.js');
const { plainWorker, withWorkers } = require('./fixtures/pool.js');

const marks = { size: 1, highWaterMark: 4, lowWaterMark: 1 };
test("'drain' comes when needsDrain has become true", () => withWorkers(marks, async (pool) => {
  const tasks = [];
  while (!pool.needsDrain) tasks.push(pool.execute(tasks.length));
  assert.strictEqual(tasks.length, 5);
  await event(pool, 'drain');
  assert.strictEqual(pool.needsDrain, false);
  assert(pool.stats.waiting <= 1);
  await Promise.all(tasks);
}));

test("'idle' comes after the last result", () => withWorkers(2, async (pool) => {
  const log = [];
  pool.on('idle', () => log.push('idle'));
  await Promise.all([1, 2, 3].map((n) => pool.execute(n).then((result) => log.push(result))));
  await new Promise(setImmediate);
  assert.deepStrictEqual(log.slice().sort(), [2, 4, 6, 'idle']);
  assert.strictEqual(log[3], 'idle');
  const again = event(pool, 'idle');
  await pool.execute(1);
  await again;
}));

test("'worker' tells the life of each", async () => {
  const states = [];
  let last;
  await withWorkers(1, async (pool) => {
    pool.on('worker', (worker) => {
      states.push(worker.state);
      last = worker;
    });
    await pool.execute(1);
  });
  assert.deepStrictEqual(states, ['starting', 'ready', 'leaving', 'ended']);
  const { id, done, exitCode, signalCode, recycled, error } = last;
  assert.deepStrictEqual({ id, done, exitCode, signalCode, recycled, error },
    { id: 1, done: 1, exitCode: null, signalCode: 'SIGTERM', recycled: false, error: undefined });
});

test("'worker' says why one ended that should not have", () => withWorkers({ size: 1, maxRetries: 0 }, async (pool) => {
  const ended = new Promise((resolve) => {
    pool.on('worker', (worker) => { if (worker.state === 'ended') resolve(worker); });
  });
  await assert.rejects(pool.execute({ exit: 4 }));
  const { exitCode, error } = await ended;
  assert.strictEqual(exitCode, 4);
  assert.match(error, /exited with code 4/);
}));

test("'message' tells what belongs to no task", () => withWorkers(1, async (pool) => {
  const told = event(pool, 'message');
  assert.strictEqual(await pool.execute({ twice: 'answer' }), 'answer');
  const [message, { id, pid }] = await told;
  assert.deepStrictEqual([message, id, pid], ['unasked', 1, pool.workers[0].pid]);
}));

test("silent: 'stdout' and 'stderr'", () => withWorkers({ size: 1, silent: true }, async (pool) => {
  const told = Promise.all([event(pool, 'stdout'), event(pool, 'stderr')]);
  await pool.execute({ say: 'hello' });
  const [{ pid }] = pool.workers;
  for (const [bytes, worker] of await told) {
    assert.strictEqual(String(bytes), 'hello\n');
    assert.deepStrictEqual(worker, { pid });
  }
}));

test('else their output is that of the program', async () => {
  const program = `
    const { ProcessPool } = require(${JSON.stringify(ourModule)});
    const pool = new ProcessPool(${JSON.stringify(plainWorker)}, 1);
    pool.execute({ say: 'hello' }).then(() => pool.destroy({ graceful: true }));`;
  const { stdout, stderr } = await finish(cp.spawn(process.execPath, ['-e', program]));
  assert.deepStrictEqual([stdout, stderr], ['hello\n', 'hello\n']);
});

test('events have the asynchronous context of the constructor', async () => {
  const storage = new AsyncLocalStorage();
  const pool = storage.run('made', () => new cp.ProcessPool(plainWorker, 1));
  const told = new Promise((resolve) => { pool.on('idle', () => resolve(storage.getStore())); });
  await storage.run('executed', () => pool.execute(1));
  assert.strictEqual(await told, 'made');
  await pool.destroy();
});

test('what a listener throws is nobody else\'s', async () => {
  const program = `
    const { ProcessPool } = require(${JSON.stringify(ourModule)});
    process.on('uncaughtException', ({ message }) => console.log(message));
    const pool = new ProcessPool(${JSON.stringify(plainWorker)}, 1);
    pool.once('worker', () => { throw new Error('mine'); });
    pool.execute(1).then((result) => { console.log(result); pool.destroy(); });`;
  const { code, stdout } = await finish(cp.spawn(process.execPath, ['-e', program]));
  assert.deepStrictEqual([code, stdout], [0, 'mine\n2\n']);
});
