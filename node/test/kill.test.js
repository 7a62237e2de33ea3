'use strict';

const assert = require('node:assert');
const { constants } = require('node:os');
const { cp, test, event, finish, moduleName, seen } = require('./fixtures/support.js');

test('kill() sends SIGTERM', async () => {
  const child = cp.spawn('cat');
  assert.strictEqual(child.killed, false);
  assert.strictEqual(child.kill(), true);
  assert.strictEqual(child.killed, true);
  assert.strictEqual(child.exitCode, null);
  assert.strictEqual(child.signalCode, null);
  assert.deepStrictEqual(await event(child, 'close'), [null, 'SIGTERM']);
  assert.strictEqual(child.signalCode, 'SIGTERM');
});

test('every signal that ends a process, by name and by number', async () => {
  const harmless = [
    'SIGCHLD',
    'SIGCLD',
    'SIGCONT',
    'SIGURG',
    'SIGWINCH',
    'SIGSTOP',
    'SIGTSTP',
    'SIGTTIN',
    'SIGTTOU',
    'SIGUNUSED',
  ];
  const names = Object.keys(constants.signals).filter((name) => !harmless.includes(name));
  const numbers = new Map();
  const check = async (signal, number) => {
    const child = cp.spawn('cat', { cwd: '/tmp', stdio: ['pipe', 'ignore', 'ignore'] });
    assert.strictEqual(child.kill(signal), true);
    const [code, name] = await event(child, 'close');
    assert.strictEqual(code, null);
    assert.strictEqual(constants.signals[name], number, `${signal} gave ${name}`);
    assert.strictEqual(child.signalCode, name);
  };
  for (const name of names) numbers.set(constants.signals[name], name);
  await Promise.all(names.map((name) => check(name, constants.signals[name])));
  await Promise.all([...numbers.keys()].map((number) => check(number, number)));
});

test('names in small letters', async () => {
  const child = cp.spawn('cat');
  assert.strictEqual(child.kill('sigkill'), true);
  assert.deepStrictEqual(await event(child, 'close'), [null, 'SIGKILL']);
});

test('unknown signals throw', async () => {
  const child = cp.spawn('cat');
  for (const signal of ['term', 'SIGNOTHING', '9', 34, 999, -1, 1.5, {}, true]) {
    assert.throws(
      () => child.kill(signal),
      (error) => {
        assert(['ERR_UNKNOWN_SIGNAL', 'ERR_INVALID_ARG_TYPE'].includes(error.code), error.code);
        assert(error instanceof TypeError);
        if (typeof signal !== 'object' && typeof signal !== 'boolean')
          assert.strictEqual(error.message, `Unknown signal: ${signal}`);
        return true;
      },
    );
  }
  assert.strictEqual(child.killed, false);
  child.stdin.end();
  assert.deepStrictEqual(await event(child, 'close'), [0, null]);
});

test('kill(0) asks, and counts as killed', async () => {
  const child = cp.spawn('cat');
  assert.strictEqual(child.kill(0), true);
  assert.strictEqual(child.killed, true);
  child.stdin.end();
  assert.deepStrictEqual(await event(child, 'close'), [0, null]);
});

test('kill after the exit is false and no error', async () => {
  const child = cp.spawn('true');
  child.on('error', assert.fail);
  const closed = event(child, 'close');
  await event(child, 'exit');
  assert.strictEqual(child.kill(), false);
  assert.strictEqual(child.kill(0), false);
  assert.strictEqual(child.kill('SIGKILL'), false);
  assert.strictEqual(child.killed, false);
  await closed;
});

test('a signal need not end the child', async () => {
  const child = cp.spawn('sh', ['-c', 'trap "echo got" USR1; echo ready; while ! read line; do :; done; exit 5']);
  await seen(child.stdout, 'ready');
  assert.strictEqual(child.kill('SIGUSR1'), true);
  await seen(child.stdout, 'got');
  assert.strictEqual(child.killed, true);
  assert.strictEqual(child.exitCode, null);
  child.stdin.end('x\n');
  assert.deepStrictEqual(await event(child, 'close'), [5, null]);
});

test('stop and go on', async () => {
  const child = cp.spawn('cat');
  assert.strictEqual(child.kill('SIGSTOP'), true);
  assert.strictEqual(child.kill('SIGCONT'), true);
  child.stdin.end();
  assert.deepStrictEqual(await event(child, 'close'), [0, null]);
});

test('kill twice', async () => {
  const child = cp.spawn('cat');
  assert.strictEqual(child.kill('SIGTERM'), true);
  child.kill('SIGKILL');
  const [code, signal] = await event(child, 'close');
  assert.strictEqual(code, null);
  assert(signal === 'SIGTERM' || signal === 'SIGKILL');
});

test('grandchildren are not killed', async () => {
  // The grandchild alone holds fd 3, so the end of it is the end of the grandchild.
  const child = cp.spawn('sh', ['-c', 'cat <&3 >&3 & exec 3>&-; echo started; wait'], {
    stdio: ['ignore', 'pipe', 'inherit', 'pipe'],
  });
  await seen(child.stdout, 'started');
  child.kill('SIGKILL');
  assert.deepStrictEqual(await event(child, 'exit'), [null, 'SIGKILL']);
  child.stdio[3].write('alive');
  await seen(child.stdio[3], 'alive');
  child.stdio[3].end();
  await event(child, 'close');
});

test('process.kill() with the pid', async () => {
  const child = cp.spawn('cat');
  process.kill(child.pid, 'SIGKILL');
  assert.deepStrictEqual(await event(child, 'close'), [null, 'SIGKILL']);
  assert.strictEqual(child.killed, false);
  assert.throws(() => process.kill(child.pid, 0), { code: 'ESRCH' });
});

test('a signal in the same tick as the spawn is not lost', async () => {
  const children = Array.from({ length: 20 }, () => cp.spawn('cat'));
  for (const child of children) assert.strictEqual(child.kill('SIGINT'), true);
  const ends = await Promise.all(children.map((child) => event(child, 'close')));
  assert.deepStrictEqual(ends, Array(20).fill([null, 'SIGINT']));
});

test('a Node child handles SIGTERM in JavaScript', async () => {
  const text =
    'process.on("SIGTERM", () => { console.log("cleaning"); process.exit(8); });' +
    'console.log("ready"); process.stdin.resume();';
  const child = cp.spawn(process.execPath, ['-e', text]);
  await seen(child.stdout, 'ready');
  child.kill();
  await seen(child.stdout, 'cleaning');
  assert.deepStrictEqual(await event(child, 'close'), [8, null]);
});

test('a Node child without a handler dies of the signal itself', async () => {
  for (const signal of ['SIGINT', 'SIGTERM']) {
    const child = cp.spawn(process.execPath, ['-e', 'console.log("ready"); process.stdin.resume();']);
    await seen(child.stdout, 'ready');
    child.kill(signal);
    assert.deepStrictEqual(await event(child, 'close'), [null, signal]);
  }
});

test(
  "kill of somebody else's process: the error event",
  { skip: process.getuid() === 0 ? false : 'needs root' },
  async () => {
    const text = `
    const cp = require(${JSON.stringify(moduleName)});
    const child = cp.spawn('cat');
    const other = cp.spawn('cat', { uid: 12345 });
    const told = [];
    other.on('error', (error) => told.push([error.code, error.syscall, error.errno, error.message]));
    other.on('spawn', () => {
      process.seteuid(65534);
      console.log(JSON.stringify([other.kill('SIGTERM'), other.killed, told]));
      process.seteuid(0);
      other.stdin.end(); child.stdin.end();
    });`;
    const { stdout, stderr } = await finish(cp.spawn(process.execPath, ['-e', text]));
    assert.deepStrictEqual(stdout && JSON.parse(stdout), [false, false, [['EPERM', 'kill', -1, 'kill EPERM']]], stderr);
  },
);
