'use strict';
// Children of a worker thread that is terminated.

const assert = require('node:assert');
const { Worker } = require('node:worker_threads');
const { cp, test, event, fixture, moduleName } = require('./fixtures/support.js');

function worker(text) {
  return new Worker(
    `
    const { parentPort } = require('node:worker_threads');
    const cp = require(${JSON.stringify(moduleName)});
    ${text}`,
    { eval: true },
  );
}

// Until nobody with this pid is there, not even a zombie.
function gone(pid) {
  return cp.spawnSync('sh', ['-c', `while [ -e /proc/${pid} ]; do :; done`], { timeout: 10000 }).error === undefined;
}

test('they are reaped when they end', async () => {
  const thread = worker('const child = cp.spawn("cat"); child.on("spawn", () => parentPort.postMessage(child.pid));');
  const [pid] = await event(thread, 'message');
  await thread.terminate();
  // Our end of its input was closed with the thread.
  assert(gone(pid));
});

test('forked children, with messages under way', async () => {
  const thread = worker(`
    const program = ${JSON.stringify(fixture('child.js'))};
    const child = cp.fork(program, ['echo'], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
    child.on('message', (n) => { if (n === 1) parentPort.postMessage(child.pid); child.send(n + 1); });
    child.send(0);`);
  const [pid] = await event(thread, 'message');
  await thread.terminate();
  assert(gone(pid));
});

test('many threads one after the other', async () => {
  for (let i = 0; i < 10; i++) {
    const thread = worker('cp.spawn("true").on("close", (code) => parentPort.postMessage(code));');
    assert.deepStrictEqual(await event(thread, 'message'), [0]);
    await thread.terminate();
  }
});
