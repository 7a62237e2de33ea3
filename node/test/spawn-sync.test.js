'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { cp, test, finish, major, moduleName, properties, temporaryDirectory } = require('./fixtures/support.js');

// On failure Node 20 has null where later ones have undefined.
const noOutput = major >= 22 ? undefined : null;

test('the result and the order of its keys', () => {
  const result = cp.spawnSync('sh', ['-c', 'echo out; echo err >&2; exit 3']);
  assert.deepStrictEqual(Object.keys(result), ['status', 'signal', 'output', 'pid', 'stdout', 'stderr']);
  assert.strictEqual(result.status, 3);
  assert.strictEqual(result.signal, null);
  assert(Number.isInteger(result.pid) && result.pid > 0);
  assert.deepStrictEqual(result.output, [null, Buffer.from('out\n'), Buffer.from('err\n')]);
  assert.strictEqual(result.stdout, result.output[1]);
  assert.strictEqual(result.stderr, result.output[2]);
  assert.strictEqual(result.error, undefined);
});

test('arguments and options may each be left out', () => {
  for (const call of [
    ['pwd'],
    ['pwd', []],
    ['pwd', {}],
    ['pwd', [], {}],
    ['pwd', null, {}],
    ['pwd', undefined, undefined],
  ]) {
    assert.strictEqual(String(cp.spawnSync(...call).stdout), `${process.cwd()}\n`);
  }
});

test('a signal', () => {
  const { status, signal } = cp.spawnSync('sh', ['-c', 'kill -KILL $$']);
  assert.deepStrictEqual([status, signal], [null, 'SIGKILL']);
});

test('a missing command is returned, not thrown', () => {
  const result = cp.spawnSync('no-such-command', ['a', 'b']);
  assert.deepStrictEqual(Object.keys(result), ['error', 'status', 'signal', 'output', 'pid', 'stdout', 'stderr']);
  assert.deepStrictEqual(
    [result.status, result.signal, result.output, result.pid, result.stdout, result.stderr],
    [null, null, null, 0, noOutput, noOutput],
  );
  assert.strictEqual(result.error.message, 'spawnSync no-such-command ENOENT');
  assert.deepStrictEqual(properties(result.error), [
    ['errno', -2],
    ['code', 'ENOENT'],
    ['syscall', 'spawnSync no-such-command'],
    ['path', 'no-such-command'],
    ['spawnargs', ['a', 'b']],
  ]);
});

test('all other failures are returned too', () => {
  const cases = [
    [['/'], 'EACCES', -13],
    [['/etc/passwd/x'], 'ENOTDIR', -20],
    [['true', { cwd: '/etc/passwd' }], 'ENOTDIR', -20],
    [['true', ['x'.repeat(200000)]], 'E2BIG', -7],
  ];
  for (const [call, code, errno] of cases) {
    const { error, pid } = cp.spawnSync(...call);
    assert.strictEqual(error.message, `spawnSync ${call[0]} ${code}`);
    assert.deepStrictEqual(properties(error).slice(0, 3), [
      ['errno', errno],
      ['code', code],
      ['syscall', `spawnSync ${call[0]}`],
    ]);
    assert.strictEqual(pid, 0);
  }
});

test('input: text, Buffer, TypedArray, DataView', () => {
  const bytes = Buffer.from('bytes');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const wide = Uint16Array.from([0x6261, 0x6463]);
  const cases = [
    ['text é', 'text é'],
    [bytes, 'bytes'],
    [new Uint8Array(bytes), 'bytes'],
    [view, 'bytes'],
    [wide, 'abcd'],
    ['', ''],
    [Buffer.alloc(0), ''],
  ];
  for (const [input, expected] of cases) assert.strictEqual(String(cp.spawnSync('cat', { input }).stdout), expected);
});

test('input needs a pipe at stdio[0]', () => {
  assert.strictEqual(String(cp.spawnSync('cat', { input: 'x', stdio: 'pipe' }).stdout), 'x');
  assert.strictEqual(String(cp.spawnSync('cat', { input: 'x', stdio: [null, 'pipe', 'pipe'] }).stdout), 'x');
  assert.strictEqual(String(cp.spawnSync('cat', { input: 'x', stdio: ['ignore', 'pipe', 'pipe'] }).stdout), '');
});

test('without input stdin is at its end', () => {
  const { status, stdout } = cp.spawnSync('cat');
  assert.deepStrictEqual([status, stdout.length], [0, 0]);
});

test('large input and output at the same time', () => {
  const input = Buffer.alloc(4000000, 'abc');
  const { stdout, status } = cp.spawnSync('cat', { input, maxBuffer: Infinity });
  assert.strictEqual(status, 0);
  assert(stdout.equals(input));
});

test('a child that does not read its input: EPIPE beside the status', () => {
  const { error, status } = cp.spawnSync('sh', ['-c', 'exec 0<&-; exit 4'], { input: Buffer.alloc(4000000) });
  assert.strictEqual(status, 4);
  assert.strictEqual(error.code, 'EPIPE');
  assert.strictEqual(error.message, 'spawnSync sh EPIPE');
});

test('stdio ignore', () => {
  const { output, stdout, stderr } = cp.spawnSync('sh', ['-c', 'echo x; cat'], { stdio: 'ignore' });
  assert.deepStrictEqual([output, stdout, stderr], [[null, null, null], null, null]);
});

test('stdio: what is not captured is null', () => {
  const { output } = cp.spawnSync('sh', ['-c', 'echo out; echo err >&2'], { stdio: ['pipe', 'ignore', 'pipe'] });
  assert.deepStrictEqual(output, [null, null, Buffer.from('err\n')]);
});

test('stdio inherit', async () => {
  const text = `
    const cp = require(${JSON.stringify(moduleName)});
    const script = 'read l; echo got $l; echo e >&2';
    const { output, status } = cp.spawnSync('sh', ['-c', script], { stdio: 'inherit' });
    console.log(JSON.stringify([output, status]));`;
  const child = cp.spawn(process.execPath, ['-e', text]);
  child.stdin.end('line\n');
  assert.deepStrictEqual(await finish(child), {
    code: 0,
    signal: null,
    stdout: 'got line\n[[null,null,null],0]\n',
    stderr: 'e\n',
  });
});

test('stdio: files', (t) => {
  const file = path.join(temporaryDirectory(t), 'file');
  const fd = fs.openSync(file, 'w+');
  cp.spawnSync('sh', ['-c', 'echo out; echo err >&2'], { stdio: ['ignore', fd, fd] });
  assert.strictEqual(fs.readFileSync(file, 'utf8'), 'out\nerr\n');
  const input = fs.openSync(file, 'r');
  assert.strictEqual(String(cp.spawnSync('cat', { stdio: [input, 'pipe', 'pipe'] }).stdout), 'out\nerr\n');
  fs.closeSync(fd);
  fs.closeSync(input);
});

test('stdio: extra pipes are captured', () => {
  const { output } = cp.spawnSync('sh', ['-c', 'echo three >&3; echo five >&5'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'ignore', 'pipe'],
  });
  assert.deepStrictEqual(
    output.map((part) => part && String(part)),
    [null, null, null, 'three\n', null, 'five\n'],
  );
});

test('stdio: ipc throws', () => {
  assert.throws(() => cp.spawnSync('true', { stdio: ['pipe', 'pipe', 'pipe', 'ipc'] }), {
    name: 'Error',
    code: 'ERR_IPC_SYNC_FORK',
    message: 'IPC cannot be used with synchronous forks',
  });
});

test('timeout: ETIMEDOUT, the signal and the output so far', () => {
  const late = cp.spawnSync('sh', ['-c', 'echo before; exec sleep 100'], { timeout: 100 });
  assert.strictEqual(late.status, null);
  assert.strictEqual(late.signal, 'SIGTERM');
  assert.strictEqual(String(late.stdout), 'before\n');
  assert.strictEqual(late.error.message, 'spawnSync sh ETIMEDOUT');
  assert.deepStrictEqual(properties(late.error), [
    ['errno', -110],
    ['code', 'ETIMEDOUT'],
    ['syscall', 'spawnSync sh'],
    ['path', 'sh'],
    ['spawnargs', ['-c', 'echo before; exec sleep 100']],
  ]);
});

test('timeout: killSignal', () => {
  for (const [killSignal, name] of [
    ['SIGKILL', 'SIGKILL'],
    [2, 'SIGINT'],
  ]) {
    const { signal, error } = cp.spawnSync('sleep', ['100'], { timeout: 20, killSignal });
    assert.strictEqual(signal, name);
    assert.strictEqual(error.code, 'ETIMEDOUT');
  }
});

test('timeout: a child that handles the signal is waited for', () => {
  const script = `trap 'kill $!; exit 9' TERM; sleep 100 >/dev/null 2>&1 & wait; exit 1`;
  const { status, signal, error } = cp.spawnSync('sh', ['-c', script], { timeout: 500 });
  assert.deepStrictEqual([status, signal], [9, null]);
  assert.strictEqual(error.code, 'ETIMEDOUT');
});

test('maxBuffer: ENOBUFS', () => {
  const { error, stdout } = cp.spawnSync('head', ['-c', '100000', '/dev/zero'], { maxBuffer: 1000 });
  assert.strictEqual(error.message, 'spawnSync head ENOBUFS');
  assert.strictEqual(error.code, 'ENOBUFS');
  assert.strictEqual(error.errno, -105);
  assert(stdout.length >= 1000);
});

test('maxBuffer: exactly that many bytes are allowed', () => {
  const { error, stdout } = cp.spawnSync('head', ['-c', '1000', '/dev/zero'], { maxBuffer: 1000 });
  assert.strictEqual(error, undefined);
  assert.strictEqual(stdout.length, 1000);
});

test('maxBuffer: the default is one MiB, Infinity and 0 have no limit', () => {
  const args = ['-c', String(1024 * 1024 + 1), '/dev/zero'];
  assert.strictEqual(cp.spawnSync('head', args).error.code, 'ENOBUFS');
  for (const maxBuffer of [Infinity, 0]) {
    const { error, stdout } = cp.spawnSync('head', args, { maxBuffer });
    assert.strictEqual(error, undefined);
    assert.strictEqual(stdout.length, 1024 * 1024 + 1);
  }
});

test('maxBuffer kills an endless child', () => {
  const { error, signal } = cp.spawnSync('yes', { maxBuffer: 5000, killSignal: 'SIGKILL' });
  assert.strictEqual(error.code, 'ENOBUFS');
  assert(signal === 'SIGKILL' || signal === 'SIGPIPE', signal);
});

test('it waits for a grandchild that holds stdout', () => {
  const { stdout } = cp.spawnSync('sh', ['-c', 'echo first; (read line <&3; echo late) 3<&0 &'], { input: '\n' });
  assert.strictEqual(String(stdout), 'first\nlate\n');
});

test('the event loop stands still', () => {
  let ticked = false;
  process.nextTick(() => {
    ticked = true;
  });
  setImmediate(() => {
    ticked = true;
  });
  cp.spawnSync('true');
  assert.strictEqual(ticked, false);
});

test('a child of spawn is not disturbed by spawnSync', async () => {
  const child = cp.spawn('sh', ['-c', 'exit 7']);
  for (let i = 0; i < 10; i++) assert.strictEqual(cp.spawnSync('true').status, 0);
  assert.strictEqual((await finish(child)).code, 7);
});

test('the options object is left as it was', () => {
  const options = Object.freeze({ stdio: Object.freeze(['pipe', 'pipe', 'pipe']), input: 'x', env: Object.freeze({}) });
  assert.strictEqual(String(cp.spawnSync('cat', Object.freeze([]), options).stdout), 'x');
});

test('detached', () => {
  const { stdout } = cp.spawnSync('sh', ['-c', 'cut -d" " -f5,6 /proc/$$/stat; echo $$'], { detached: true });
  const [ids, pid] = String(stdout).trim().split('\n');
  assert.strictEqual(ids, `${pid} ${pid}`);
});
