'use strict';

const assert = require('node:assert');
const { cp, test, outcome, event, properties, fixture, seen } = require('./fixtures/support.js');

const child = fixture('child.js');

test('spawn: timeout sends SIGTERM and is no error', async () => {
  const started = cp.spawn('cat', { timeout: 20 });
  const errors = [];
  started.on('error', (error) => errors.push(error));
  assert.deepStrictEqual(await event(started, 'close'), [null, 'SIGTERM']);
  assert.strictEqual(started.killed, true);
  assert.deepStrictEqual(errors, []);
});

test('spawn: timeout with killSignal', async () => {
  for (const [killSignal, name] of [
    ['SIGKILL', 'SIGKILL'],
    [2, 'SIGINT'],
    ['SIGUSR1', 'SIGUSR1'],
  ]) {
    const started = cp.spawn('cat', { timeout: 10, killSignal });
    assert.deepStrictEqual(await event(started, 'close'), [null, name]);
  }
});

test('spawn: a child that is faster than the timeout', async () => {
  const started = cp.spawn('true', { timeout: 15000 });
  assert.deepStrictEqual(await event(started, 'close'), [0, null]);
  assert.strictEqual(started.killed, false);
});

test('spawn: timeout 0 and undefined are no timeout', async () => {
  for (const timeout of [0, undefined]) {
    const started = cp.spawn('cat', { timeout });
    started.stdin.end();
    assert.deepStrictEqual(await event(started, 'close'), [0, null]);
  }
});

test('spawn: a child that handles the signal goes on', async () => {
  const started = cp.spawn('sh', ['-c', 'trap "echo got" TERM; echo ready; while ! read line; do :; done; exit 6'], {
    timeout: 50,
  });
  await seen(started.stdout, 'got');
  started.stdin.end('line\n');
  assert.deepStrictEqual(await event(started, 'close'), [6, null]);
});

test('exec: timeout', async () => {
  const { error, stdout } = await outcome((done) => cp.exec('echo before; read line', { timeout: 100 }, done));
  assert.strictEqual(error.message, 'Command failed: echo before; read line\n');
  assert.deepStrictEqual(properties(error), [
    ['code', null],
    ['killed', true],
    ['signal', 'SIGTERM'],
    ['cmd', 'echo before; read line'],
  ]);
  assert.strictEqual(stdout, 'before\n');
});

test('exec: timeout with killSignal', async () => {
  const { error } = await outcome((done) => cp.exec('read line', { timeout: 20, killSignal: 'SIGKILL' }, done));
  assert.strictEqual(error.signal, 'SIGKILL');
  assert.strictEqual(error.killed, true);
});

test('execFile: timeout', async () => {
  const { error } = await outcome((done) => cp.execFile('cat', ['-'], { timeout: 20, killSignal: 9 }, done));
  assert.strictEqual(error.message, 'Command failed: cat -\n');
  assert.deepStrictEqual(properties(error), [
    ['code', null],
    ['killed', true],
    ['signal', 'SIGKILL'],
    ['cmd', 'cat -'],
  ]);
});

test('execFile: a grandchild that holds the output does not keep the callback after a timeout', async () => {
  // The streams are destroyed when the time is over, so nobody waits for the grandchild.
  const script = `exec 3<&0; "${process.execPath}" "${child}" pause <&3 & exec 0</dev/null; wait`;
  const { error, child: started } = await outcome((done) => cp.execFile('sh', ['-c', script], { timeout: 100 }, done));
  assert.strictEqual(error.killed, true);
  started.stdin.destroy();
});

test('fork: timeout', async () => {
  const started = cp.fork(child, ['pause'], { timeout: 20, killSignal: 'SIGKILL', silent: true });
  assert.deepStrictEqual(await event(started, 'close'), [null, 'SIGKILL']);
});

test('a timer of a child that is gone does not hold the process', async () => {
  const { moduleName } = require('./fixtures/support.js');
  const text = `const { spawn, exec } = require(${JSON.stringify(moduleName)});
    spawn('true', { timeout: 1000000 }); exec('true', { timeout: 1000000 });`;
  const parent = cp.spawn(process.execPath, ['-e', text]);
  assert.deepStrictEqual(await event(parent, 'close'), [0, null]);
});
