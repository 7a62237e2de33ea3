'use strict';

const assert = require('node:assert');
const dgram = require('node:dgram');
const http = require('node:http');
const net = require('node:net');
const path = require('node:path');
const { cp, test, event, fixture, readAll, temporaryDirectory } = require('./fixtures/support.js');

const program = fixture('handles-child.js');
const builtIn = require('node:child_process');

function listen(server, where = { port: 0, host: '127.0.0.1' }) {
  return new Promise((resolve) => server.listen(where, () => resolve(server)));
}

function close(server) {
  return new Promise((resolve) => server.close(resolve));
}

async function connectAndRead(where) {
  const client = net.connect(where);
  return String(await readAll(client));
}

// The messages of a child as a queue: next() waits for one.
function messages(child) {
  const queue = [];
  const waiting = [];
  child.on('message', (message, handle) => {
    const one = { message, handle };
    if (waiting.length > 0) waiting.shift()(one);
    else queue.push(one);
  });
  return () => (queue.length > 0 ? Promise.resolve(queue.shift()) : new Promise((resolve) => waiting.push(resolve)));
}

async function end(child) {
  const ended = event(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

// One connection to a server of this process: its two ends.
async function connection(options = { pauseOnConnect: true }) {
  const server = await listen(net.createServer(options));
  const accepted = event(server, 'connection');
  const client = net.connect(server.address().port, '127.0.0.1');
  const [socket] = await accepted;
  return { server, client, socket };
}

for (const serialization of ['json', 'advanced']) {
  const options = { serialization };

  test(`${serialization}: a listening server; both accept`, async () => {
    const child = cp.fork(program, ['serve'], options);
    const next = messages(child);
    const server = await listen(net.createServer((socket) => socket.end('parent')));
    const { port } = server.address();
    child.send('hello', server);
    const { message } = await next();
    assert.deepStrictEqual(message.slice(0, 2), ['server', true]);
    assert.strictEqual(message[2].port, port);
    // Both may accept now. When the parent has closed its own, the child does all.
    const either = await connectAndRead(port);
    assert(either === 'parent' || either === 'child hello', either);
    await close(server);
    assert.strictEqual(await connectAndRead(port), 'child hello');
    await end(child);
  });

  test(`${serialization}: a socket`, async () => {
    const child = cp.fork(program, ['serve'], options);
    const next = messages(child);
    const { server, client, socket } = await connection();
    child.send('message', socket);
    assert.strictEqual((await next()).message[0], 'socket');
    assert.strictEqual(String(await readAll(client)), 'child message');
    await close(server);
    await end(child);
  });

  test(`${serialization}: a dgram socket`, async () => {
    const child = cp.fork(program, ['serve'], options);
    const next = messages(child);
    const socket = dgram.createSocket('udp4');
    await new Promise((resolve) => socket.bind(0, '127.0.0.1', resolve));
    const { port } = socket.address();
    child.send('hi', socket);
    assert.deepStrictEqual((await next()).message, ['dgram', port]);
    socket.close();
    const other = dgram.createSocket('udp4');
    other.send('packet', port, '127.0.0.1');
    assert.strictEqual(String((await event(other, 'message'))[0]), 'child hi packet');
    other.close();
    await end(child);
  });

  for (const kind of ['server', 'socket', 'dgram']) {
    test(`${serialization}: a ${kind} from the child`, async () => {
      const child = cp.fork(program, ['give', kind], options);
      const next = messages(child);
      if (kind === 'server') {
        const { message, handle } = await next();
        assert.strictEqual(message, 'a server');
        assert(handle instanceof net.Server);
        assert.strictEqual(handle.listening, true);
        const { port } = handle.address();
        await end(child);
        handle.on('connection', (socket) => socket.end('accepted by the parent'));
        assert.strictEqual(await connectAndRead(port), 'accepted by the parent');
        await close(handle);
      } else if (kind === 'socket') {
        const {
          message: { port },
        } = await next();
        const text = connectAndRead(port);
        const { message, handle } = await next();
        assert.strictEqual(message, 'a socket');
        assert(handle instanceof net.Socket);
        handle.end('from the parent');
        assert.strictEqual(await text, 'from the parent');
        await end(child);
      } else {
        const { message, handle } = await next();
        assert.strictEqual(message, 'a dgram socket');
        assert(handle instanceof dgram.Socket);
        const other = dgram.createSocket('udp4');
        other.send('x', handle.address().port, '127.0.0.1');
        assert.strictEqual(String((await event(handle, 'message'))[0]), 'x');
        other.close();
        handle.close();
        await end(child);
      }
    });
  }
}

test('a server on a Unix socket', async (t) => {
  const file = path.join(temporaryDirectory(t), 'socket');
  const child = cp.fork(program, ['serve']);
  const next = messages(child);
  const server = await listen(net.createServer(), { path: file });
  child.send('unix', server);
  assert.deepStrictEqual((await next()).message.slice(0, 2), ['server', true]);
  const client = connectAndRead(file);
  await close(server).catch(() => {});
  assert.match(await client, /^(child unix)?$/);
  await end(child);
});

test('a connection on a Unix socket', async (t) => {
  const file = path.join(temporaryDirectory(t), 'socket');
  const child = cp.fork(program, ['serve']);
  const next = messages(child);
  const server = await listen(net.createServer({ pauseOnConnect: true }), { path: file });
  const accepted = event(server, 'connection');
  const text = connectAndRead(file);
  child.send('x', (await accepted)[0]);
  assert.strictEqual((await next()).message[0], 'socket');
  assert.strictEqual(await text, 'child x');
  await close(server);
  await end(child);
});

test("the parent's socket is gone after the send, unless keepOpen", async () => {
  const child = cp.fork(program, ['hold']);
  const next = messages(child);
  const { server, client, socket } = await connection();
  await new Promise((resolve) => child.send('x', socket, resolve));
  assert.deepStrictEqual((await next()).message, ['holds', 1]);
  assert.strictEqual(socket._handle, null);
  child.send('end');
  assert.strictEqual(String(await readAll(client)), 'bye');
  await close(server);
  await end(child);
});

test('keepOpen: the parent can go on writing', async () => {
  const child = cp.fork(program, ['hold']);
  const next = messages(child);
  const { server, client, socket } = await connection();
  let text = '';
  client.on('data', (chunk) => {
    text += chunk;
  });
  child.send('x', socket, { keepOpen: true });
  assert.deepStrictEqual((await next()).message, ['holds', 1]);
  await new Promise((resolve) => socket.write('parent, ', resolve));
  child.send('end');
  await event(client, 'end');
  assert.strictEqual(text, 'parent, bye');
  socket.destroy();
  client.destroy();
  await close(server);
  await end(child);
});

test('the order of messages and handles is kept', async () => {
  const child = cp.fork(program, ['order']);
  const next = messages(child);
  const first = await connection();
  const second = await connection();
  const server = await listen(net.createServer());
  child.send('1');
  child.send('2', first.socket);
  child.send('3');
  child.send('4', server);
  child.send('5', second.socket);
  child.send('6');
  const got = [];
  while (got.length < 6) got.push((await next()).message);
  assert.deepStrictEqual(got, [
    ['1', 'none'],
    ['2', 'Socket'],
    ['3', 'none'],
    ['4', 'Server'],
    ['5', 'Socket'],
    ['6', 'none'],
  ]);
  for (const { client, server: each } of [first, second]) {
    client.destroy();
    await close(each);
  }
  await close(server);
  await end(child);
});

test('many sockets in a row', async () => {
  const child = cp.fork(program, ['serve']);
  const server = await listen(net.createServer({ pauseOnConnect: true }));
  server.on('connection', (socket) => child.send('x', socket));
  const { port } = server.address();
  const texts = await Promise.all(Array.from({ length: 40 }, () => connectAndRead(port)));
  assert.deepStrictEqual(texts, Array(40).fill('child x'));
  await close(server);
  await end(child);
});

test('one of two children, by the choice of the parent', async () => {
  const children = ['one', 'two'].map(() => cp.fork(program, ['serve']));
  const server = await listen(net.createServer({ pauseOnConnect: true }));
  let turn = 0;
  server.on('connection', (socket) => {
    const name = ['normal', 'special'][turn++ % 2];
    children[name === 'normal' ? 0 : 1].send(name, socket);
  });
  const { port } = server.address();
  const texts = [];
  for (let i = 0; i < 4; i++) texts.push(await connectAndRead(port));
  assert.deepStrictEqual(texts, ['child normal', 'child special', 'child normal', 'child special']);
  await close(server);
  await Promise.all(children.map(end));
});

test('a socket that is gone arrives as none', async () => {
  const child = cp.fork(program, ['serve']);
  const next = messages(child);
  const { server, client, socket } = await connection();
  socket.destroy();
  child.send('x', socket);
  assert.deepStrictEqual((await next()).message, ['none', 'x', 'undefined']);
  client.destroy();
  await close(server);
  await end(child);
});

test('the callback of a send with a handle', async () => {
  const child = cp.fork(program, ['serve']);
  const server = await listen(net.createServer());
  assert.strictEqual(await new Promise((resolve) => child.send('x', server, resolve)), null);
  await close(server);
  await end(child);
});

test('disconnect() right after a handle: the handle arrives', async () => {
  const child = cp.fork(program, ['serve']);
  const { server, client, socket } = await connection();
  const ended = event(child, 'exit');
  child.on('message', () => {});
  child.send('before the end', socket);
  child.disconnect();
  assert.strictEqual(child.connected, false);
  assert.strictEqual(String(await readAll(client)), 'child before the end');
  server.close();
  await ended;
});

test('getConnections counts the sockets of the children', async () => {
  const child = cp.fork(program, ['hold']);
  const next = messages(child);
  const server = await listen(net.createServer({ pauseOnConnect: true }));
  const clients = [];
  for (let i = 1; i <= 3; i++) {
    const accepted = event(server, 'connection');
    clients.push(net.connect(server.address().port, '127.0.0.1'));
    child.send('x', (await accepted)[0]);
    assert.deepStrictEqual((await next()).message, ['holds', i]);
  }
  const count = () =>
    new Promise((resolve, reject) => server.getConnections((error, n) => (error ? reject(error) : resolve(n))));
  assert.strictEqual(await count(), 3);
  child.send('end');
  await readAll(clients[0]);
  clients[1].destroy();
  clients[2].destroy();
  await close(server);
  await end(child);
});

test('server.close() waits for the sockets of the children', async () => {
  const child = cp.fork(program, ['hold']);
  const next = messages(child);
  const { server, client, socket } = await connection();
  child.send('x', socket);
  await next();
  let closed = false;
  const done = close(server).then(() => {
    closed = true;
  });
  child.send('is it closed?');
  assert.deepStrictEqual((await next()).message, ['message', 'is it closed?']);
  assert.strictEqual(closed, false);
  child.send('end');
  await readAll(client);
  await done;
  await end(child);
});

test('getConnections when the child has gone: its error', async () => {
  const child = cp.fork(program, ['hold']);
  const next = messages(child);
  const { server, client, socket } = await connection();
  child.send('x', socket);
  await next();
  const counted = new Promise((resolve) =>
    server.getConnections((error, count) => resolve(error ? error.code : count)),
  );
  child.kill('SIGKILL');
  const result = await counted;
  assert(result === 'ERR_CHILD_CLOSED_BEFORE_REPLY' || result === 1, String(result));
  await event(child, 'exit');
  client.destroy();
  server.close();
});

test('an HTTP server in two children', async () => {
  const text = `
    const http = require('http');
    process.on('message', (message, server) => {
      const app = http.createServer((request, response) => response.end('http ' + process.argv[2]));
      app.listen(server, () => process.send('ready'));
    });`;
  const { script } = require('./fixtures/support.js');
  const directory = temporaryDirectory({ after: (done) => process.on('exit', done) });
  const file = script(directory, 'http.js', text);
  const server = await listen(net.createServer());
  const { port } = server.address();
  const children = ['a', 'b'].map((name) => cp.fork(file, [name]));
  await Promise.all(
    children.map((child) => {
      child.send('server', server);
      return event(child, 'message');
    }),
  );
  await close(server);
  const get = () =>
    new Promise((resolve, reject) => {
      http
        .get({ port, host: '127.0.0.1', agent: false }, async (response) => resolve(String(await readAll(response))))
        .on('error', reject);
    });
  const answers = await Promise.all(Array.from({ length: 20 }, get));
  for (const answer of answers) assert.match(answer, /^http [ab]$/);
  await Promise.all(children.map(end));
});

test('a child of the built-in gives its handles on to a child of this module', async (t) => {
  const { script, moduleName } = require('./fixtures/support.js');
  const file = script(
    temporaryDirectory(t),
    'between.js',
    `
    const child = require(${JSON.stringify(moduleName)}).fork(${JSON.stringify(program)}, ['serve']);
    child.on('message', (message) => process.send(message));
    process.on('message', (message, handle) => child.send(message, handle));
    process.on('disconnect', () => child.kill());`,
  );
  for (const outer of [builtIn, cp]) {
    const child = outer.fork(file);
    const next = messages(child);
    const { server, client, socket } = await connection();
    child.send('far', socket);
    assert.strictEqual((await next()).message[0], 'socket');
    assert.strictEqual(String(await readAll(client)), 'child far');
    const ended = event(child, 'exit');
    child.disconnect();
    await ended;
    server.close();
  }
});
