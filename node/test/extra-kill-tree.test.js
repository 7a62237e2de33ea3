'use strict';
// killTree() and options.killTree: the descendants end, too.

const assert = require('node:assert');
const { cp, test, event, outcome, seen } = require('./fixtures/support.js');

// A child with two generations below it. All of them hold fd 3, so its end tells that all of them have gone.
const family = 'sh -c "cat <&3 & echo second; wait" & echo first; wait';
const stdio = ['ignore', 'pipe', 'inherit', 'pipe'];

async function start(options) {
  const child = cp.spawn('sh', ['-c', family], { stdio, ...options });
  await seen(child.stdout, 'second');
  const all = event(child.stdio[3], 'end');
  child.stdio[3].resume();
  return { child, all, closed: event(child, 'close') };
}

test('killTree() ends all of them', async () => {
  const { child, all, closed } = await start();
  assert.strictEqual(child.killTree('SIGKILL'), true);
  assert.strictEqual(child.killed, true);
  await all;
  assert.deepStrictEqual(await closed, [null, 'SIGKILL']);
});

test('killTree() sends SIGTERM by default', async () => {
  const { child, all, closed } = await start();
  child.killTree();
  await all;
  assert.deepStrictEqual(await closed, [null, 'SIGTERM']);
});

test('options.killTree: kill() reaches all', async () => {
  const { child, all, closed } = await start({ killTree: true });
  assert.strictEqual(child.kill('SIGKILL'), true);
  await all;
  assert.deepStrictEqual(await closed, [null, 'SIGKILL']);
});

test('without it kill() reaches the child alone', async () => {
  const { child, all, closed } = await start();
  child.kill('SIGKILL');
  const ended = new Promise((resolve) => child.on('exit', resolve));
  await ended;
  assert.strictEqual(child.stdio[3].readableEnded, false);
  child.stdio[3].end(); // The end of its input lets the grandchild go.
  await all;
  await closed;
});

test('options.killTree and a descendant with a session of its own', async () => {
  const child = cp.spawn('sh', ['-c', 'setsid sh -c "echo apart; exec cat <&3" & wait'], { stdio, killTree: true });
  await seen(child.stdout, 'apart');
  const all = event(child.stdio[3], 'end');
  child.stdio[3].resume();
  const closed = event(child, 'close');
  child.kill('SIGKILL');
  await all;
  await closed;
});

test('timeout and abort reach all', async () => {
  const late = await start({ killTree: true, timeout: 300 });
  await late.all;
  assert.deepStrictEqual(await late.closed, [null, 'SIGTERM']);
  const controller = new AbortController();
  const aborted = await start({ killTree: true, signal: controller.signal });
  aborted.child.on('error', () => {});
  controller.abort();
  await aborted.all;
  await aborted.closed;
});

test('exec: a timeout ends what the shell has started', async () => {
  const { error } = await outcome((done) => cp.exec('sleep 1000; true', { timeout: 100, killTree: true }, done));
  assert.strictEqual(error.killed, true);
  assert.strictEqual(error.signal, 'SIGTERM');
});

test('killTree() after the end is false', async () => {
  const child = cp.spawn('true');
  await event(child, 'close');
  assert.strictEqual(child.killTree(), false);
  assert.strictEqual(child.killed, false);
});

test('signals are checked', async () => {
  const child = cp.spawn('cat');
  assert.throws(() => child.killTree('SIGNOTHING'), { code: 'ERR_UNKNOWN_SIGNAL' });
  assert.throws(() => cp.spawn('true', { killTree: 1 }), { code: 'ERR_INVALID_ARG_TYPE' });
  child.stdin.end();
  await event(child, 'close');
});
