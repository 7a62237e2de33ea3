'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { EventEmitter } = require('node:events');
const net = require('node:net');
const { cp, test, finish, event, record, script, temporaryDirectory, properties } = require('./fixtures/support.js');

test('spawn runs a program with its arguments', async () => {
  const result = await finish(cp.spawn('printf', ['%s-%s', 'a b', '$HOME']));
  assert.deepStrictEqual(result, { code: 0, signal: null, stdout: 'a b-$HOME', stderr: '' });
});

test('arguments and options may each be left out', async () => {
  for (const call of [
    ['pwd'],
    ['pwd', []],
    ['pwd', undefined],
    ['pwd', null],
    ['pwd', { cwd: '/' }],
    ['pwd', [], undefined],
    ['pwd', null, { cwd: '/' }],
    ['pwd', undefined, { cwd: '/' }],
  ]) {
    const { code, stdout } = await finish(cp.spawn(...call));
    assert.strictEqual(code, 0);
    const last = call.at(-1);
    assert.strictEqual(stdout, `${last && last.cwd ? '/' : process.cwd()}\n`);
  }
});

test('the object of a living child', async () => {
  const child = cp.spawn('cat', ['-u']);
  assert(child instanceof cp.ChildProcess);
  assert(child instanceof EventEmitter);
  assert(Number.isInteger(child.pid) && child.pid > 0);
  process.kill(child.pid, 0);
  assert.strictEqual(child.spawnfile, 'cat');
  assert.deepStrictEqual(child.spawnargs, ['cat', '-u']);
  assert.strictEqual(child.exitCode, null);
  assert.strictEqual(child.signalCode, null);
  assert.strictEqual(child.killed, false);
  assert.strictEqual(child.connected, false);
  assert.strictEqual(child.channel, undefined);
  assert.strictEqual(child.send, undefined);
  assert.strictEqual(child.disconnect, undefined);
  assert.strictEqual(child.stdio.length, 3);
  assert.strictEqual(child.stdin, child.stdio[0]);
  assert.strictEqual(child.stdout, child.stdio[1]);
  assert.strictEqual(child.stderr, child.stdio[2]);
  for (const stream of child.stdio) assert(stream instanceof net.Socket);
  assert.strictEqual(child.stdin.writable, true);
  assert.strictEqual(child.stdin.readable, false);
  assert.strictEqual(child.stdout.readable, true);
  assert.strictEqual(child.stdout.writable, true);
  child.stdin.end('through');
  const { code, stdout } = await finish(child);
  assert.strictEqual(code, 0);
  assert.strictEqual(stdout, 'through');
  assert.strictEqual(child.exitCode, 0);
  assert.strictEqual(child.signalCode, null);
  assert(child.pid > 0);
});

test("the own properties of a child have the built-in's names", async () => {
  const child = cp.spawn('true');
  await finish(child);
  const names = Object.keys(child).filter((name) => !name.startsWith('_'));
  for (const name of [
    'connected',
    'signalCode',
    'exitCode',
    'killed',
    'spawnfile',
    'pid',
    'stdin',
    'stdout',
    'stderr',
    'stdio',
    'spawnargs',
  ]) {
    assert(names.includes(name), name);
  }
});

test('the exit code in exit and close', async () => {
  for (const status of [0, 1, 3, 127, 255]) {
    const child = cp.spawn('sh', ['-c', `exit ${status}`]);
    const log = record(child);
    await event(child, 'close');
    assert.deepStrictEqual(log, [['spawn'], ['exit', status, null], ['close', status, null]]);
    assert.strictEqual(child.exitCode, status);
    assert.strictEqual(child.signalCode, null);
  }
});

test('a signal in exit and close', async () => {
  for (const signal of ['SIGTERM', 'SIGKILL', 'SIGUSR2', 'SIGABRT']) {
    const child = cp.spawn('sh', ['-c', `ulimit -c 0; kill -${signal.slice(3)} $$`]);
    const log = record(child);
    await event(child, 'close');
    assert.deepStrictEqual(log, [['spawn'], ['exit', null, signal], ['close', null, signal]]);
    assert.strictEqual(child.exitCode, null);
    assert.strictEqual(child.signalCode, signal);
  }
});

test('spawn is told first, before any data, and not in the same tick', async () => {
  const child = cp.spawn('sh', ['-c', 'echo out; echo err >&2']);
  const log = [];
  child.stdout.on('data', () => log.push('data'));
  child.stderr.on('data', () => log.push('data'));
  child.on('spawn', () => log.push('spawn'));
  log.push('after the call');
  await event(child, 'close');
  assert.deepStrictEqual(log, ['after the call', 'spawn', 'data', 'data']);
});

test('spawn is told although the command inside the shell fails', async () => {
  const child = cp.spawn('sh', ['-c', './there-is-no-such-command']);
  const log = record(child);
  child.stderr.resume();
  await event(child, 'close');
  assert.deepStrictEqual(log, [['spawn'], ['exit', 127, null], ['close', 127, null]]);
});

test('a missing command: the error event and all its properties', async () => {
  const child = cp.spawn('no-such-command', ['one', 'two']);
  assert.strictEqual(child.pid, undefined);
  const log = record(child);
  const streams = [child.stdin, child.stdout, child.stderr];
  assert(streams.every((stream) => stream instanceof net.Socket));
  await event(child, 'close');
  assert.deepStrictEqual(
    log.map(([name]) => name),
    ['error', 'close'],
  );
  const [[, error], close] = log;
  assert.deepStrictEqual(close, ['close', -2, null]);
  assert(error instanceof Error);
  assert.strictEqual(error.constructor, Error);
  assert.strictEqual(error.name, 'Error');
  assert.strictEqual(error.message, 'spawn no-such-command ENOENT');
  assert.deepStrictEqual(properties(error), [
    ['errno', -2],
    ['code', 'ENOENT'],
    ['syscall', 'spawn no-such-command'],
    ['path', 'no-such-command'],
    ['spawnargs', ['one', 'two']],
  ]);
  assert.strictEqual(child.exitCode, -2);
  assert.strictEqual(child.signalCode, null);
  assert.strictEqual(child.killed, false);
  assert.strictEqual(child.kill(), false);
  assert.strictEqual(child.killed, false);
});

test('the streams of a failed start end', async () => {
  const child = cp.spawn('no-such-command');
  child.on('error', () => {});
  const ends = [child.stdout, child.stderr].map((stream) => event(stream, 'close'));
  child.stdout.resume();
  child.stderr.resume();
  await event(child, 'close');
  await Promise.all(ends);
  assert.strictEqual(child.stdin.destroyed, true);
});

test('an error event that nobody hears is thrown', async () => {
  const text = `
    process.on('uncaughtException', (error) => { console.log(error.message); process.exitCode = 5; });
    require(${JSON.stringify(require('./fixtures/support.js').moduleName)}).spawn('no-such-command');`;
  const { code, stdout } = await finish(cp.spawn(process.execPath, ['-e', text]));
  assert.strictEqual(stdout, 'spawn no-such-command ENOENT\n');
  assert.strictEqual(code, 5);
});

test('a file that may not be executed: EACCES as an event', async (t) => {
  const file = script(temporaryDirectory(t), 'plain', '#!/bin/sh\n', 0o644);
  const child = cp.spawn(file);
  const [error] = await event(child, 'error');
  assert.deepStrictEqual(properties(error), [
    ['errno', -13],
    ['code', 'EACCES'],
    ['syscall', `spawn ${file}`],
    ['path', file],
    ['spawnargs', []],
  ]);
  await event(child, 'close');
});

test('a directory is no program: EACCES', async () => {
  const child = cp.spawn('/');
  const [error] = await event(child, 'error');
  assert.strictEqual(error.code, 'EACCES');
  await event(child, 'close');
});

test('errors that are no matter of the file are thrown', () => {
  const cases = [
    [() => cp.spawn('/etc/passwd/program'), 'ENOTDIR', -20],
    [() => cp.spawn('true', { cwd: '/etc/passwd' }), 'ENOTDIR', -20],
    [() => cp.spawn('true', ['x'.repeat(200000)]), 'E2BIG', -7],
    [() => cp.spawn(`/${'x'.repeat(5000)}`), 'ENAMETOOLONG', -36],
    [() => cp.spawn('true', { stdio: ['pipe', 'pipe', 1000] }), 'EBADF', -9],
  ];
  for (const [start, code, errno] of cases) {
    assert.throws(start, (error) => {
      assert.strictEqual(error.message, `spawn ${code}`);
      assert.deepStrictEqual(properties(error), [
        ['errno', errno],
        ['code', code],
        ['syscall', 'spawn'],
      ]);
      return true;
    });
  }
});

test('a loop of symbolic links is thrown', (t) => {
  const file = path.join(temporaryDirectory(t), 'loop');
  fs.symlinkSync(file, file);
  assert.throws(() => cp.spawn(file), { code: 'ELOOP', message: 'spawn ELOOP' });
});

test('a script whose interpreter is missing: ENOENT of the script', async (t) => {
  const file = script(temporaryDirectory(t), 'script', '#!/no/such/interpreter\n');
  const child = cp.spawn(file);
  const [error] = await event(child, 'error');
  assert.strictEqual(error.message, `spawn ${file} ENOENT`);
  await event(child, 'close');
});

test('a script without #! is run by /bin/sh', async (t) => {
  const file = script(temporaryDirectory(t), 'script with blank', 'echo "plain $1"\n');
  const { code, stdout } = await finish(cp.spawn(file, ['text']));
  assert.strictEqual(stdout, 'plain text\n');
  assert.strictEqual(code, 0);
});

test('a file name with blanks', async (t) => {
  const file = script(temporaryDirectory(t), 'a b  c', '#!/bin/sh\necho "$#"\n');
  assert.strictEqual((await finish(cp.spawn(file, ['', ' ', 'x y']))).stdout, '3\n');
});

test('many children at once', async () => {
  const results = await Promise.all(Array.from({ length: 30 }, (_, i) => finish(cp.spawn('echo', [String(i)]))));
  assert.deepStrictEqual(
    results.map(({ stdout }) => stdout),
    Array.from({ length: 30 }, (_, i) => `${i}\n`),
  );
});

test('the options object is left as it was', async () => {
  const options = Object.freeze({ env: Object.freeze({ A: '1' }), stdio: Object.freeze(['pipe', 'pipe', 'pipe']) });
  const args = Object.freeze(['-c', 'echo $A']);
  const { stdout } = await finish(cp.spawn('/bin/sh', args, options));
  assert.strictEqual(stdout, '1\n');
});

test('holes in the list of arguments', async () => {
  const holes = ['%s\\n', 'a'];
  holes[3] = 'b';
  assert.strictEqual((await finish(cp.spawn('printf', holes))).stdout, 'a\nundefined\nb\n');
  assert.strictEqual(String(cp.spawnSync('printf', holes).stdout), 'a\nundefined\nb\n');
});

test('changes of the arguments after the call do not matter', async () => {
  const args = ['one'];
  const child = cp.spawn('echo', args);
  args[0] = 'two';
  assert.deepStrictEqual(child.spawnargs, ['echo', 'one']);
  assert.strictEqual((await finish(child)).stdout, 'one\n');
});

test('windowsHide and windowsVerbatimArguments are accepted', async () => {
  const { code } = await finish(cp.spawn('true', { windowsHide: true, windowsVerbatimArguments: true }));
  assert.strictEqual(code, 0);
});

test('the child has no blocked and no ignored signals', async () => {
  const { stdout } = await finish(cp.spawn('grep', ['-E', 'SigBlk|SigIgn', '/proc/self/status']));
  assert.deepStrictEqual(stdout.match(/[0-9a-f]{16}/g), ['0'.repeat(16), '0'.repeat(16)]);
});

test("the child does not get the parent's descriptors", async () => {
  const fd = fs.openSync('/dev/null', 'r');
  const child = cp.spawn('cat');
  const file = `/proc/self/fd/${fd}`;
  assert.strictEqual((await finish(cp.spawn('test', ['-e', file]))).code, 1);
  const others = [child.stdin, child.stdout, child.stderr].map((stream) => stream._handle.fd);
  for (const other of others) {
    assert.strictEqual((await finish(cp.spawn('test', ['-e', `/proc/self/fd/${other}`]))).code, 1);
  }
  fs.closeSync(fd);
  child.stdin.end();
  await finish(child);
});
