'use strict';

const assert = require('node:assert');
const { cp, test, outcome, finish, script, temporaryDirectory, fixture } = require('./fixtures/support.js');

test('spawn with shell true', async () => {
  const child = cp.spawn('echo "$0" | tr a-z A-Z', { shell: true });
  assert.strictEqual(child.spawnfile, '/bin/sh');
  assert.deepStrictEqual(child.spawnargs, ['/bin/sh', '-c', 'echo "$0" | tr a-z A-Z']);
  assert.strictEqual((await finish(child)).stdout, '/BIN/SH\n');
});

test('spawn with a shell of its own', async () => {
  const child = cp.spawn('echo ${BASH_VERSION:+bash} $0', { shell: '/bin/bash' });
  assert.strictEqual(child.spawnfile, '/bin/bash');
  assert.strictEqual((await finish(child)).stdout, 'bash /bin/bash\n');
});

test('a shell that is searched in PATH', async () => {
  assert.strictEqual((await finish(cp.spawn('echo $0', { shell: 'bash' }))).stdout, 'bash\n');
});

test('arguments are joined without quotes', async () => {
  // Newer Nodes warn once about this (DEP0190), on stderr of this process.
  const child = cp.spawn('echo', ['a  b', '$((1 + 1))', '&& echo c'], { shell: true });
  assert.deepStrictEqual(child.spawnargs, ['/bin/sh', '-c', 'echo a  b $((1 + 1)) && echo c']);
  assert.strictEqual((await finish(child)).stdout, 'a b 2\nc\n');
});

test('shell false, null, undefined and empty: no shell', async () => {
  for (const shell of [false, null, undefined, '']) {
    const child = cp.spawn('echo', ['$0'], { shell });
    assert.strictEqual(child.spawnfile, 'echo');
    assert.strictEqual((await finish(child)).stdout, '$0\n');
  }
});

test('a script of the user as shell gets -c and the command', async (t) => {
  const shell = script(temporaryDirectory(t), 'my shell', '#!/bin/sh\necho "$1|$2"\n');
  assert.strictEqual((await outcome((done) => cp.exec('the command', { shell }, done))).stdout, '-c|the command\n');
  assert.strictEqual(String(cp.execSync('the command', { shell })), '-c|the command\n');
  assert.strictEqual(String(cp.spawnSync('the', ['command'], { shell }).stdout), '-c|the command\n');
});

test('a command of several lines', async () => {
  const { stdout } = await outcome((done) => cp.exec('echo 1\necho 2\n', done));
  assert.strictEqual(stdout, '1\n2\n');
});

test('exec: the default shell, and none for an empty text', async () => {
  for (const shell of [undefined, null]) {
    assert.strictEqual((await outcome((done) => cp.exec('echo $0', { shell }, done))).stdout, '/bin/sh\n');
  }
  const { error } = await outcome((done) => cp.exec('echo $0', { shell: '' }, done));
  assert.strictEqual(error.message, 'spawn echo $0 ENOENT');
});

test('a script name with blanks has to be quoted', async (t) => {
  const directory = temporaryDirectory(t);
  script(directory, 'my script.sh', '#!/bin/sh\necho "script $1 $2"\n');
  const { stdout } = await finish(cp.spawn('"./my script.sh"', ['a', 'b'], { shell: true, cwd: directory }));
  assert.strictEqual(stdout, 'script a b\n');
  const result = await outcome((done) => cp.exec('"./my script.sh" a b', { cwd: directory }, done));
  assert.strictEqual(result.stdout, 'script a b\n');
});

test('sync verbs with a shell', () => {
  assert.strictEqual(String(cp.spawnSync('echo $0; exit 3', { shell: true }).stdout), '/bin/sh\n');
  assert.strictEqual(cp.spawnSync('exit 3', { shell: true }).status, 3);
  assert.strictEqual(String(cp.execFileSync('echo $0', { shell: true })), '/bin/sh\n');
  assert.strictEqual(String(cp.execSync('echo $0', { shell: '/bin/bash' })), '/bin/bash\n');
});

test('the environment of the shell', async () => {
  const options = { shell: true, env: { WORD: 'from env' } };
  assert.strictEqual((await finish(cp.spawn('echo $WORD', options))).stdout, 'from env\n');
});

test('fork has no shell', async () => {
  const child = cp.fork(fixture('child.js'), ['argv', '$HOME;'], { shell: true, silent: true });
  const { argv } = JSON.parse((await finish(child)).stdout);
  assert.strictEqual(argv[3], '$HOME;');
  assert.strictEqual(child.spawnfile, process.execPath);
});

test('shell is checked', () => {
  for (const shell of [1, {}, [], () => {}]) {
    assert.throws(() => cp.spawn('true', { shell }), {
      name: 'TypeError',
      code: 'ERR_INVALID_ARG_TYPE',
      message: /^The "options\.shell" property must be one of type boolean or string\./,
    });
  }
});
