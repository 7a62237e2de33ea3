'use strict';

const assert = require('node:assert');
const { promisify } = require('node:util');
const { cp, test, event, properties } = require('./fixtures/support.js');

const exec = promisify(cp.exec);
const execFile = promisify(cp.execFile);

test('resolves with stdout and stderr', async () => {
  const result = await exec('echo out; echo err >&2');
  assert.deepStrictEqual(Object.entries(result), [['stdout', 'out\n'], ['stderr', 'err\n']]);
  assert.deepStrictEqual({ ...await execFile('echo', ['one', 'two']) }, { stdout: 'one two\n', stderr: '' });
});

test('the promise has the child', async () => {
  for (const promise of [exec('exit 0'), execFile('true')]) {
    assert(promise instanceof Promise);
    assert(promise.child instanceof cp.ChildProcess);
    assert(promise.child.pid > 0);
    await promise;
    assert.strictEqual(promise.child.exitCode, 0);
  }
});

test('child.kill() ends the promise', async () => {
  const promise = execFile('cat');
  promise.child.kill();
  await assert.rejects(promise, { killed: true, signal: 'SIGTERM', code: null });
});

test('a rejection has the same error with stdout and stderr', async () => {
  await assert.rejects(exec('echo out; echo err >&2; exit 5'), (error) => {
    assert.strictEqual(error.message, 'Command failed: echo out; echo err >&2; exit 5\nerr\n');
    assert.deepStrictEqual(properties(error), [['code', 5], ['killed', false], ['signal', null],
      ['cmd', 'echo out; echo err >&2; exit 5'], ['stdout', 'out\n'], ['stderr', 'err\n']]);
    return true;
  });
});

test('a missing file rejects', async () => {
  const promise = execFile('no-such-file', ['1']);
  assert.strictEqual(promise.child.pid, undefined);
  await assert.rejects(promise, (error) => {
    assert.deepStrictEqual(properties(error), [['errno', -2], ['code', 'ENOENT'], ['syscall', 'spawn no-such-file'],
      ['path', 'no-such-file'], ['spawnargs', ['1']], ['cmd', 'no-such-file 1'], ['stdout', ''], ['stderr', '']]);
    return true;
  });
});

test('maxBuffer rejects with what came', async () => {
  await assert.rejects(exec('echo 123456', { maxBuffer: 3 }), {
    name: 'RangeError', code: 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER', stdout: '123', stderr: '',
  });
});

test('encoding', async () => {
  const { stdout, stderr } = await execFile('echo', ['x'], { encoding: 'buffer' });
  assert.deepStrictEqual([stdout, stderr], [Buffer.from('x\n'), Buffer.alloc(0)]);
});

test('wrong arguments throw and do not reject', () => {
  assert.throws(() => execFile(1), { code: 'ERR_INVALID_ARG_TYPE' });
  assert.throws(() => exec(), { code: 'ERR_INVALID_ARG_TYPE' });
});

test('the promisified function is the same each time', () => {
  assert.strictEqual(promisify(cp.exec), exec);
  assert.strictEqual(cp.exec[promisify.custom], exec);
  assert.strictEqual(cp.execFile[promisify.custom], execFile);
  for (const verb of [cp.exec, cp.execFile]) {
    const { enumerable } = Object.getOwnPropertyDescriptor(verb, promisify.custom);
    assert.strictEqual(enumerable, false);
  }
});

test('the promise is settled before the close event', async () => {
  const log = [];
  const promise = exec('echo 1');
  promise.child.on('close', () => log.push('close'));
  const closed = event(promise.child, 'close');
  await promise.then(() => log.push('promise'));
  await closed;
  assert.deepStrictEqual(log, ['close', 'promise']);
});
