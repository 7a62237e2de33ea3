'use strict';

const assert = require('node:assert');
const { EventEmitter } = require('node:events');
const { cp, test, event, finish, properties } = require('./fixtures/support.js');

test('the module has the names of the built-in', () => {
  assert.deepStrictEqual(
    Object.keys(require('node:child_process')).filter((name) => !(name in cp)),
    [],
  );
  for (const name of ['spawn', 'exec', 'execFile', 'fork', 'spawnSync', 'execSync', 'execFileSync', 'ChildProcess']) {
    assert.strictEqual(typeof cp[name], 'function');
    assert.strictEqual(cp[name].name, name);
  }
});

test('the functions have the lengths of the built-in', () => {
  const builtIn = require('node:child_process');
  for (const name of ['spawn', 'exec', 'execFile', 'fork', 'spawnSync', 'execSync', 'execFileSync', 'ChildProcess']) {
    assert.strictEqual(cp[name].length, builtIn[name].length, name);
  }
});

test('the class and its prototype', () => {
  assert.strictEqual(Object.getPrototypeOf(cp.ChildProcess.prototype), EventEmitter.prototype);
  for (const name of ['spawn', 'kill', 'ref', 'unref'])
    assert.strictEqual(typeof cp.ChildProcess.prototype[name], 'function');
});

test('new ChildProcess() and its spawn()', async () => {
  const child = new cp.ChildProcess();
  assert(child instanceof EventEmitter);
  assert.strictEqual(child.pid, undefined);
  assert.strictEqual(child.exitCode, null);
  assert.strictEqual(child.spawnfile, null);
  child.spawn({
    file: 'sh',
    args: ['sh', '-c', 'echo "$A"; exit 3'],
    envPairs: ['A=from pairs', 'PATH=/bin:/usr/bin'],
    stdio: 'pipe',
  });
  assert(child.pid > 0);
  assert.strictEqual(child.spawnfile, 'sh');
  assert.deepStrictEqual(child.spawnargs, ['sh', '-c', 'echo "$A"; exit 3']);
  assert.deepStrictEqual(await finish(child), { code: 3, signal: null, stdout: 'from pairs\n', stderr: '' });
});

test('spawn() of the class checks its options', () => {
  for (const options of [undefined, null, 'foo', 0, 1, NaN, true, false]) {
    assert.throws(() => new cp.ChildProcess().spawn(options), {
      name: 'TypeError',
      code: 'ERR_INVALID_ARG_TYPE',
      message: /^The "options" argument must be of type object\./,
    });
  }
  for (const file of [undefined, null, 0, 1, NaN, true, false, {}]) {
    assert.throws(() => new cp.ChildProcess().spawn({ file }), {
      name: 'TypeError',
      code: 'ERR_INVALID_ARG_TYPE',
      message: /^The "options\.file" property must be of type string\./,
    });
  }
  for (const envPairs of [null, 0, 1, NaN, true, false, {}, 'foo']) {
    assert.throws(() => new cp.ChildProcess().spawn({ envPairs, stdio: ['ignore', 'ignore', 'ignore', 'ipc'] }), {
      name: 'TypeError',
      code: 'ERR_INVALID_ARG_TYPE',
      message: /^The "options\.envPairs" property must be an instance of Array\./,
    });
  }
  for (const args of [null, 0, 1, NaN, true, false, {}, 'foo']) {
    assert.throws(() => new cp.ChildProcess().spawn({ file: 'foo', args }), {
      name: 'TypeError',
      code: 'ERR_INVALID_ARG_TYPE',
      message: /^The "options\.args" property must be an instance of Array\./,
    });
  }
});

test('spawn() of the class: entries of envPairs that are no strings', async () => {
  const child = new cp.ChildProcess();
  child.spawn({ file: '/usr/bin/env', args: ['env'], envPairs: ['A=1', 2, { toString: () => 'B=3' }, '=4'] });
  assert.deepStrictEqual((await finish(child)).stdout.match(/^[AB]=.*$/gm), ['A=1', 'B=3']);
});

test('spawn() of the class: a missing file', async () => {
  const child = new cp.ChildProcess();
  assert.strictEqual(child.spawn({ file: 'no-such-file', args: ['no-such-file', 'x'], envPairs: [] }), -2);
  const [error] = await event(child, 'error');
  assert.deepStrictEqual(properties(error), [
    ['errno', -2],
    ['code', 'ENOENT'],
    ['syscall', 'spawn no-such-file'],
    ['path', 'no-such-file'],
    ['spawnargs', ['x']],
  ]);
  await event(child, 'close');
});

test('spawn() of the class returns 0', async () => {
  const child = new cp.ChildProcess();
  assert.strictEqual(child.spawn({ file: 'true', args: ['true'], envPairs: [] }), 0);
  await event(child, 'close');
});

test('kill() before spawn()', () => {
  const child = new cp.ChildProcess();
  assert.strictEqual(child.killed, false);
});

test('a class of the user', async () => {
  class Mine extends cp.ChildProcess {
    hello() {
      return `hello ${this.spawnfile}`;
    }
  }
  const child = new Mine();
  child.spawn({ file: 'true', args: ['true'], envPairs: [] });
  assert.strictEqual(child.hello(), 'hello true');
  assert.deepStrictEqual(await event(child, 'close'), [0, null]);
});

test('methods that are replaced are used', async () => {
  const child = cp.spawn('cat', { timeout: 20 });
  const kills = [];
  const { kill } = child;
  child.kill = function replaced(signal) {
    kills.push(signal);
    return kill.call(this, signal);
  };
  await event(child, 'close');
  assert.strictEqual(kills.length, 1);
});

test('properties that all objects were given change nothing', async () => {
  const names = ['isSync', 'detached', 'argv0', 'shell', 'cwd', 'uid', 'stdio'];
  const check = (result) => assert.deepStrictEqual([result.stdout.toString(), result.stderr.toString()], ['out\n', '']);
  for (const name of names) Object.prototype[name] = true; // eslint-disable-line no-extend-native
  let child;
  let result;
  try {
    child = cp.spawn('cat');
    result = cp.spawnSync('echo', ['out']);
  } finally {
    for (const name of names) delete Object.prototype[name];
  }
  child.stdin.end('out\n');
  check(await finish(child));
  check(result);
});
