'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const { SHARE_ENV, Worker } = require('node:worker_threads');
const { cp, test, event } = require('./fixtures/support.js');

const change = `
  require('node:worker_threads').parentPort.postMessage('ready');
  for (let i = 0; ; i++) {
    process.env['SHARED_' + (i % 300)] = 'x'.repeat(i % 50);
    if (i % 7 === 0) delete process.env['SHARED_' + (i * 31 % 300)];
    if (i % 2000 === 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
  }`;

test('a worker changes the environment that it shares while processes are started', async () => {
  const before = { ...process.env };
  const worker = new Worker(change, { eval: true, env: SHARE_ENV });
  await once(worker, 'message');
  try {
    for (let i = 0; i < 30; i++) {
      assert.strictEqual(cp.spawnSync('/bin/true').error, undefined);
      assert.deepStrictEqual(await event(cp.spawn('/bin/true', { stdio: 'ignore' }), 'close'), [0, null]);
    }
  } finally {
    await worker.terminate();
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
  }
});
