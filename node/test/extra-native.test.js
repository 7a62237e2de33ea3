'use strict';
// The native side by itself, as only somebody who means harm would use it.

const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const path = require('node:path');
const { test } = require('./fixtures/support.js');

const library = path.join(__dirname, '..', 'lib', 'native.js');

// In a process of its own: its callbacks are set once.
function runAlone(text) {
  const program = `
    const { native } = require(${JSON.stringify(library)});
    const told = [];
    const names = ['exit', 'messages', 'message', 'sent', 'disconnect', 'channelError'];
    native.setCallbacks(Object.fromEntries(names.map((name) => [name, () => told.push(name)])));
    const makePlan = () => ({ file: 'true', args: ['true'], stdio: new Int32Array([0, 1, 2].flatMap(() => [native.stdio.IGNORE, -1])) });
    ${text}`;
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, ['-e', program], {
    encoding: 'utf8',
    timeout: 10000,
  });
  assert.deepStrictEqual([status, signal, stderr], [0, null, '']);
  return JSON.parse(stdout);
}

test('a getter of the plan that starts the process: it is started once', async () => {
  const result = runAlone(`
    const process_ = new native.Process();
    const plan = makePlan();
    let inner;
    Object.defineProperty(plan, 'detached', { get() { inner = process_.spawn(makePlan()); return false; } });
    const outer = process_.spawn(plan);
    native.spawnSync(makePlan());
    process.on('exit', () => console.log(JSON.stringify({ inner, isRefused: outer < 0, told })));`);
  assert.deepStrictEqual(result, { inner: 0, isRefused: true, told: ['exit'] });
});

test('a getter of the plan that opens the pool, and a pool that is not open', async () => {
  const result = runAlone(`
    const pool = new native.Pool();
    const before = [pool.submit('1', 0), pool.cancel(1), pool.close(false, 0), pool.broadcast('1'), pool.size()];
    const inner = [];
    const makePool = () => ({ ...makePlan(), size: 1, args: ['true', '1'], stdio: new Int32Array(0) });
    const plan = makePool();
    Object.defineProperty(plan, 'ordered', { get() { inner.push(pool.open(makePool())); return true; } });
    const outer = pool.open(plan);
    const wrong = [[], ['1'], ['1', 'x'], [{}, 0], ['1', 0, 'x'], ['1', 0, 0, 0, 0, 1, true]].map((list) => {
      try { return pool.submit(...list) >= 0; } catch ({ code }) { return code; }
    });
    native.setCallbacks({ poolClosed: (object) => console.log(JSON.stringify({ before, inner, isRefused: outer < 0, wrong })) });
    pool.close(false, 0);`);
  const isRefused = (number) => number <= 0;
  assert(result.before.every(isRefused));
  assert.deepStrictEqual([result.inner, result.isRefused], [[0], true]);
  assert.deepStrictEqual(new Set(result.wrong), new Set(['ERR_INVALID_ARG_TYPE']));
});
