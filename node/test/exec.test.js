'use strict';

const assert = require('node:assert');
const { cp, test, outcome, finish, properties, fixture, script, temporaryDirectory } = require('./fixtures/support.js');

test('exec runs a shell command and gives its output', async () => {
  const { error, stdout, stderr } = await outcome((done) => cp.exec('echo out; echo err >&2', done));
  assert.strictEqual(error, null);
  assert.strictEqual(stdout, 'out\n');
  assert.strictEqual(stderr, 'err\n');
});

test('the shell treats special characters', async () => {
  const env = { HOME: '/the/home', PATH: process.env.PATH };
  const { stdout } = await outcome((done) =>
    cp.exec('echo "The \\$HOME variable is $HOME" | cat; echo $((2 + 3))', { env }, done),
  );
  assert.strictEqual(stdout, 'The $HOME variable is /the/home\n5\n');
});

test('a quoted file name with blanks', async (t) => {
  const file = script(temporaryDirectory(t), 'test file.sh', '#!/bin/sh\necho "$2 $1"\n');
  const { stdout } = await outcome((done) => cp.exec(`"${file}" arg1 arg2`, done));
  assert.strictEqual(stdout, 'arg2 arg1\n');
});

test('the child of exec is the shell', async () => {
  const { child } = await outcome((done) => cp.exec('exit 0', done));
  assert(child instanceof cp.ChildProcess);
  assert.strictEqual(child.spawnfile, '/bin/sh');
  assert.deepStrictEqual(child.spawnargs, ['/bin/sh', '-c', 'exit 0']);
});

test('an exit code other than 0: the error and its properties in order', async () => {
  const { error, stdout, stderr } = await outcome((done) => cp.exec('echo out; echo wrong >&2; exit 3', done));
  assert(error instanceof Error);
  assert.strictEqual(error.constructor, Error);
  assert.strictEqual(error.message, 'Command failed: echo out; echo wrong >&2; exit 3\nwrong\n');
  assert.deepStrictEqual(properties(error), [
    ['code', 3],
    ['killed', false],
    ['signal', null],
    ['cmd', 'echo out; echo wrong >&2; exit 3'],
  ]);
  assert.strictEqual(stdout, 'out\n');
  assert.strictEqual(stderr, 'wrong\n');
});

test('the message ends with a newline also without output', async () => {
  const { error } = await outcome((done) => cp.exec('exit 1', done));
  assert.strictEqual(error.message, 'Command failed: exit 1\n');
});

test('death by a signal', async () => {
  const { error } = await outcome((done) => cp.exec('kill -KILL $$', done));
  assert.deepStrictEqual(properties(error), [
    ['code', null],
    ['killed', false],
    ['signal', 'SIGKILL'],
    ['cmd', 'kill -KILL $$'],
  ]);
});

test('killed by the caller', async () => {
  const { error, child } = await outcome((done) => {
    const started = cp.exec('read line', done);
    started.kill('SIGINT');
    return started;
  });
  assert.deepStrictEqual(properties(error), [
    ['code', null],
    ['killed', true],
    ['signal', 'SIGINT'],
    ['cmd', 'read line'],
  ]);
  assert.strictEqual(child.killed, true);
});

test('killed, but left with code 0: no error', async () => {
  const { error, stdout } = await outcome((done) => {
    const child = cp.exec('trap "exit 0" TERM; echo ready; while :; do read line || exit 4; done', done);
    child.stdout.once('data', () => child.kill());
    return child;
  });
  assert.strictEqual(error, null);
  assert.strictEqual(stdout, 'ready\n');
});

test('a missing shell', async () => {
  const { error, stdout, stderr } = await outcome((done) => cp.exec('true', { shell: '/no/such/shell' }, done));
  assert.deepStrictEqual(properties(error), [
    ['errno', -2],
    ['code', 'ENOENT'],
    ['syscall', 'spawn /no/such/shell'],
    ['path', '/no/such/shell'],
    ['spawnargs', ['-c', 'true']],
    ['cmd', 'true'],
  ]);
  assert.strictEqual(stdout, '');
  assert.strictEqual(stderr, '');
});

test('the callback comes once, after close, and not in the call', async () => {
  const log = [];
  await new Promise((resolve) => {
    const child = cp.exec('echo text', () => {
      log.push('callback');
      resolve();
    });
    child.on('exit', () => log.push('exit'));
    child.on('close', () => log.push('close'));
    log.push('returned');
  });
  assert.deepStrictEqual(log, ['returned', 'exit', 'callback', 'close']);
});

test('without a callback', async () => {
  const { code, stdout } = await finish(cp.exec('echo text; exit 2'));
  assert.strictEqual(code, 2);
  assert.strictEqual(stdout, 'text\n');
});

test('options may be null or undefined', async () => {
  for (const options of [null, undefined]) {
    const { stdout } = await outcome((done) => cp.exec('echo 1', options, done));
    assert.strictEqual(stdout, '1\n');
  }
});

test('listeners see the same data as the callback', async () => {
  let seen = '';
  const { stdout } = await outcome((done) => {
    const child = cp.exec('echo one; echo two', done);
    child.stdout.on('data', (chunk) => {
      assert.strictEqual(typeof chunk, 'string');
      seen += chunk;
    });
    return child;
  });
  assert.strictEqual(seen, stdout);
});

test('input through stdin', async () => {
  const { stdout } = await outcome((done) => {
    const child = cp.exec('cat', done);
    child.stdin.end('from the parent');
    return child;
  });
  assert.strictEqual(stdout, 'from the parent');
});

test('output of one MiB, the default limit', async () => {
  const { error, stdout } = await outcome((done) => cp.exec('head -c 1048576 /dev/zero', done));
  assert.strictEqual(error, null);
  assert.strictEqual(stdout.length, 1048576);
});

test('exec waits for a grandchild that holds the output', async () => {
  const child = fixture('child.js');
  const { stdout } = await outcome((done) => cp.exec(`"${process.execPath}" "${child}" cwd & echo first`, done));
  assert.strictEqual(stdout, `first\n${process.cwd()}\n`);
});

test('an argument list that is too long is thrown and the callback is not called', async () => {
  let called = false;
  assert.throws(
    () =>
      cp.exec('x'.repeat(200000), () => {
        called = true;
      }),
    { code: 'E2BIG', message: 'spawn E2BIG' },
  );
  await new Promise(setImmediate);
  assert.strictEqual(called, false);
});

test('stdio of exec is always pipes', async () => {
  const { stdout } = await outcome((done) => cp.exec('echo captured', { stdio: 'ignore' }, done));
  assert.strictEqual(stdout, 'captured\n');
});

test('an exception in the callback is an uncaught exception', async () => {
  const text = `
    process.on('uncaughtException', (error) => console.log('caught', error.message));
    const cp = require(${JSON.stringify(require('./fixtures/support.js').moduleName)});
    cp.exec('true', () => { throw new Error('mine'); });`;
  const child = cp.spawn(process.execPath, ['-e', text]);
  const { stdout } = await finish(child);
  assert.strictEqual(stdout, 'caught mine\n');
});
