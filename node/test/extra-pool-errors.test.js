'use strict';
// ProcessPool: arguments that make no sense, tasks that cannot be sent, and workers that do not start.

const assert = require('node:assert');
const path = require('node:path');
const { cp, test, event, finish, ourModule, temporaryDirectory } = require('./fixtures/support.js');
const { plainWorker, rejection, withPool, withWorkers } = require('./fixtures/pool.js');

const { ProcessPool } = cp;

test('options that make no sense are thrown by the constructor', () => {
  const wrong = [
    [undefined, 1, 'ERR_INVALID_ARG_TYPE'],
    [plainWorker, '1', 'ERR_INVALID_ARG_TYPE'],
    [plainWorker, -1, 'ERR_OUT_OF_RANGE'],
    [plainWorker, 1.5, 'ERR_OUT_OF_RANGE'],
    [plainWorker, { size: 5000 }, 'ERR_OUT_OF_RANGE'],
    [plainWorker, { timeout: '1s' }, 'ERR_INVALID_ARG_TYPE'],
    [plainWorker, { protocol: 'xml' }, 'ERR_INVALID_ARG_VALUE'],
    [plainWorker, { serialization: 'xml' }, 'ERR_INVALID_ARG_VALUE'],
    [plainWorker, { ordered: 1 }, 'ERR_INVALID_ARG_TYPE'],
    [plainWorker, { killSignal: 'SIGNOTHING' }, 'ERR_UNKNOWN_SIGNAL'],
    [plainWorker, { stdio: ['pipe'] }, 'ERR_CHILD_PROCESS_IPC_REQUIRED'],
    [plainWorker, { size: 1, minSize: 2 }, 'ERR_INVALID_ARG_VALUE'],
    [plainWorker, { inFlight: 2 }, 'ERR_INVALID_ARG_VALUE'],
    ['a\0b', 1, 'ERR_INVALID_ARG_VALUE'],
  ];
  for (const [modulePath, options, code] of wrong)
    assert.throws(() => new ProcessPool(modulePath, options), { code }, `${modulePath} ${JSON.stringify(options)}`);
});

test('what the library refuses says why', () => {
  assert.throws(() => new ProcessPool(plainWorker, { inFlight: 2 }), ({ cause }) => /tasks at a time/.test(cause.message));
});

test('tasks that cannot be sent are rejected, and harm no others', () => withWorkers(1, async (pool) => {
  const circle = {};
  circle.circle = circle;
  assert.strictEqual((await rejection(pool.execute())).code, 'ERR_MISSING_ARGS');
  assert.strictEqual((await rejection(pool.execute(() => {}))).code, 'ERR_INVALID_ARG_VALUE');
  assert((await rejection(pool.execute(circle))) instanceof TypeError);
  assert((await rejection(pool.execute(1n))) instanceof TypeError);
  assert.strictEqual(await pool.execute(1), 2);
}));

test('so are options of a task that make no sense', () => withWorkers(1, async (pool) => {
  const wrong = [
    [3, 'ERR_INVALID_ARG_TYPE'], [{ signal: 1 }, 'ERR_INVALID_ARG_TYPE'], [{ timeout: -1 }, 'ERR_OUT_OF_RANGE'],
    [{ priority: 0.5 }, 'ERR_OUT_OF_RANGE'], [{ key: 1 }, 'ERR_INVALID_ARG_TYPE'], [{ key: 'a\0' }, 'ERR_INVALID_ARG_VALUE'],
    [{ onProgress: 1 }, 'ERR_INVALID_ARG_TYPE'], [{ maxRetries: -1 }, 'ERR_OUT_OF_RANGE'],
  ];
  for (const [options, code] of wrong) assert.strictEqual((await rejection(pool.execute(1, options))).code, code);
}));

test('more than maxQueue tasks are refused', () => withWorkers({ size: 1, maxQueue: 2 }, async (pool) => {
  const accepted = [1, 2].map((n) => pool.execute(n));
  const error = await rejection(pool.execute(3));
  assert.strictEqual(error.code, 'ERR_POOL_QUEUE_FULL');
  assert.match(error.message, /2 tasks wait already/);
  assert.deepStrictEqual(await Promise.all(accepted), [2, 4]);
  assert.strictEqual(await pool.execute(5), 10);
}));

test('a module that does not start: the tasks are rejected, and so are new ones', async (t) => {
  const missing = path.join(temporaryDirectory(t), 'missing.js');
  await withPool(missing, { size: 1, maxFailedStarts: 2, silent: true }, async (pool) => {
    const told = event(pool, 'error');
    const error = await rejection(pool.execute(1));
    assert.strictEqual(error.code, 'ERR_POOL_FAILED');
    assert.match(error.stderr, /Cannot find module/);
    assert.strictEqual((await told)[0].code, 'ERR_POOL_FAILED');
    const next = await rejection(pool.execute(1));
    assert.strictEqual(next.code, 'ERR_POOL_FAILED');
    assert.match(next.message, /do not start/);
  });
});

test('a program that does not exist', () => withWorkers({ size: 1, execPath: '/no/such/node' }, async (pool) => {
  const error = await rejection(pool.execute(1));
  assert.strictEqual(error.code, 'ERR_POOL_FAILED');
  assert.match(error.message, /no such file/);
}));

test("nobody has to listen to 'error': it does not end the program", async () => {
  const program = `
    const { ProcessPool } = require(${JSON.stringify(ourModule)});
    const pool = new ProcessPool('/no/such/module.js', { size: 1, maxFailedStarts: 1, silent: true });
    pool.execute(1).catch((error) => { console.log(error.code); pool.destroy(); });`;
  const { code, stdout, stderr } = await finish(cp.spawn(process.execPath, ['-e', program]));
  assert.deepStrictEqual([code, stdout, stderr], [0, 'ERR_POOL_FAILED\n', '']);
});
