// ipc.js - sends messages to a child of its own on request, in Node.js, Bun or Deno. See worker.h for the protocol; a
// request is "ROUTE SERIALIZATION BYTES N".
'use strict';
const { once } = require('node:events');
const { fork } = require('node:child_process');
const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');
const readline = require('node:readline');

const WINDOW = 1000;
const BATCH = 1000; // messages one way until their last one is written
const EMPTY = JSON.stringify({ id: 1, text: '' }).length;

const runtime = typeof Bun !== 'undefined' ? ['bun', Bun.version]
  : typeof Deno !== 'undefined' ? ['deno', Deno.version.deno] : ['node', process.versions.node];
const verbOf = { trip: 'echo', echo: 'echo', 'one-way': 'sink', handles: 'sink', size: 'size', sender: 'size', receiver: 'size' };

const links = new Map(); // children that are ready

async function connect(verb, serialization) {
  const key = `${verb} ${serialization}`;
  if (!links.has(key)) {
    const child = fork(path.join(__dirname, 'ipc_child.js'), [verb], { serialization });
    links.set(key, child);
    await ask(child, verb === 'sink' ? 'end' : message(EMPTY));
  }
  return links.get(key);
}

async function disconnect() {
  for (const child of links.values()) {
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }
  links.clear();
}

const message = (bytes, id = 1) => ({ id, text: 'x'.repeat(bytes - EMPTY) });

// Resolves with the answer.
function ask(child, value) {
  return new Promise((resolve, reject) => {
    child.once('message', resolve);
    child.send(value, (error) => { if (error) reject(error); });
  });
}

// n messages, so many of them under way at a time.
function exchange(child, bytes, n, window) {
  const { text } = message(bytes);
  return new Promise((resolve) => {
    let sent = 0;
    let received = 0;
    const next = () => {
      if (sent++ < n) child.send({ id: 1, text });
    };
    const take = (reply) => {
      if (reply.text.length !== text.length) throw new Error('a reply is not what was sent');
      if (++received < n) return next();
      child.removeListener('message', take);
      resolve();
    };
    child.on('message', take);
    for (let i = 0; i < window; i++) next();
  });
}

async function oneWay(child, bytes, n) {
  const { text } = message(bytes);
  for (let left = n; left > 0; left -= BATCH) {
    const batch = Math.min(left, BATCH);
    for (let i = 1; i < batch; i++) child.send({ id: 1, text });
    await new Promise((resolve) => { child.send({ id: 1, text }, resolve); });
  }
  if (await ask(child, 'end') !== n) throw new Error('messages are missing');
}

let socket = null;
async function anySocket() {
  if (socket) return socket;
  const server = net.createServer(() => {}).listen(0, '127.0.0.1');
  await once(server, 'listening');
  socket = net.connect(server.address().port, '127.0.0.1');
  await once(socket, 'connect');
  return socket;
}

// The same socket again and again: it stays open here.
async function handles(child, n) {
  const one = await anySocket();
  for (let i = 0; i < n; i++) child.send({ id: i }, one, { keepOpen: true });
  if (await ask(child, 'end') !== n) throw new Error('messages are missing');
}

const kib = (pid, field) =>
  Number(new RegExp(`${field}:\\s+(\\d+)`).exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);

// The most that a fresh child, or this process, holds beyond what it held before, as a multiple of the message.
async function memory(serialization, bytes, ofSender) {
  await disconnect();
  const child = await connect('size', serialization);
  const pid = ofSender ? process.pid : child.pid;
  globalThis.gc?.();
  fs.writeFileSync(`/proc/${pid}/clear_refs`, '5');
  const before = kib(pid, 'VmRSS');
  await ask(child, message(bytes));
  const peak = kib(pid, 'VmHWM');
  await disconnect();
  return (Math.max(peak - before, 1) * 1024) / bytes;
}

const perSecond = (n, start) => (n * 1000) / (performance.now() - start);
const perMessage = (n, start) => ((performance.now() - start) * 1000) / n; // microseconds

async function measure(route, serialization, bytes, n) {
  if (route === 'rest') {
    await disconnect();
    return 0;
  }
  if (route === 'handles' && runtime[0] !== 'node') return 0;
  if (serialization === 'advanced' && runtime[0] === 'deno') return 0;
  if (route === 'sender' || route === 'receiver') return memory(serialization, bytes, route === 'sender');
  const child = await connect(verbOf[route], serialization);
  const start = performance.now();
  switch (route) {
    case 'trip':
      await exchange(child, bytes, n, 1);
      return perMessage(n, start);
    case 'echo':
      await exchange(child, bytes, n, WINDOW);
      return perSecond(n, start);
    case 'one-way':
      await oneWay(child, bytes, n);
      return perSecond(n, start);
    case 'handles':
      await handles(child, n);
      return perSecond(n, start);
    default: {
      const large = message(bytes);
      for (let i = 0; i < n; i++) {
        if (await ask(child, large) !== large.text.length) throw new Error('a message was cut');
      }
      return perMessage(n, start);
    }
  }
}

async function answer(line) {
  const [route, serialization, bytes, n] = line.split(' ');
  try {
    return await measure(route, serialization, Number(bytes), Number(n));
  } catch (error) {
    console.error(`${runtime.join(' ')}: ${error}`);
    return -1;
  }
}

async function main() {
  console.log(`ready ${runtime.join(' ')} - fork`);
  for await (const line of readline.createInterface({ input: process.stdin })) console.log(await answer(line));
  await disconnect();
  process.exit(0);
}

main();
