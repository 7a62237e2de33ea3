'use strict';
// A hundred thousand children of one process, in all ways of starting them: what it holds must not grow.

const assert = require('node:assert');
const { flat } = require('./gauge.js');
const { childProcess, isShort } = require('./module.js');

const TOTAL = isShort ? 3000 : 100000;
const STEPS = isShort ? 20 : 50;
const AT_ONCE = 8;
const TRUE = '/bin/true';

// Resolves with what 'close' told.
function closed(child) {
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal }));
  });
}

const calledBack = (start) => new Promise((resolve) => { start((error, stdout) => resolve({ error, stdout })); });

async function ignored() {
  const { code } = await closed(childProcess.spawn(TRUE, [], { stdio: 'ignore' }));
  assert.strictEqual(code, 0);
}

async function piped() {
  const child = childProcess.spawn('/bin/cat');
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk) => { text += chunk; });
  child.stdin.end('all of it');
  assert.deepStrictEqual(await closed(child), { code: 0, signal: null });
  assert.strictEqual(text, 'all of it');
}

async function killed() {
  const child = childProcess.spawn('/bin/sleep', ['1000']);
  assert.ok(child.kill('SIGKILL'));
  assert.deepStrictEqual(await closed(child), { code: null, signal: 'SIGKILL' });
}

async function missing() {
  const error = await new Promise((resolve) => {
    childProcess.spawn('/no/such/program').on('error', resolve);
  });
  assert.strictEqual(error.code, 'ENOENT');
}

async function called() {
  const { error, stdout } = await calledBack((done) => childProcess.execFile('/bin/echo', ['word'], done));
  assert.strictEqual(error, null);
  assert.strictEqual(stdout, 'word\n');
}

async function aborted() {
  const controller = new AbortController();
  const wait = calledBack((done) => {
    childProcess.execFile('/bin/sleep', ['1000'], { signal: controller.signal }, done);
  });
  controller.abort();
  assert.strictEqual((await wait).error.code, 'ABORT_ERR');
}

async function blocked() {
  const { status, stdout } = childProcess.spawnSync('/bin/cat', { input: 'text', encoding: 'utf8' });
  assert.strictEqual(status, 0);
  assert.strictEqual(stdout, 'text');
}

// Most of them the plain ones; the turn of the others comes in every batch of ten.
const ways = [ignored, piped, ignored, killed, ignored, missing, called, ignored, aborted, blocked];

async function batch(count) {
  let next = 0;
  const worker = async () => {
    while (next < count) await ways[next++ % ways.length]();
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

flat(`${TOTAL} children`, STEPS, () => batch(TOTAL / STEPS));
