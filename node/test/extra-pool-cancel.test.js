'use strict';
// ProcessPool: tasks that are given up.

const assert = require('node:assert');
const { getEventListeners } = require('node:events');
const { cp, test, event, finish, ourModule } = require('./fixtures/support.js');
const { rejection, server, withServers, withWorkers } = require('./fixtures/pool.js');

function isAbort(error, reason) {
  assert.deepStrictEqual([error.name, error.code, error.cause], ['AbortError', 'ABORT_ERR', reason]);
}

test('a task that waits', () => withWorkers(1, async (pool) => {
  const controller = new AbortController();
  const first = pool.execute(1);
  const second = pool.execute(2, { signal: controller.signal });
  const third = pool.execute(3);
  const reason = new Error('no longer');
  controller.abort(reason);
  isAbort(await rejection(second), reason);
  assert.deepStrictEqual(await Promise.all([first, third]), [2, 6]);
  assert.strictEqual(pool.stats.cancelled, 1);
}));

test('one that runs: its worker is killed and replaced', () => withWorkers(1, async (pool) => {
  const controller = new AbortController();
  const { pid } = await pool.execute({ facts: 0 });
  const running = pool.execute({ never: 0 }, { signal: controller.signal });
  controller.abort('enough');
  isAbort(await rejection(running), 'enough');
  assert.notStrictEqual((await pool.execute({ facts: 0 })).pid, pid);
}));

test('one that is cancelled while it hears nothing: the word about it is no task', () => withServers({ size: 1 }, async (pool) => {
  const controller = new AbortController();
  const begun = new Promise((resolve) => {
    const running = pool.execute({ busy: 100 }, { signal: controller.signal, onProgress: resolve });
    running.catch(() => {});
  });
  await begun;
  controller.abort();
  assert.strictEqual(await pool.execute({ calls: 0 }), 2);
  assert.strictEqual(await pool.execute({ calls: 0 }), 3);
}));

const quiet = { size: 1, inFlight: 2, silent: true };
test('with an envelope the worker is told, and lives on', () => withServers(quiet, async (pool) => {
  const controller = new AbortController();
  const pid = await pool.execute({ pid: 0 });
  const said = event(pool, 'stdout');
  // It says that it has begun.
  const onProgress = () => controller.abort();
  const { signal } = controller;
  isAbort(await rejection(pool.execute({ wait: 5 }, { signal, onProgress })), signal.reason);
  assert.match(String((await said)[0]), /^cancelled 5: the task was cancelled/);
  assert.strictEqual(await pool.execute({ pid: 0 }), pid);
}));

test('one that does not listen is killed after the grace', () => withServers({ size: 1, grace: 20 }, async (pool) => {
  const controller = new AbortController();
  const pid = await pool.execute({ pid: 0 });
  // It says that it has begun.
  const onProgress = () => controller.abort();
  const { signal } = controller;
  isAbort(await rejection(pool.execute({ never: 0 }, { signal, onProgress })), signal.reason);
  assert.notStrictEqual(await pool.execute({ pid: 0 }), pid);
}));

test('a signal that is triggered already: nothing is begun', () => withWorkers(1, async (pool) => {
  isAbort(await rejection(pool.execute(1, { signal: AbortSignal.abort('early') })), 'early');
  assert.strictEqual(pool.stats.submitted, 0);
}));

test('one signal for many tasks; nothing stays at it', () => withWorkers(2, async (pool) => {
  const { signal } = new AbortController();
  await Promise.all(Array.from({ length: 30 }, (_, i) => pool.execute(i, { signal })));
  await rejection(pool.execute({ exit: 1 }, { signal, maxRetries: 0 }));
  assert.strictEqual(getEventListeners(signal, 'abort').length, 0);
}));

test('a signal that is triggered after the end has no effect', () => withWorkers(1, async (pool) => {
  const controller = new AbortController();
  assert.strictEqual(await pool.execute(1, { signal: controller.signal }), 2);
  controller.abort();
  assert.strictEqual(await pool.execute(2), 4);
  assert.strictEqual(pool.stats.cancelled, 0);
}));

test('cancelAll()', () => withWorkers(1, async (pool) => {
  await pool.execute(1);
  const all = [pool.execute({ never: 0 }), pool.execute(2), pool.execute(3)].map(rejection);
  pool.cancelAll('why');
  for (const error of await Promise.all(all)) isAbort(error, 'why');
  assert.strictEqual(await pool.execute(4), 8);
}));

test("the worker's signals are triggered, too, when the pool is gone", async () => {
  const program = `
    const { ProcessPool } = require(${JSON.stringify(ourModule)});
    const pool = new ProcessPool(${JSON.stringify(server)}, { size: 1, protocol: 'envelope' });
    pool.execute({ wait: 1 }, { onProgress: () => pool.destroy({ graceful: true, timeout: 1 }) })
      .catch((error) => console.log(error.code));`;
  const { code, stdout } = await finish(cp.spawn(process.execPath, ['-e', program]));
  assert.strictEqual(code, 0);
  assert.match(stdout, /ERR_POOL_CLOSED/);
});
