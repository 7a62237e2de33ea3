'use strict';

const assert = require('node:assert');
const { cp, test, event, fixture, record } = require('./fixtures/support.js');

const program = fixture('child.js');

test('disconnect() of the parent', async () => {
  const child = cp.fork(program, ['disconnected']);
  await event(child, 'message');
  const log = record(child);
  assert.strictEqual(child.connected, true);
  assert.strictEqual(child.disconnect(), undefined);
  assert.strictEqual(child.connected, false);
  assert.deepStrictEqual(log, []);
  const ended = event(child, 'exit');
  await event(child, 'disconnect');
  assert.deepStrictEqual(log, [['disconnect']]);
  assert.strictEqual(child.channel, null);
  assert.strictEqual(child.exitCode, null);
  // The child had a listener for disconnect, which ends it with 7.
  assert.deepStrictEqual(await ended, [7, null]);
});

test('disconnect() of the child', async () => {
  const child = cp.fork(program, ['leave']);
  const log = record(child);
  child.send('leave');
  await event(child, 'close');
  assert.deepStrictEqual(log.map(([name]) => name), ['spawn', 'disconnect', 'exit', 'close']);
  assert.strictEqual(child.connected, false);
  assert.strictEqual(child.exitCode, 0);
});

test('disconnect() when it is not connected: the error event', async () => {
  const child = cp.fork(program, ['leave']);
  const ended = event(child, 'exit');
  child.disconnect();
  const errors = [];
  child.on('error', (error) => errors.push(error));
  child.disconnect();
  assert.strictEqual(errors.length, 1);
  assert.strictEqual(errors[0].code, 'ERR_IPC_DISCONNECTED');
  assert.strictEqual(errors[0].message, 'IPC channel is already disconnected');
  await ended;
});

test('disconnect comes once', async () => {
  const child = cp.fork(program, ['echo']);
  const log = record(child);
  child.disconnect();
  await event(child, 'exit');
  await new Promise(setImmediate);
  assert.strictEqual(log.filter(([name]) => name === 'disconnect').length, 1);
});

test('messages that the child sent before its disconnect() arrive', async () => {
  const child = cp.fork(program, ['count', '20']);
  const log = record(child);
  await event(child, 'close');
  assert.strictEqual(log.filter(([name]) => name === 'message').length, 20);
});

test('small messages before the parent\'s disconnect() reach the child', async (t) => {
  const { script, temporaryDirectory, readAll } = require('./fixtures/support.js');
  const text = `
    let count = 0;
    process.on('message', () => count++);
    process.on('disconnect', () => console.log(count));`;
  const child = cp.fork(script(temporaryDirectory(t), 'count.js', text), { silent: true });
  for (let i = 0; i < 100; i++) child.send(i);
  child.disconnect();
  assert.strictEqual(String(await readAll(child.stdout)), '100\n');
  await event(child, 'exit');
});

test('a kill while connected', async () => {
  const child = cp.fork(program, ['echo']);
  child.kill('SIGKILL');
  await event(child, 'close');
  assert.strictEqual(child.connected, false);
});

test('exit while a grandchild holds the channel: still connected', async (t) => {
  const { script, temporaryDirectory } = require('./fixtures/support.js');
  const file = script(temporaryDirectory(t), 'holder', '#!/bin/sh\ncat <&4 >&$NODE_CHANNEL_FD &\nexit 0\n');
  const child = cp.fork('x', { execPath: file, stdio: ['ignore', 'ignore', 'inherit', 'ipc', 'pipe'] });
  const log = record(child);
  await event(child, 'exit');
  assert.strictEqual(child.connected, true);
  const closed = event(child, 'close');
  const disconnected = event(child, 'disconnect');
  child.stdio[4].end('"late"\n');
  await Promise.all([closed, disconnected]);
  assert.deepStrictEqual(log.map(([name]) => name).slice(0, 3), ['spawn', 'exit', 'message']);
  assert.strictEqual(log[2][1], 'late');
});

test('disconnect in the handler of the last message', async () => {
  const child = cp.fork(program, ['echo']);
  child.on('message', () => child.disconnect());
  child.send(1);
  assert.deepStrictEqual(await event(child, 'exit'), [0, null]);
});
