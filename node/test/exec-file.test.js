'use strict';

const assert = require('node:assert');
const { cp, test, outcome, properties } = require('./fixtures/support.js');

test('execFile runs a file directly', async () => {
  const { error, stdout, stderr, child } = await outcome((done) =>
    cp.execFile('echo', ['$HOME', '*', '>x', '`id`'], done),
  );
  assert.strictEqual(error, null);
  assert.strictEqual(stdout, '$HOME * >x `id`\n');
  assert.strictEqual(stderr, '');
  assert.strictEqual(child.spawnfile, 'echo');
  assert.deepStrictEqual(child.spawnargs, ['echo', '$HOME', '*', '>x', '`id`']);
});

test('arguments, options and callback may each be left out', async () => {
  const calls = [
    (done) => cp.execFile('pwd', done),
    (done) => cp.execFile('pwd', [], done),
    (done) => cp.execFile('pwd', {}, done),
    (done) => cp.execFile('pwd', [], {}, done),
    (done) => cp.execFile('pwd', null, done),
    (done) => cp.execFile('pwd', undefined, undefined, done),
    (done) => cp.execFile('pwd', null, null, done),
    (done) => cp.execFile('pwd', [], null, done),
  ];
  for (const call of calls) {
    const { error, stdout } = await outcome(call);
    assert.strictEqual(error, null);
    assert.strictEqual(stdout, `${process.cwd()}\n`);
  }
  for (const rest of [[], [null], [[], {}, null], [[], {}, undefined]]) {
    const child = cp.execFile('true', ...rest);
    assert.deepStrictEqual(await new Promise((resolve) => child.on('close', (...end) => resolve(end))), [0, null]);
  }
});

test('an exit code: the command is the file and its arguments', async () => {
  const args = ['-c', 'echo no >&2; exit 9', 'a b'];
  const { error, stderr } = await outcome((done) => cp.execFile('sh', args, done));
  assert.strictEqual(error.message, 'Command failed: sh -c echo no >&2; exit 9 a b\nno\n');
  assert.deepStrictEqual(properties(error), [
    ['code', 9],
    ['killed', false],
    ['signal', null],
    ['cmd', 'sh -c echo no >&2; exit 9 a b'],
  ]);
  assert.strictEqual(stderr, 'no\n');
});

test('a missing file', async () => {
  const { error, stdout, stderr } = await outcome((done) => cp.execFile('no-such-file', ['x'], done));
  assert.strictEqual(error.message, 'spawn no-such-file ENOENT');
  assert.deepStrictEqual(properties(error), [
    ['errno', -2],
    ['code', 'ENOENT'],
    ['syscall', 'spawn no-such-file'],
    ['path', 'no-such-file'],
    ['spawnargs', ['x']],
    ['cmd', 'no-such-file x'],
  ]);
  assert.strictEqual(stdout, '');
  assert.strictEqual(stderr, '');
});

test('the option shell', async () => {
  const { stdout, child } = await outcome((done) => cp.execFile('echo $0', { shell: true }, done));
  assert.strictEqual(stdout, '/bin/sh\n');
  assert.strictEqual(child.spawnfile, '/bin/sh');
  const other = await outcome((done) => cp.execFile('echo $BASH_VERSION', { shell: '/bin/bash' }, done));
  assert.match(other.stdout, /^\d+\./);
});

test('windowsHide and windowsVerbatimArguments are accepted', async () => {
  const options = { windowsHide: true, windowsVerbatimArguments: true };
  const { error } = await outcome((done) => cp.execFile('true', [], options, done));
  assert.strictEqual(error, null);
});

test('argv0 is checked but not used', async () => {
  const { stdout } = await outcome((done) => cp.execFile('sh', ['-c', 'echo $0'], { argv0: 'other' }, done));
  assert.strictEqual(stdout, 'sh\n');
  assert.throws(() => cp.execFile('sh', [], { argv0: 1 }, () => {}), { code: 'ERR_INVALID_ARG_TYPE' });
});

test('the binary itself by its path', async () => {
  const { stdout } = await outcome((done) => cp.execFile(process.execPath, ['-e', 'console.log("hello")'], done));
  assert.strictEqual(stdout, 'hello\n');
});

test('a destroyed stream does not keep the callback away', async () => {
  const { error, stdout } = await outcome((done) => {
    const child = cp.execFile('cat', done);
    child.stdout.destroy();
    child.stdin.end();
    return child;
  });
  assert.strictEqual(error, null);
  assert.strictEqual(stdout, '');
});
