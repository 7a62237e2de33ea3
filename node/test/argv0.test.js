'use strict';

const assert = require('node:assert');
const { cp, test, finish, event, properties, fixture } = require('./fixtures/support.js');

test('argv[0] is the command by default', async () => {
  const { stdout } = await finish(cp.spawn('sh', ['-c', 'tr "\\0" "|" </proc/$$/cmdline']));
  assert.strictEqual(stdout.split('|')[0], 'sh');
});

test('argv0 sets argv[0]', async () => {
  const child = cp.spawn('sh', ['-c', 'tr "\\0" "|" </proc/$$/cmdline'], { argv0: 'another name' });
  assert.deepStrictEqual(child.spawnargs, ['another name', '-c', 'tr "\\0" "|" </proc/$$/cmdline']);
  assert.strictEqual(child.spawnfile, 'sh');
  assert.strictEqual((await finish(child)).stdout.split('|')[0], 'another name');
});

test('a Node child reads it in process.argv0', async () => {
  const { stdout } = await finish(cp.spawn(process.execPath, [fixture('child.js'), 'argv'], { argv0: 'my-node' }));
  const { argv0, argv } = JSON.parse(stdout);
  assert.strictEqual(argv0, 'my-node');
  assert.strictEqual(argv[0], process.execPath);
});

test('argv0 is the title of the process', async () => {
  const child = cp.spawn('cat', ['/proc/self/cmdline'], { argv0: 'the-title' });
  assert.strictEqual((await finish(child)).stdout, 'the-title\0/proc/self/cmdline\0');
});

test('argv0 in the sync verbs', () => {
  assert.strictEqual(String(cp.spawnSync('sh', ['-c', 'echo $0'], { argv0: 'x y' }).stdout), 'x y\n');
  assert.strictEqual(String(cp.execFileSync('sh', ['-c', 'echo $0'], { argv0: 'z' })), 'z\n');
});

test('an error names the arguments without argv0', async () => {
  const child = cp.spawn('no-such-command', ['a'], { argv0: 'other' });
  const [error] = await event(child, 'error');
  assert.deepStrictEqual(properties(error).slice(2), [
    ['syscall', 'spawn no-such-command'],
    ['path', 'no-such-command'],
    ['spawnargs', ['a']],
  ]);
  await event(child, 'close');
});

test('an empty argv0 is kept', async () => {
  const child = cp.spawn('sh', ['-c', 'true'], { argv0: '' });
  assert.deepStrictEqual(child.spawnargs, ['', '-c', 'true']);
  assert.strictEqual((await finish(child)).code, 0);
});

test('argv0 is checked', () => {
  for (const argv0 of [1, true, {}, []]) {
    assert.throws(() => cp.spawn('sh', { argv0 }), {
      name: 'TypeError',
      code: 'ERR_INVALID_ARG_TYPE',
      message: /^The "options\.argv0" property must be of type string\./,
    });
  }
});
