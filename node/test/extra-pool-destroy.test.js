'use strict';
// ProcessPool: its end.

const assert = require('node:assert');
const { cp, test, finish, ourModule } = require('./fixtures/support.js');
const { plainWorker, rejection, withWorkers } = require('./fixtures/pool.js');

const { ProcessPool } = cp;

const run = (text) => finish(cp.spawn(process.execPath, ['-e', `
  const { ProcessPool } = require(${JSON.stringify(ourModule)});
  const worker = ${JSON.stringify(plainWorker)};
  ${text}`]));

test('what is not done is rejected, and workers are ended', async () => {
  const pool = new ProcessPool(plainWorker, 1);
  await pool.execute(1);
  const tasks = [pool.execute({ never: 0 }), pool.execute(2)].map(rejection);
  const report = await pool.destroy();
  assert.deepStrictEqual(report, { aborted: 2, terminated: 1, killed: 0 });
  for (const error of await Promise.all(tasks)) assert.strictEqual(error.code, 'ERR_POOL_CLOSED');
});

test('graceful: it is done first, and the workers leave by themselves', async () => {
  const pool = new ProcessPool(plainWorker, 2);
  const tasks = Array.from({ length: 20 }, (_, i) => pool.execute(i));
  const report = pool.destroy({ graceful: true });
  assert.deepStrictEqual(await Promise.all(tasks), Array.from({ length: 20 }, (_, i) => i * 2));
  assert.deepStrictEqual(await report, { aborted: 0, terminated: 0, killed: 0 });
});

test('graceful, but not for ever', async () => {
  const pool = new ProcessPool(plainWorker, 1);
  await pool.execute(1);
  const late = rejection(pool.execute({ never: 0 }));
  const report = await pool.destroy({ graceful: true, timeout: 30 });
  assert.strictEqual(report.aborted, 1);
  assert.strictEqual((await late).code, 'ERR_POOL_CLOSED');
});

test('a second call may make it more urgent; both have the same report', async () => {
  const pool = new ProcessPool(plainWorker, 1);
  await pool.execute(1);
  const late = rejection(pool.execute({ never: 0 }));
  const first = pool.destroy({ graceful: true });
  assert.strictEqual(pool.destroy(), first);
  assert.strictEqual((await first).aborted, 1);
  await late;
  assert.strictEqual(pool.destroy(), first);
});

test('afterwards tasks are refused', async () => {
  const pool = new ProcessPool(plainWorker, 1);
  const end = pool.destroy();
  assert.strictEqual((await rejection(pool.execute(1))).code, 'ERR_POOL_CLOSED');
  await end;
  assert.strictEqual((await rejection(pool.execute(1))).code, 'ERR_POOL_CLOSED');
  pool.recycle();
  pool.cancelAll();
  assert.deepStrictEqual([pool.ref(), pool.unref(), pool.size], [pool, pool, 1]);
});

test('a worker that ignores the signal is killed after the grace', async () => {
  const stubborn = ['-c', 'trap "" TERM; echo 1 >&3; while :; do :; done'];
  const options = { size: 1, grace: 20, execPath: '/bin/sh', execArgv: stubborn, readyMessage: true };
  const pool = new ProcessPool('none', options);
  await new Promise((resolve) => { pool.once('message', resolve); });
  assert.deepStrictEqual(await pool.destroy(), { aborted: 0, terminated: 1, killed: 1 });
});

test('options that make no sense', () => withWorkers(1, async (pool) => {
  assert.throws(() => pool.destroy(1), { code: 'ERR_INVALID_ARG_TYPE' });
  assert.throws(() => pool.destroy({ graceful: 1 }), { code: 'ERR_INVALID_ARG_TYPE' });
  assert.throws(() => pool.destroy({ timeout: -1 }), { code: 'ERR_OUT_OF_RANGE' });
  assert.strictEqual(await pool.execute(1), 2);
}));

test('without awaiting it the program ends', async () => {
  const { code, stdout } = await run(`
    const pool = new ProcessPool(worker, 2);
    pool.execute(1).then((result) => { console.log(result); pool.destroy(); });`);
  assert.deepStrictEqual([code, stdout], [0, '2\n']);
});

test('a program that is ended takes its workers along', async () => {
  const { code, stdout } = await run(`
    const pool = new ProcessPool(worker, 1);
    pool.execute({ facts: 0 }).then(({ pid }) => { console.log(pid); process.exit(5); });`);
  assert.strictEqual(code, 5);
  const gone = `while kill -0 ${Number(stdout)} 2>/dev/null; do :; done`;
  assert.strictEqual(cp.spawnSync('sh', ['-c', gone], { timeout: 10000 }).status, 0);
});

test('a pool that is not destroyed keeps the program running, but for unref()', async () => {
  const { code, stdout } = await run(`
    const pool = new ProcessPool(worker, 1).unref();
    process.on('exit', () => console.log('exit'));
    pool.execute(4).then(console.log);`);
  assert.deepStrictEqual([code, stdout], [0, '8\nexit\n']);
  const { signal } = await finish(cp.spawn(process.execPath, ['-e', `
    const { ProcessPool } = require(${JSON.stringify(ourModule)});
    new ProcessPool(${JSON.stringify(plainWorker)}, 1).execute(1);`], { timeout: 1000 }));
  assert.strictEqual(signal, 'SIGTERM');
});

test('await using', { skip: Symbol.asyncDispose === undefined }, async () => {
  const pool = new ProcessPool(plainWorker, 1);
  await pool.execute(1);
  assert.strictEqual(await pool[Symbol.asyncDispose](), undefined);
  assert.strictEqual((await rejection(pool.execute(1))).code, 'ERR_POOL_CLOSED');
});
