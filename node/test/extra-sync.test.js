'use strict';
// What spawnSync() has beyond Node's.

const assert = require('node:assert');
const { cp, test } = require('./fixtures/support.js');

test('endReason says why it ended, in the words of ChildProcess', () => {
  const reasonOf = (...args) => cp.spawnSync(...args).endReason;
  assert.strictEqual(reasonOf('sh', ['-c', 'exit 3']), 'exited');
  assert.strictEqual(reasonOf('sh', ['-c', 'kill -9 $$']), 'signalled');
  assert.strictEqual(reasonOf('sleep', ['1000'], { timeout: 20 }), 'timeout');
  assert.strictEqual(reasonOf('yes', { maxBuffer: 10 }), 'maxBuffer');
  assert.strictEqual(reasonOf('/no/such/program'), 'error');
});

test('endReason and resourceUsage are not enumerable: a result looks like one of Node\'s', () => {
  const result = cp.spawnSync('true');
  assert.deepStrictEqual(Object.keys(result), ['status', 'signal', 'output', 'pid', 'stdout', 'stderr']);
  assert(result.resourceUsage.maxRSS > 0);
});

test('a step that failed is named', () => {
  const { error } = cp.spawnSync('true', { cwd: '/no/such/directory' });
  assert.deepStrictEqual([error.code, error.stage], ['ENOENT', 'chdir']);
  assert.strictEqual(error.cause.message, 'chdir /no/such/directory: no such file or directory (options.cwd)');
});

test('mergeStderr: one stream, in the order of the writes', () => {
  const script = 'echo one; echo two >&2; echo three';
  assert.strictEqual(cp.execSync(script, { mergeStderr: true, encoding: 'utf8' }), 'one\ntwo\nthree\n');
});

test('grace: SIGKILL follows a killSignal that is ignored', () => {
  const script = 'trap "" TERM; echo ready; while :; do sleep 0.05; done';
  const { signal, endReason } = cp.spawnSync('sh', ['-c', script], { timeout: 500, grace: 50 });
  assert.deepStrictEqual([signal, endReason], ['SIGKILL', 'timeout']);
});

test('drainTimeout: a descendant that holds stdout is not waited for', () => {
  const { stdout, stderr, status, error } = cp.spawnSync('sh', ['-c', 'echo out; sleep 1000 & echo $! >&2'], {
    drainTimeout: 50, encoding: 'utf8',
  });
  process.kill(Number(stderr));
  assert.deepStrictEqual([stdout, status, error], ['out\n', 0, undefined]);
});
