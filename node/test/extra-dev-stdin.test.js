'use strict';
// The child's standard streams are real pipes: they can be opened again by name.

const assert = require('node:assert');
const { cp, test, finish, outcome } = require('./fixtures/support.js');

test('/dev/stdin, /dev/stdout and /dev/stderr', async () => {
  const child = cp.spawn('sh', ['-c', 'cat /dev/stdin; echo out >/dev/stdout; echo err >/dev/stderr']);
  child.stdin.end('in\n');
  assert.deepStrictEqual(await finish(child), { code: 0, signal: null, stdout: 'in\nout\n', stderr: 'err\n' });
});

test('/proc/self/fd', async () => {
  const { error, stdout } = await outcome((done) => {
    const child = cp.exec('cat /proc/self/fd/0', done);
    child.stdin.end('by its number');
    return child;
  });
  assert.strictEqual(error, null);
  assert.strictEqual(stdout, 'by its number');
});

test('in the sync verbs', () => {
  assert.strictEqual(String(cp.execSync('cat /dev/stdin; echo x >/dev/stdout', { input: 'in ' })), 'in x\n');
});
