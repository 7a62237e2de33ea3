'use strict';
// child-process-c/promises: each function resolves with all that is known of a process that has ended.

const assert = require('node:assert');
const { cp, test, fixture, event, seen } = require('./fixtures/support.js');
const promises = require('../promises.js');

const child = fixture('child.js');

test('a result says how the process ended, what it wrote and what it used', async () => {
  const promise = promises.spawn('sh', ['-c', 'echo out; echo err >&2']);
  assert(promise.child instanceof cp.ChildProcess);
  const { resourceUsage, ...rest } = await promise;
  assert.deepStrictEqual(rest, {
    pid: promise.child.pid, code: 0, signal: null, stdout: 'out\n', stderr: 'err\n', endReason: 'exited',
  });
  assert(resourceUsage.maxRSS > 0);
});

test('all four of them start and gather', async () => {
  assert.strictEqual((await promises.exec('echo "$0"')).stdout, '/bin/sh\n');
  assert.strictEqual((await promises.execFile('echo', ['a b'])).stdout, 'a b\n');
  assert.strictEqual((await promises.spawn('echo', ['a b'], { argv0: 'other' })).stdout, 'a b\n');
  const forked = await promises.fork(child, ['argv'], { silent: true });
  assert.deepStrictEqual(JSON.parse(forked.stdout).argv.slice(1), [child, 'argv']);
});

test('arguments may be left out', async () => {
  assert.strictEqual((await promises.execFile('pwd', { cwd: '/' })).stdout, '/\n');
  assert.strictEqual((await promises.spawn('pwd', null, { cwd: '/' })).stdout, '/\n');
  assert.strictEqual((await promises.spawn('true')).code, 0);
});

for (const name of ['exec', 'execFile', 'spawn']) {
  test(`${name}: a failure rejects with the error of exec() and what the result has`, async () => {
    const start = { exec: ['echo out; exit 3'], execFile: ['sh', ['-c', 'echo out; exit 3']] };
    await assert.rejects(promises[name](...start[name] ?? start.execFile), (error) => {
      assert.match(error.message, /^Command failed: .*echo out; exit 3\n$/);
      assert.strictEqual(error.code, 3);
      assert.strictEqual(error.stdout, 'out\n');
      assert.strictEqual(error.endReason, 'exited');
      assert(error.pid > 0);
      assert(error.resourceUsage.maxRSS > 0);
      return true;
    });
  });

  test(`${name}: with reject: false a failure is a result`, async () => {
    const result = await promises[name]('/no/such/program', { reject: false, shell: false });
    const ended = { code: result.code, signal: result.signal, stdout: result.stdout };
    const wanted = name === 'exec' ? 127 : null; // exec always has its shell
    assert.deepStrictEqual(ended, { code: wanted, signal: null, stdout: '' });
    assert.strictEqual(result.endReason, wanted === null ? 'error' : 'exited');
    assert.strictEqual(result.error.code, wanted === null ? 'ENOENT' : 127);
  });

  test(`${name}: input is written to stdin, which is ended`, async () => {
    for (const input of ['b\na\n', Buffer.from('b\na\n'), new DataView(Uint8Array.of(98, 10, 97, 10).buffer)])
      assert.strictEqual((await promises[name]('sort', { input })).stdout, 'a\nb\n');
    assert.strictEqual((await promises[name]('cat', { input: '' })).stdout, '');
  });

  test(`${name}: an abort rejects when the process has ended`, async () => {
    const controller = new AbortController();
    const promise = promises[name]('cat', { signal: controller.signal });
    await event(promise.child, 'spawn');
    controller.abort();
    await assert.rejects(promise, { name: 'AbortError', code: 'ABORT_ERR', signal: 'SIGTERM', endReason: 'aborted' });
    assert.strictEqual(promise.child.signalCode, 'SIGTERM');
  });

  test(`${name}: more than maxBuffer rejects, with the first bytes`, async () => {
    await assert.rejects(promises[name]('yes', { maxBuffer: 5 }),
      { code: 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER', stdout: 'y\ny\ny', endReason: 'maxBuffer' });
  });

  test(`${name}: a timeout rejects`, async () => {
    const error = { killed: true, signal: 'SIGKILL', code: null, endReason: 'timeout' };
    await assert.rejects(promises[name]('cat', { timeout: 20, killSignal: 'SIGKILL' }), error);
  });

  test(`${name}: encoding: 'buffer' gives Buffers`, async () => {
    const { stdout, stderr } = await promises[name]('cat', { input: Buffer.of(255, 0), encoding: 'buffer' });
    assert.deepStrictEqual([stdout, stderr], [Buffer.of(255, 0), Buffer.alloc(0)]);
  });
}

test('a child that does not read its input is judged by its status', async () => {
  assert.strictEqual((await promises.spawn('true', { input: Buffer.alloc(1 << 20) })).code, 0);
});

test('without input stdin is the caller\'s', async () => {
  const promise = promises.spawn('cat');
  promise.child.stdin.write('first ');
  await seen(promise.child.stdout, 'first ');
  promise.child.stdin.end('second');
  assert.strictEqual((await promise).stdout, 'first second');
});

test('what stdio takes away is empty', async () => {
  const { stdout, stderr } = await promises.spawn('echo', ['a'], { stdio: ['pipe', 'ignore', 'pipe'] });
  assert.deepStrictEqual([stdout, stderr], ['', '']);
});

test('messages of a forked child', async () => {
  const promise = promises.fork(child, ['tell', '{"a":1}'], { silent: true });
  assert.deepStrictEqual((await event(promise.child, 'message'))[0], { a: 1 });
  assert.strictEqual((await promise).code, 0);
});

test('what cannot be meant rejects, even with reject: false, and starts nothing', async () => {
  const wrong = [
    promises.exec(1), promises.execFile('ls', 1), promises.spawn('ls', 'a'), promises.fork(1),
    promises.spawn('ls', { input: 1, reject: false }), promises.exec('ls', { input: {}, reject: false }),
  ];
  for (const promise of wrong) {
    assert.strictEqual(promise.child, undefined);
    await assert.rejects(promise, { code: 'ERR_INVALID_ARG_TYPE' });
  }
  for (const options of [{ timeout: -1 }, { maxBuffer: -1 }])
    await assert.rejects(promises.spawn('ls', { ...options, reject: false }), { code: 'ERR_OUT_OF_RANGE' });
  await assert.rejects(promises.spawn('ls', { killSignal: 'SIGNOTHING' }), { code: 'ERR_UNKNOWN_SIGNAL' });
});
