'use strict';
// Where the channel does what the built-in does not: nothing that was sent is lost, and every end is told.

const assert = require('node:assert');
const net = require('node:net');
const { cp, test, event, fixture, record, script, temporaryDirectory, readAll } = require('./fixtures/support.js');

const program = fixture('child.js');

test('messages without a listener are kept beyond the disconnect', async () => {
  const child = cp.fork(program, ['count', '10']);
  await event(child, 'close');
  assert.strictEqual(child.connected, false);
  const messages = [];
  await new Promise((resolve) => child.on('message', (message) => messages.push(message) === 10 && resolve()));
  assert.deepStrictEqual(messages, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test("close comes after the parent's own disconnect()", async () => {
  const child = cp.fork(program, ['echo']);
  const log = record(child);
  child.disconnect();
  assert.deepStrictEqual(await event(child, 'close'), [0, null]);
  assert.deepStrictEqual(
    log.map(([name]) => name),
    ['spawn', 'disconnect', 'exit', 'close'],
  );
});

test('a large message before disconnect() arrives whole', async (t) => {
  const text = 'process.on("message", (message) => console.log(message.length));';
  const child = cp.fork(script(temporaryDirectory(t), 'length.js', text), { silent: true });
  child.send('x'.repeat(4000000));
  child.disconnect();
  assert.strictEqual(String(await readAll(child.stdout)), '4000000\n');
  await event(child, 'exit');
});

test('disconnect() while half a message has come', async (t) => {
  // Not a whole line: the other half never comes.
  const file = script(
    temporaryDirectory(t),
    'half',
    '#!/bin/sh\nprintf "\\"half" >&$NODE_CHANNEL_FD\necho written\nexec cat <&$NODE_CHANNEL_FD\n',
  );
  const child = cp.fork('x', { execPath: file, silent: true });
  child.stdout.once('data', () => setImmediate(() => child.disconnect()));
  const log = record(child);
  assert.deepStrictEqual(await event(child, 'close'), [0, null]);
  assert.deepStrictEqual(
    log.map(([name]) => name),
    ['spawn', 'disconnect', 'exit', 'close'],
  );
});

test('the environment cannot lead the channel astray', async (t) => {
  const file = script(
    temporaryDirectory(t),
    'tell.js',
    'process.send([process.channel.fd, process.env.NODE_CHANNEL_FD ?? null])',
  );
  const child = cp.fork(file, {
    env: { ...process.env, NODE_CHANNEL_FD: '9', NODE_CHANNEL_SERIALIZATION_MODE: 'advanced' },
  });
  const closed = event(child, 'close');
  assert.deepStrictEqual((await event(child, 'message'))[0], [3, null]);
  await closed;
});

test('a handle under way to a child that dies is let go, and the disconnect is told', async () => {
  const child = cp.fork(fixture('handles-child.js'), ['serve'], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
  const server = net.createServer({ pauseOnConnect: true });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const accepted = event(server, 'connection');
  const client = net.connect(server.address().port, '127.0.0.1');
  const [socket] = await accepted;
  const ends = Promise.all([event(child, 'disconnect'), event(child, 'exit'), event(child, 'close')]);
  // Its end is seen by the client only when nobody holds the socket any more.
  const gone = event(client, 'close');
  client.on('error', () => {});
  client.resume();
  child.on('error', () => {});
  child.kill('SIGKILL');
  child.send('x', socket);
  await ends;
  await gone;
  server.close();
});

test('the callbacks of messages that a dead child never read', async () => {
  const child = cp.fork(program, ['sink']);
  child.kill('SIGSTOP');
  const text = 'y'.repeat(100000);
  const results = Array.from({ length: 20 }, () => new Promise((resolve) => child.send(text, resolve)));
  const closed = event(child, 'close');
  child.kill('SIGKILL');
  for (const error of await Promise.all(results)) assert(error === null || error instanceof Error);
  await closed;
});
