// A Node parent and examples/worker.py: node tests/python_worker.js [PYTHON]
'use strict';
const assert = require('node:assert');
const { fork, spawn } = require('node:child_process');
const net = require('node:net');
const path = require('node:path');
const { once } = require('node:events');
const test = require('node:test');

const python = process.env.PYTHON ?? 'python3';
const worker = path.join(__dirname, '..', 'examples', 'worker.py');

const forkWorker = () => fork(worker, { execPath: python, execArgv: [] });
// A worker of the test's own, which imports the client.
const spawnScript = (lines, options) => spawn(python, ['-c', [
  'import sys, os, socket, asyncio', `sys.path.insert(0, ${JSON.stringify(path.dirname(worker))})`, 'import worker', ...lines,
].join('\n')], { stdio: ['ignore', 'pipe', 'inherit', 'ipc'], env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' }, ...options });

async function ask(child, message, handle) {
  child.send(message, handle);
  return (await once(child, 'message'))[0];
}

async function finish(child) {
  const exited = once(child, 'exit');
  if (child.connected) child.disconnect();
  assert.deepStrictEqual(await exited, [0, null]);
}

// A connection: the end that a client has, and the one that the server has accepted.
async function connect() {
  const server = net.createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = net.connect(server.address().port, '127.0.0.1');
  const [accepted] = await once(server, 'connection');
  return { server, client, accepted };
}

async function text(stream) {
  let all = '';
  for await (const chunk of stream) all += chunk;
  return all;
}

test('fork() with execPath: sums, errors, ends with the disconnect', async () => {
  const child = forkWorker();
  assert.deepStrictEqual(await ask(child, { id: 1, cmd: 'sum', data: [1, 2, 3, 4, 5] }), { id: 1, result: 15 });
  assert.deepStrictEqual(await ask(child, { id: 2, cmd: 'sum', data: [0.1, 0.2] }), { id: 2, result: 0.1 + 0.2 });
  const refused = await ask(child, { id: 3, cmd: 'sum', data: [1, {}] });
  assert.strictEqual(refused.id, 3);
  assert.match(refused.error, /TypeError/);
  await finish(child);
});

test('spawn() with an ipc entry at another fd: all of JSON comes back, in order', async () => {
  const child = spawn(python, [worker], { stdio: ['ignore', 'inherit', 'inherit', 'ignore', 'ignore', 'ipc'] });
  const messages = ['', 'é€😀\u2028\n\0', '\ud800', 0, -1.5, 1e300, true, false, null, [], {}, [[1], { a: [null] }],
    { cmd: 'NODE_' }, { cmd: 'node_x' }, { cmd: 5 }, ['NODE_HANDLE'], { '': { __proto__x: 1 } }, 'x'.repeat(3e6)];
  const got = [];
  child.on('message', (m) => got.push(m));
  for (const m of messages) child.send(m);
  child.send({ cmd: 'NODE_OF_NOBODY' });
  child.send('last');
  while (got.at(-1) !== 'last') await once(child, 'message');
  assert.deepStrictEqual(got, [...messages, 'last']);
  await finish(child);
});

test('a net.Socket is answered, and its server can be closed', async () => {
  const child = forkWorker();
  const { server, client, accepted } = await connect();
  child.send('socket', accepted);
  assert.strictEqual(await ask(child, 'behind'), 'behind');
  assert.strictEqual(await text(client), 'handled by Python\n');
  server.close();
  await once(server, 'close'); // the worker has said that the socket is closed
  await finish(child);
});

test('a server waits for sockets that Python still has open', async () => {
  const child = spawnScript([
    'channel = worker.Channel.from_environment()',
    'kept = [handle for _, handle in (channel.receive(), channel.receive())]',
    'channel.send("both")',
    'for i, _ in enumerate(channel):',
    '  kept.pop().close()',
    '  channel.send(len(kept))',
  ]);
  const { server, client, accepted } = await connect();
  const second = net.connect(server.address().port, '127.0.0.1');
  const [other] = await once(server, 'connection');
  child.send(1, accepted);
  child.send(2, other);
  assert.deepStrictEqual(await once(child, 'message'), ['both', undefined]);
  const count = () => new Promise((resolve, reject) => server.getConnections((e, n) => (e ? reject(e) : resolve(n))));
  assert.strictEqual(await count(), 2);
  let closed = false;
  server.close(() => { closed = true; });
  assert.strictEqual(await ask(child, 'close one'), 1);
  assert.strictEqual(closed, false);
  child.send('close the other');
  await once(server, 'close');
  client.destroy();
  second.destroy();
  await finish(child);
});

test('Python sends a socket and a server; what is behind them comes behind', async () => {
  const child = spawnScript([
    'channel = worker.Channel.from_environment()',
    'a, b = socket.socketpair()',
    'server = socket.create_server(("127.0.0.1", 0))',
    'channel.send("socket", a)',
    'channel.send("server", server)',
    'channel.send("last")',
    'a.close()',
    'b.sendall(b"from Python")',
    'b.close()',
    'try: channel.send("file", open(os.devnull))',
    'except ValueError: channel.send("refused")',
    'channel.disconnect()',
  ]);
  const order = [];
  let received, sink;
  child.on('message', (m, handle) => {
    order.push(m);
    if (m === 'socket') received = text(handle);
    if (m === 'server') sink = handle;
  });
  await once(child, 'disconnect');
  assert.deepStrictEqual(order, ['socket', 'server', 'last', 'refused']);
  assert.strictEqual(await received, 'from Python');
  assert.ok(sink instanceof net.Server);
  sink.close();
  await finish(child);
});

test('asyncio: fileno() and poll()', async () => {
  const child = spawnScript([
    'async def main():',
    '  channel, loop, done = worker.Channel.from_environment(), asyncio.get_running_loop(), asyncio.Event()',
    '  def readable():',
    '    for message, handle in channel.poll(): channel.send({"got": message, "handle": handle is not None})',
    '    if channel.ended:',
    '      loop.remove_reader(channel)',
    '      channel.disconnect()',
    '      done.set()',
    '  loop.add_reader(channel, readable)',
    '  await done.wait()',
    'asyncio.run(main())',
  ]);
  const { server, client, accepted } = await connect();
  assert.deepStrictEqual(await ask(child, 1), { got: 1, handle: false });
  assert.deepStrictEqual(await ask(child, 2, accepted), { got: 2, handle: true });
  client.destroy();
  server.close();
  await finish(child);
});

test('variables are taken out of the environment; a timeout; without a channel there is none', async () => {
  const child = spawnScript([
    'channel = worker.Channel.from_environment()',
    'assert worker.Channel.from_environment() is None',
    'assert not [name for name in os.environ if name.startswith("NODE_CHANNEL_")]',
    'try: channel.receive(timeout=0.01)',
    'except TimeoutError: channel.send("timeout")',
    'assert channel.receive() is None',
    'channel.disconnect()',
    'try: channel.send(1)',
    'except BrokenPipeError: print("closed")',
  ]);
  assert.deepStrictEqual(await once(child, 'message'), ['timeout', undefined]);
  const printed = text(child.stdout);
  await finish(child);
  assert.strictEqual(await printed, 'closed\n');
});

test("serialization: 'advanced' is refused with a sentence", async () => {
  const child = spawn(python, [worker], { stdio: ['ignore', 'inherit', 'pipe', 'ipc'], serialization: 'advanced' });
  const said = text(child.stderr);
  assert.deepStrictEqual(await once(child, 'exit'), [1, null]);
  assert.match(await said, /serialization 'json' only.*'advanced'/);
});

test('what is no message closes the channel', async () => {
  const child = spawnScript([
    'mine, peer = socket.socketpair()',
    'channel = worker.Channel(mine.detach())',
    'peer.sendall(b"{\\"a\\":1}\\n[1,\\n2]\\n")',
    'try: channel.poll()',
    'except worker.ProtocolError as error: print("refused:", error)',
    'print(channel.receive(), channel.receive(), channel.fileno())',
  ]);
  const printed = text(child.stdout);
  await finish(child);
  assert.match(await printed, /^refused: not a message: b'\[1,'.*\n\(\{'a': 1\}, None\) None -1\n$/);
});

test('a handle that is sent once more comes once, and is confirmed once; a lost fd is None', async () => {
  const inner = { cmd: 'NODE_HANDLE', type: 'net.Socket', msg: 'M', key: 'K' };
  const lines = [{ cmd: 'NODE_HANDLE', type: 'net.Native', msg: inner }, inner].map((m) => JSON.stringify(m) + '\n').join('');
  const child = spawnScript([
    'mine, peer = socket.socketpair()',
    'channel = worker.Channel(mine.detach())',
    'a, b = socket.socketpair()',
    `socket.send_fds(peer, [${JSON.stringify(lines)}.encode()], [a.fileno()])`,
    '(m1, h1), (m2, h2) = channel.poll()',
    'print(m1, h1 is not None, m2, h2, peer.recv(65536).decode().split())',
    'h1.close()',
  ]);
  const printed = text(child.stdout);
  await finish(child);
  assert.strictEqual(await printed,
    `M True M None ['{"cmd":"NODE_HANDLE_ACK"}', '{"cmd":"NODE_HANDLE_ACK"}']\n`);
});
