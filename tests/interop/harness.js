// harness.js - what the tests of Node parents share. Each has a deadline, and leaves no fd open and no child behind.
//
//   node parent_NAME.js DIRECTORY    where the programs of the build lie
'use strict';
const assert = require('assert');
const {fork, spawn} = require('child_process');
const {once} = require('events');
const fs = require('fs');
const net = require('net');
const path = require('path');

const DEADLINE_MS = 15000;
const directory = process.argv[2];
exports.programs = {worker: path.join(directory, 'tests', 'worker'), child: path.join(directory, 'tests/interop/interop_child')};

const children = new Set();

function watched(child) {
  children.add(child);
  child.once('exit', () => children.delete(child));
  child.log = [];
  child.messages = [];
  for (const event of ['spawn', 'disconnect']) child.on(event, () => child.log.push(event));
  child.on('exit', (code, signal) => child.log.push(`exit:${signal ?? code}`));
  child.on('message', (message) => {
    child.messages.push(message);
    child.log.push('message');
  });
  return child;
}

// A child that is `program VERB ARGUMENT...`, by fork() with execPath.
exports.start = (program, args, options) =>
  watched(fork(args[0], args.slice(1), {execPath: exports.programs[program], execArgv: [], ...options}));
// The same by spawn(), for stdio with the channel elsewhere.
exports.startAt = (program, args, stdio, options) => watched(spawn(exports.programs[program], args, {stdio, ...options}));

exports.message = async (child) => (await once(child, 'message'))[0];

// Not `close`: Node leaves it out when the parent has disconnected.
exports.closed = async (child) => {
  while (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  if (!child.log.includes('disconnect')) await once(child, 'disconnect');
};

// Disconnects, and waits for a regular end.
exports.finish = async (child) => {
  child.disconnect();
  await exports.closed(child);
  assert.deepStrictEqual([child.exitCode, child.signalCode], [0, null]);
};

// All that comes until the end.
exports.readAll = async (socket) => {
  let text = '';
  socket.on('data', (data) => { text += data; });
  await once(socket, 'close');
  return text;
};

exports.turn = () => new Promise((resolve) => { setTimeout(resolve, 5); });

const countFds = () => fs.readdirSync('/proc/self/fd').length;

// Handles are closed in the next rounds of the loop. Deno keeps fds of its own with its first messages.
async function checkFds(before) {
  if (globalThis.Deno !== undefined) return;
  for (let i = 0; i < 400 && countFds() > before; i++) await exports.turn();
  assert(countFds() <= before, `${countFds() - before} fds are left open`);
}

async function runOne(name, body) {
  const before = countFds();
  let timer;
  const deadline = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${DEADLINE_MS} ms`)), DEADLINE_MS);
  });
  try {
    await Promise.race([body(), deadline]);
    assert.strictEqual(children.size, 0, 'a child is left');
    await checkFds(before);
    console.log(`ok ${name}`);
    return 0;
  } catch (error) {
    console.log(`not ok ${name}: ${error.stack}`);
    for (const child of children) child.kill('SIGKILL');
    children.clear();
    return 1;
  } finally {
    clearTimeout(timer);
  }
}

// The runtime opens some fds with its first child and its first connection, and keeps them.
async function warmUp() {
  await exports.closed(exports.startAt('worker', ['idle'], ['ignore', 'inherit', 'inherit', 'ipc']));
  const server = net.createServer((socket) => socket.resume().end()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  await exports.readAll(net.connect(server.address().port, '127.0.0.1'));
  server.close();
  await once(server, 'close');
}

// tests: {name: function}.
exports.run = async (tests) => {
  let failed = 0;
  await warmUp();
  for (const [name, body] of Object.entries(tests)) failed += await runOne(name, body);
  console.log(`${Object.keys(tests).length} tests, ${failed} failed`);
  process.exit(failed > 0 ? 1 : 0);
};
