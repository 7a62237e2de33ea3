'use strict';
// What differs between versions of Node, and what is not in all of them.

const assert = require('node:assert');
const dgram = require('node:dgram');
const net = require('node:net');
const { promisify } = require('node:util');
const {
  cp, test, event, finish, fixture, major, moduleName, script, temporaryDirectory,
} = require('./fixtures/support.js');

const module_ = JSON.stringify(moduleName);

test('a timeout holds until the exit, or, in newer Nodes, until the close', async () => {
  const text = `const cp = require(${module_});
    const stdio = ['ignore', 'pipe', 'inherit', 'pipe'];
    const child = cp.spawn('sh', ['-c', 'cat <&3 & exit 0'], { stdio, timeout: 1e6 });
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    child.on('exit', () => setImmediate(() => { console.log(timers()); child.stdio[3].end(); }));
    child.on('close', () => setImmediate(() => console.log(timers())));
    child.stdout.resume();`;
  const { stdout, stderr } = await finish(cp.spawn(process.execPath, ['-e', text]));
  assert.strictEqual(stdout, major >= 26 ? '1\n0\n' : '0\n0\n', stderr);
});

test('_channel: deprecated, and gone in newer Nodes', async () => {
  const text = `const child = require(${module_}).fork(${JSON.stringify(fixture('child.js'))}, ['facts']);
    console.log('_channel' in child, child._channel === child.channel);
    child.disconnect();`;
  const { stdout, stderr } = await finish(cp.spawn(process.execPath, ['--pending-deprecation', '-e', text]));
  assert.strictEqual(stdout, major < 26 ? 'true true\n' : 'false false\n');
  assert.strictEqual(/DEP0129/.test(stderr), major < 26);
});

test('a promisified function has the name that the built-in gives it', () => {
  const builtin = require('node:child_process');
  for (const verb of ['exec', 'execFile']) assert.strictEqual(promisify(cp[verb]).name, promisify(builtin[verb]).name);
});

test('a net.BoundSocket goes to a child', { skip: major >= 26 ? false : 'needs Node 26' }, async (t) => {
  const worker = script(temporaryDirectory(t), 'worker.js', `process.on('message', (message, bound) => {
    process.send([bound.constructor.name, bound.address().port]);
    bound.close();
    process.disconnect();
  });`);
  const bound = new net.BoundSocket({ host: '127.0.0.1', port: 0 });
  const { port } = bound.address();
  const child = cp.fork(worker);
  const exit = event(child, 'exit');
  child.send('take it', bound);
  assert.deepStrictEqual((await event(child, 'message'))[0], ['BoundSocket', port]);
  assert.deepStrictEqual(await exit, [0, null]);
});

const reuse = { skip: major >= 24 ? false : 'needs Node 24' };

test('reusePort: two children listen at one port', reuse, async (t) => {
  const worker = script(temporaryDirectory(t), 'worker.js', `
    const server = require('net').createServer((socket) => socket.end(String(process.pid)));
    const options = { host: '127.0.0.1', reusePort: true };
    process.on('message', (port) => server.listen({ ...options, port }, () => process.send(server.address().port)));
    process.on('disconnect', () => server.close());`);
  const children = [cp.fork(worker), cp.fork(worker)];
  children[0].send(0);
  const [port] = await event(children[0], 'message');
  children[1].send(port);
  assert.deepStrictEqual(await event(children[1], 'message'), [port, undefined]);
  const pids = new Set();
  while (pids.size < 2) {
    const [pid] = await event(net.connect(port, '127.0.0.1'), 'data');
    pids.add(Number(pid));
  }
  assert.deepStrictEqual([...pids].sort(), children.map(({ pid }) => pid).sort());
  const exits = children.map((child) => event(child, 'exit'));
  for (const child of children) child.disconnect();
  await Promise.all(exits);
});

test('reusePort: a UDP socket at the port of a child', reuse, async (t) => {
  const worker = script(temporaryDirectory(t), 'worker.js', `
    const socket = require('dgram').createSocket({ type: 'udp4', reusePort: true });
    socket.bind(0, '127.0.0.1', () => process.send(socket.address().port));
    process.on('disconnect', () => socket.close());`);
  const child = cp.fork(worker);
  const exit = event(child, 'exit');
  const [port] = await event(child, 'message');
  const socket = dgram.createSocket({ type: 'udp4', reusePort: true });
  socket.bind(port, '127.0.0.1');
  await event(socket, 'listening');
  socket.close();
  child.disconnect();
  assert.deepStrictEqual(await exit, [0, null]);
});
