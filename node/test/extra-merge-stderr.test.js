'use strict';
// options.mergeStderr: one stream for both, in the order of the writes.

const assert = require('node:assert');
const { cp, test, finish, outcome, fixture } = require('./fixtures/support.js');

const script = 'i=0; while [ $i -lt 50 ]; do echo out $i; echo err $i >&2; i=$((i + 1)); done';
const expected = Array.from({ length: 50 }, (_, i) => `out ${i}\nerr ${i}\n`).join('');

test('spawn', async () => {
  const child = cp.spawn('sh', ['-c', script], { mergeStderr: true });
  assert.strictEqual(child.stderr, null);
  assert.strictEqual((await finish(child)).stdout, expected);
});

test('exec and execFile', async () => {
  assert.strictEqual((await outcome((done) => cp.exec(script, { mergeStderr: true }, done))).stdout, expected);
  assert.strictEqual(
    (await outcome((done) => cp.execFile('sh', ['-c', script], { mergeStderr: true }, done))).stdout,
    expected,
  );
});

test('fork', async () => {
  const child = cp.fork(fixture('child.js'), ['cwd'], { silent: true, mergeStderr: true });
  assert.strictEqual(child.stderr, null);
  assert.strictEqual((await finish(child)).stdout, `${process.cwd()}\n`);
});

test('false is as without', async () => {
  const { stderr } = await finish(cp.spawn('sh', ['-c', 'echo x >&2'], { mergeStderr: false }));
  assert.strictEqual(stderr, 'x\n');
});

test('it is checked', () => {
  assert.throws(() => cp.spawn('true', { mergeStderr: 'yes' }), { code: 'ERR_INVALID_ARG_TYPE' });
});
