'use strict';
// error.stage says which step of a start failed, child.endReason why a child ended.

const assert = require('node:assert');
const { cp, test, event, outcome, isRoot, temporaryDirectory, script } = require('./fixtures/support.js');

async function failure(file, options) {
  const child = cp.spawn(file, options);
  const [error] = await event(child, 'error');
  await event(child, 'close');
  return error;
}

test('stage: a missing program and a missing directory are told apart', async () => {
  assert.strictEqual((await failure('no-such-command')).stage, 'execve');
  const error = await failure('ls', { cwd: '/no/such/directory' });
  assert.strictEqual(error.stage, 'chdir');
  assert.strictEqual(error.message, 'spawn ls ENOENT');
  assert.match(error.cause.message, /^chdir \/no\/such\/directory: /);
  assert(!Object.keys(error).includes('stage'));
});

test('stage: of errors that are thrown', () => {
  assert.throws(() => cp.spawn('true', { cwd: '/etc/passwd' }), { code: 'ENOTDIR', stage: 'chdir' });
  assert.throws(() => cp.spawn('true', ['x'.repeat(200000)]), { code: 'E2BIG', stage: 'execve' });
});

test('stage: a user that may not be taken', { skip: isRoot ? false : 'needs root' }, async (t) => {
  const file = script(temporaryDirectory(t), 'closed', '#!/bin/sh\n', 0o700);
  assert.strictEqual((await failure(file, { uid: 12345 })).stage, 'execve');
});

test('endReason: null while it runs', async () => {
  const child = cp.spawn('cat');
  assert.strictEqual(child.endReason, null);
  child.stdin.end();
  await event(child, 'close');
  assert.strictEqual(child.endReason, 'exited');
});

test('endReason: every end has its own', async () => {
  const reason = async (child) => {
    child.on('error', () => {});
    await event(child, 'close');
    return child.endReason;
  };
  assert.strictEqual(await reason(cp.spawn('sh', ['-c', 'exit 9'])), 'exited');
  assert.strictEqual(await reason(cp.spawn('sh', ['-c', 'kill -9 $$'])), 'signalled');
  assert.strictEqual(await reason(cp.spawn('cat', { timeout: 10 })), 'timeout');
  assert.strictEqual(await reason(cp.spawn('cat', { signal: AbortSignal.abort() })), 'aborted');
  assert.strictEqual(await reason(cp.spawn('no-such-command')), 'error');
  const { child } = await outcome((done) => cp.exec('echo too much', { maxBuffer: 2 }, done));
  assert(['maxBuffer', 'exited'].includes(child.endReason), child.endReason);
  const killed = cp.spawn('cat');
  killed.kill();
  assert.strictEqual(await reason(killed), 'signalled');
});

test('endReason: known in the exit event', async () => {
  const child = cp.spawn('true');
  const reasons = [];
  child.on('exit', () => reasons.push(child.endReason));
  await event(child, 'close');
  assert.deepStrictEqual(reasons, ['exited']);
});

test('a real-time signal has a name', async () => {
  const child = cp.spawn('bash', ['-c', 'kill -40 $$']);
  assert.deepStrictEqual(await event(child, 'close'), [null, 'SIGRTMIN+6']);
  assert.strictEqual(cp.spawnSync('bash', ['-c', 'kill -40 $$']).signal, 'SIGRTMIN+6');
});
