// parent_handles.js - handles between a Node parent and C children.
'use strict';
const assert = require('assert');
const dgram = require('dgram');
const {once} = require('events');
const fs = require('fs');
const net = require('net');
const os = require('os');
const path = require('path');
const {closed, finish, message, readAll, run, startAt, turn} = require('./harness.js');

const quiet = ['ignore', 'inherit', 'inherit', 'ipc'];

async function listen(options, listener) {
  const server = net.createServer({pauseOnConnect: true}, listener);
  server.listen(options);
  await once(server, 'listening');
  return server;
}

const local = {port: 0, host: '127.0.0.1'};
const connect = (server) => net.connect(server.address());

async function within(body) {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'cp-interop-'));
  try {
    await body(path.join(directory, 'socket'));
  } finally {
    fs.rmSync(directory, {recursive: true});
  }
}

// The reference's example.
async function shareServer(listenOptions, serialization) {
  const child = startAt('child', ['server'], quiet, {serialization});
  const server = await listen(listenOptions);
  server.on('connection', (socket) => socket.resume().end('handled by parent'));
  const address = server.address();
  child.send('server', server);
  assert.strictEqual(await message(child), 'listening');
  for (let i = 0; i < 30; i++) assert.match(await readAll(connect(server)), /^handled by (parent|child)$/);
  server.close();
  if (typeof address === 'object') // a path is removed with its server
    for (let i = 0; i < 3; i++) assert.strictEqual(await readAll(net.connect(address)), 'handled by child');
  await finish(child);
}

// The reference's example, with the priority taken in turns.
async function priorities(serialization) {
  const children = ['normal', 'special'].map((priority) => startAt('child', ['socket', priority], quiet, {serialization}));
  let turns = 0;
  const server = await listen(local, (socket) => children[turns++ % 2].send('socket', socket));
  for (let i = 0; i < 10; i++) {
    const expected = `Request handled with ${i % 2 === 0 ? 'normal' : 'special'} priority`;
    assert.strictEqual(await readAll(connect(server)), expected);
  }
  server.close();
  await Promise.all(children.map(finish));
}

async function udp(type, address) {
  const child = startAt('child', ['udp'], quiet);
  const socket = dgram.createSocket(type), client = dgram.createSocket(type);
  socket.bind(0, address);
  await once(socket, 'listening');
  const {port} = socket.address();
  await new Promise((resolve) => { child.send('udp', socket, resolve); });
  socket.close();
  client.send('hello', port, address);
  const [text] = await once(client, 'message');
  assert.strictEqual(`${text}`, 'echo:hello');
  client.close();
  await finish(child);
}

async function offered(kind, ...args) {
  const child = startAt('child', ['offer', kind, ...args], quiet);
  const [[, port], handle] = await once(child, 'message');
  assert(handle !== undefined);
  return {child, port, handle};
}

async function socketFromChild(kind) {
  const {child, handle} = await offered(kind);
  assert(handle instanceof net.Socket);
  handle.end('from the parent');
  assert.strictEqual(await message(child), kind === 'keep' ? 'from the child, from the parent' : 'from the parent');
  handle.destroy();
  await finish(child);
}

async function mixed(serialization, count) {
  const child = startAt('child', ['mixed', String(count)], quiet, {serialization});
  const server = await listen(local), socket = dgram.createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  let next = 0, report;
  const done = new Promise((resolve, reject) => {
    child.on('message', (got, handle) => {
      if (got.i === count) {
        report = got;
        return resolve();
      }
      if (got.i !== next || (handle !== undefined) !== (next % 3 === 0)) reject(new Error(`${got.i} instead of ${next}`));
      if (handle !== undefined) (handle.close ?? handle.destroy).call(handle);
      next++;
    });
    child.once('disconnect', () => reject(new Error('disconnected'))); // after `done` nobody minds
  });
  for (let i = 0; i < count; i++) child.send({i}, i % 6 === 0 ? server : i % 6 === 3 ? socket : undefined);
  await done;
  assert.strictEqual(next, count);
  assert.deepStrictEqual(report, {i: count, wrong: []});
  server.close();
  socket.close();
  await finish(child);
}

const connections = (server) => new Promise((resolve, reject) => {
  server.getConnections((error, count) => error ? reject(error) : resolve(count));
});

// The parent counts the sockets that C children hold, and its server is closed when they are.
async function countSockets(serialization) {
  const children = [0, 1].map(() => startAt('child', ['hold'], quiet, {serialization}));
  const clients = [];
  let turns = 0;
  const server = await listen(local, (socket) => children[turns++ % 2].send('hold', socket));
  for (let i = 0; i < 6; i++) {
    const answer = message(children[i % 2]);
    clients.push(connect(server));
    await answer;
  }
  assert.strictEqual(await connections(server), 6);
  children[0].send('close');
  assert.strictEqual(await message(children[0]), 'closed');
  assert.strictEqual(await connections(server), 3);
  let isClosed = false;
  const serverClosed = new Promise((resolve) => { server.close(() => { isClosed = true; resolve(); }); });
  children[1].send('still here');
  assert.strictEqual(await message(children[1]), 'still here');
  await turn();
  assert.strictEqual(isClosed, false);
  children[1].send('close');
  await serverClosed;
  for (const client of clients) client.destroy();
  await Promise.all(children.map(finish));
}

run({
  'a shared server: json': () => shareServer(local, 'json'),
  'a shared server: advanced': () => shareServer(local, 'advanced'),
  'a shared Unix server': () => within((name) => shareServer({path: name}, 'json')),
  'sockets to the child of their priority: json': () => priorities('json'),
  'sockets to the child of their priority: advanced': () => priorities('advanced'),
  'a UDP socket': () => udp('udp4', '127.0.0.1'),
  async 'a Unix connection'() {
    await within(async (name) => {
      const child = startAt('child', ['socket', 'local'], quiet);
      const server = await listen({path: name}, (socket) => child.send('socket', socket));
      assert.strictEqual(await readAll(net.connect(name)), 'Request handled with local priority');
      server.close();
      await finish(child);
    });
  },
  async 'keepOpen: both ends write'() {
    const child = startAt('child', ['socket-echo'], quiet);
    let ours;
    const server = await listen(local, (socket) => {
      ours = socket;
      child.send('socket', socket, {keepOpen: true}, () => socket.write('from the parent, '));
    });
    const client = connect(server);
    let text = '';
    client.on('data', (data) => { text += data; });
    while (!text.includes('parent, ')) await once(client, 'data');
    client.write('hello');
    while (!text.includes('echo:hello')) await once(client, 'data');
    client.destroy();
    ours.destroy();
    server.close();
    await finish(child);
  },
  async 'a server from the child'() {
    const {child, port, handle} = await offered('server');
    handle.on('connection', (socket) => socket.end('handled by parent'));
    for (let i = 0; i < 20; i++) assert.match(await readAll(net.connect(port, '127.0.0.1')), /^handled by (parent|child)$/);
    await finish(child);
    assert.strictEqual(await readAll(net.connect(port, '127.0.0.1')), 'handled by parent');
    handle.close();
  },
  async 'a UDP socket from the child'() {
    const {child, port, handle} = await offered('udp');
    const client = dgram.createSocket('udp4');
    client.send('hello', port, '127.0.0.1');
    assert.strictEqual(`${(await once(handle, 'message'))[0]}`, 'hello');
    handle.close();
    client.close();
    await finish(child);
  },
  'a socket from the child': () => socketFromChild('socket'),
  'a Unix socket from the child': () => socketFromChild('unix-socket'),
  'a socket that the child keeps open': () => socketFromChild('keep'),
  async 'a pipe from the child'() {
    const {child, handle} = await offered('pipe');
    assert.strictEqual(await readAll(handle), 'through the pipe');
    await finish(child);
  },
  'many handles and messages cross: json': () => mixed('json', 300),
  'many handles and messages cross: advanced': () => mixed('advanced', 300),
  'getConnections() and close() of a server: json': () => countSockets('json'),
  'getConnections() and close() of a server: advanced': () => countSockets('advanced'),
  // The child refuses the first time; Node wraps the socket twice then, and dies of a second confirmation.
  async 'a handle that is sent again comes once'() {
    const child = startAt('child', ['nack'], quiet);
    const server = await listen(local, (socket) => {
      child.send('socket', socket);
      child.send('end');
    });
    const client = connect(server);
    assert.strictEqual(await message(child), 2);
    client.on('error', () => {});
    client.destroy();
    server.close();
    child.disconnect();
    await closed(child);
    assert.strictEqual(child.exitCode, 0);
  },
  async 'a child that dies before it confirms a handle'() {
    const child = startAt('child', ['deaf'], ['pipe', 'inherit', 'inherit', 'ipc']);
    const server = await listen(local);
    child.send('server', server);
    child.send('behind it');
    child.stdin.end();
    await once(child, 'exit'); // there is no disconnect: Node waits for the confirmation
    assert.strictEqual(child.exitCode, 5);
    server.close();
  },
});
