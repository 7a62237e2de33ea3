'use strict';
// ProcessPool in worker threads.

const assert = require('node:assert');
const fs = require('node:fs');
const { Worker } = require('node:worker_threads');
const { test, event, moduleName } = require('./fixtures/support.js');
const { plainWorker } = require('./fixtures/pool.js');

function thread(text) {
  return new Worker(
    `
    const { parentPort } = require('node:worker_threads');
    const { ProcessPool } = require(${JSON.stringify(moduleName)});
    const pool = new ProcessPool(${JSON.stringify(plainWorker)}, { size: 2, serialization: 'advanced' });
    ${text}`,
    { eval: true },
  );
}

// Until this process has no children, not even zombies.
async function childless() {
  const tasks = () => fs.readdirSync('/proc/self/task').map((task) => `/proc/self/task/${task}/children`);
  const read = (file) => {
    try {
      return fs.readFileSync(file, 'utf8').trim();
    } catch {
      return ''; // the thread is gone
    }
  };
  while (tasks().some((file) => read(file) !== '')) await new Promise(setImmediate);
}

test('a pool in a thread', async () => {
  const worker = thread(`
    Promise.all([1, 2, 3].map((n) => pool.execute(n))).then(async (results) => {
      await pool.destroy();
      parentPort.postMessage(results);
    });`);
  // The thread may end before its message is looked at.
  assert.deepStrictEqual(await Promise.all([event(worker, 'message'), event(worker, 'exit')]), [[[2, 4, 6]], [0]]);
});

test('a thread that is terminated, with tasks under way', async () => {
  for (let i = 0; i < 5; i++) {
    const worker = thread(`
      pool.execute(1).then((result) => parentPort.postMessage(result));
      (async () => { for (;;) await pool.execute(1); })();
      pool.execute({ never: 0 });`);
    await event(worker, 'message');
    await worker.terminate();
    await childless();
  }
});

test('a thread that exits while it has workers that start', async () => {
  for (let i = 0; i < 5; i++) {
    const worker = thread('process.exit();');
    await event(worker, 'exit');
    await childless();
  }
});
