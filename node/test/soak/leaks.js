'use strict';
// Objects of children that are over are collected, and so is what a worker thread had when it was ended in the middle.

const assert = require('node:assert');
const path = require('node:path');
const { once } = require('node:events');
const { setTimeout: sleep } = require('node:timers/promises');
const { Worker } = require('node:worker_threads');
const { children, collect, flat } = require('./gauge.js');
const { childProcess, isShort } = require('./module.js');

const COUNT = isShort ? 30 : 300;
const WORKERS = isShort ? 20 : 200;
const DEADLINE_MS = 10000;
const POLL_MS = 2;
const ECHO = path.join(__dirname, 'echo.js');

// Each starts a child and resolves when it is over; only `keep` is told the objects.
const lives = {
  async 'ended by itself'(keep) {
    const child = childProcess.spawn('/bin/echo', ['word']);
    for (const one of [child, child.stdin, child.stdout, child.stderr]) keep(one);
    child.stdout.resume();
    await once(child, 'close');
  },
  async 'killed'(keep) {
    const child = childProcess.spawn('/bin/sleep', ['1000']);
    keep(child);
    child.kill();
    await once(child, 'close');
  },
  async 'never started'(keep) {
    const child = childProcess.spawn('/no/such/program');
    keep(child);
    await once(child, 'error');
  },
  async 'called back'(keep) {
    await new Promise((resolve) => { keep(childProcess.execFile('/bin/true', resolve)); });
  },
  async 'timed out'(keep) {
    await new Promise((resolve) => {
      keep(childProcess.execFile('/bin/sleep', ['1000'], { timeout: 1 }, resolve));
    });
  },
  async 'with a channel'(keep) {
    const child = childProcess.fork(ECHO);
    keep(child);
    keep(child.channel);
    child.send('word');
    assert.deepStrictEqual((await once(child, 'message'))[0], 'word');
    child.disconnect();
    await once(child, 'exit'); // Node's own has no 'close' after a disconnect() of the parent
  },
  async 'killed with a channel'(keep) {
    const child = childProcess.fork(ECHO, { serialization: 'advanced' });
    keep(child);
    child.send({ text: 'x'.repeat(1000000) });
    child.kill('SIGKILL');
    await once(child, 'close');
  },
};

// The newest objects may still be named by the machine's registers and by V8's caches.
async function checkLife(name, live) {
  let made = 0;
  let collected = 0;
  const registry = new FinalizationRegistry(() => { collected++; });
  const keep = (object) => {
    made++;
    registry.register(object, undefined);
  };
  for (let i = 0; i < COUNT; i++) await live(keep);
  await collect();
  console.log(`  ${name}: ${collected} of ${made} objects collected`);
  const perChild = made / COUNT;
  assert.ok(made - collected <= 2 * perChild, `${name}: ${made - collected} of ${made} objects are still there`);
}

// All of them end when their pipes are closed, and somebody has to reap them though their thread is gone.
async function childrenGone() {
  const end = Date.now() + DEADLINE_MS;
  while (children().length > 0 && Date.now() < end) await sleep(POLL_MS);
  assert.deepStrictEqual(children(), [], 'children of an ended thread are left');
}

// Ends the thread while children of its own run, send and end.
async function worker() {
  const thread = new Worker(path.join(__dirname, 'thread.js'));
  await once(thread, 'message');
  await thread.terminate();
  await childrenGone();
}

async function main() {
  console.log('objects of children that are over');
  for (const [name, live] of Object.entries(lives)) await checkLife(name, live);
  await flat(`${WORKERS} worker threads ended in the middle`, WORKERS, worker);
}

main();
