'use strict';
// options.drainTimeout and options.grace: how long the end may take.

const assert = require('node:assert');
const { cp, test, event, outcome, record, seen } = require('./fixtures/support.js');

test('drainTimeout: close comes although a grandchild holds stdout', async () => {
  const child = cp.spawn('sh', ['-c', 'cat <&3 & echo text'], {
    stdio: ['ignore', 'pipe', 'inherit', 'pipe'],
    drainTimeout: 50,
  });
  let text = '';
  child.stdout.on('data', (chunk) => {
    text += chunk;
  });
  assert.deepStrictEqual(await event(child, 'close'), [0, null]);
  assert.strictEqual(text, 'text\n');
});

test('without it close waits', async () => {
  const child = cp.spawn('sh', ['-c', 'cat <&3 & echo text'], { stdio: ['ignore', 'pipe', 'inherit', 'pipe'] });
  const log = record(child);
  await event(child, 'exit');
  await new Promise(setImmediate);
  assert(!log.some(([name]) => name === 'close'));
  child.stdio[3].end();
  await event(child, 'close');
});

test('drainTimeout: exec calls back', async () => {
  const command = 'sleep 1000 & echo $!';
  const { error, stdout } = await outcome((done) => cp.exec(command, { drainTimeout: 50 }, done));
  process.kill(Number(stdout), 'SIGKILL');
  assert.strictEqual(error, null);
});

test('drainTimeout does not cut what comes in time', async () => {
  const { stdout } = await outcome((done) => cp.exec('head -c 500000 /dev/zero', { drainTimeout: 10000 }, done));
  assert.strictEqual(stdout.length, 500000);
});

test('grace: SIGKILL follows when the signal of a timeout is ignored', async () => {
  const child = cp.spawn('sh', ['-c', 'trap "" TERM; echo ready; while :; do sleep 0.01; done'], {
    timeout: 200,
    grace: 50,
  });
  await seen(child.stdout, 'ready');
  assert.deepStrictEqual(await event(child, 'close'), [null, 'SIGKILL']);
  assert.strictEqual(child.endReason, 'timeout');
});

test('grace: and of an abort', async () => {
  const controller = new AbortController();
  const child = cp.spawn('sh', ['-c', 'trap "" TERM; echo ready; while :; do sleep 0.01; done'], {
    signal: controller.signal,
    grace: 50,
  });
  child.on('error', () => {});
  await seen(child.stdout, 'ready');
  controller.abort();
  assert.deepStrictEqual(await event(child, 'close'), [null, 'SIGKILL']);
  assert.strictEqual(child.endReason, 'aborted');
});

test('grace: a child that ends in time is not killed', async () => {
  const child = cp.spawn('sh', ['-c', 'trap "exit 5" TERM; echo ready; while :; do sleep 0.01; done'], {
    timeout: 200,
    grace: 10000,
  });
  assert.deepStrictEqual(await event(child, 'close'), [5, null]);
});

test('grace is nothing for kill()', async () => {
  const child = cp.spawn('sh', ['-c', 'trap "echo got" TERM; echo ready; while ! read line; do :; done; exit 7'], {
    grace: 1,
  });
  await seen(child.stdout, 'ready');
  child.kill();
  await seen(child.stdout, 'got');
  child.stdin.end('line\n');
  assert.deepStrictEqual(await event(child, 'close'), [7, null]);
});

test('they are checked', () => {
  for (const name of ['drainTimeout', 'grace']) {
    assert.throws(() => cp.spawn('true', { [name]: -1 }), { code: 'ERR_OUT_OF_RANGE' });
    assert.throws(() => cp.spawn('true', { [name]: 'x' }), { name: /^(TypeError|RangeError)$/ });
  }
});
