'use strict';

const assert = require('node:assert');
const { promisify } = require('node:util');
const { cp, test, outcome, event, record, properties, fixture } = require('./fixtures/support.js');

const program = fixture('child.js');

function checkAbortError(error, cause) {
  assert(error instanceof Error);
  assert.strictEqual(error.name, 'AbortError');
  assert.strictEqual(error.code, 'ABORT_ERR');
  assert.strictEqual(error.message, 'The operation was aborted');
  assert.strictEqual(error.cause, cause);
}

test('spawn: abort kills and emits an AbortError', async () => {
  const controller = new AbortController();
  const child = cp.spawn('cat', { signal: controller.signal });
  const log = record(child);
  await event(child, 'spawn');
  const reason = new Error('mine');
  controller.abort(reason);
  // The error is told in the call of abort().
  assert.deepStrictEqual(
    log.map(([name]) => name),
    ['spawn', 'error'],
  );
  checkAbortError(log[1][1], reason);
  assert.strictEqual(child.killed, true);
  await event(child, 'close');
  assert.deepStrictEqual(log.slice(2), [
    ['exit', null, 'SIGTERM'],
    ['close', null, 'SIGTERM'],
  ]);
});

test('spawn: the default reason', async () => {
  const controller = new AbortController();
  const child = cp.spawn('cat', { signal: controller.signal });
  const [error] = await Promise.all([
    event(child, 'error').then(([first]) => first),
    event(child, 'close'),
    new Promise((resolve) => child.on('spawn', () => resolve(controller.abort()))),
  ]);
  checkAbortError(error, controller.signal.reason);
  assert.deepStrictEqual(Object.keys(error), ['code', 'name']);
});

test('spawn: aborted in the same tick as the call', async () => {
  const controller = new AbortController();
  const child = cp.spawn('cat', { signal: controller.signal });
  const log = record(child);
  controller.abort();
  await event(child, 'close');
  assert.deepStrictEqual(
    log.map(([name]) => name),
    ['error', 'spawn', 'exit', 'close'],
  );
});

test('spawn: aborted before the call: it starts and is killed', async () => {
  const child = cp.spawn('cat', { signal: AbortSignal.abort('text') });
  assert(child.pid > 0);
  const log = record(child);
  await event(child, 'close');
  assert.deepStrictEqual(
    log.map(([name]) => name),
    ['spawn', 'error', 'exit', 'close'],
  );
  checkAbortError(log[1][1], 'text');
  assert.deepStrictEqual(log[2], ['exit', null, 'SIGTERM']);
});

test('spawn: killSignal is what abort sends', async () => {
  for (const [killSignal, name] of [
    ['SIGKILL', 'SIGKILL'],
    [1, 'SIGHUP'],
  ]) {
    const controller = new AbortController();
    const child = cp.spawn('cat', { signal: controller.signal, killSignal });
    child.on('error', () => {});
    controller.abort();
    assert.deepStrictEqual(await event(child, 'close'), [null, name]);
  }
});

test('spawn: abort after the end does nothing', async () => {
  const controller = new AbortController();
  const child = cp.spawn('true', { signal: controller.signal });
  const log = record(child);
  await event(child, 'close');
  controller.abort();
  await new Promise(setImmediate);
  assert.deepStrictEqual(
    log.map(([name]) => name),
    ['spawn', 'exit', 'close'],
  );
  assert.strictEqual(child.killed, false);
});

test('spawn: one signal for many children', async () => {
  const controller = new AbortController();
  const children = Array.from({ length: 5 }, () => cp.spawn('cat', { signal: controller.signal }));
  const errors = Promise.all(children.map((child) => event(child, 'error')));
  const ends = Promise.all(children.map((child) => event(child, 'close')));
  controller.abort();
  for (const [error] of await errors) checkAbortError(error, controller.signal.reason);
  assert.deepStrictEqual(await ends, Array(5).fill([null, 'SIGTERM']));
});

test('spawn: a failed start and an abort', async () => {
  const controller = new AbortController();
  const child = cp.spawn('no-such-command', { signal: controller.signal });
  const log = record(child);
  controller.abort();
  await event(child, 'close');
  assert.deepStrictEqual(
    log.map(([name, error]) => [name, error.code]),
    [
      ['error', 'ENOENT'],
      ['close', undefined],
    ],
  );
});

test('AbortSignal.timeout', async () => {
  const signal = AbortSignal.timeout(20);
  const child = cp.spawn('cat', { signal });
  const [[error], end] = await Promise.all([event(child, 'error'), event(child, 'close')]);
  checkAbortError(error, signal.reason);
  assert.strictEqual(error.cause.name, 'TimeoutError');
  assert.deepStrictEqual(end, [null, 'SIGTERM']);
});

test('exec: abort gives an AbortError to the callback', async () => {
  const controller = new AbortController();
  const { error, stdout, stderr, child } = await outcome((done) => {
    const started = cp.exec('read line', { signal: controller.signal }, done);
    controller.abort();
    return started;
  });
  checkAbortError(error, controller.signal.reason);
  assert.deepStrictEqual(properties(error), [
    ['code', 'ABORT_ERR'],
    ['name', 'AbortError'],
    ['cmd', 'read line'],
  ]);
  assert.strictEqual(stdout, '');
  assert.strictEqual(stderr, '');
  assert.strictEqual(child.exitCode, null);
  assert.deepStrictEqual(await event(child, 'exit'), [null, 'SIGTERM']);
});

test('exec: aborted before the call', async () => {
  const { error, child } = await outcome((done) => cp.exec('read line', { signal: AbortSignal.abort('why') }, done));
  checkAbortError(error, 'why');
  await event(child, 'exit');
});

test('execFile: abort', async () => {
  const controller = new AbortController();
  const { error, child } = await outcome((done) => {
    const started = cp.execFile('cat', ['-'], { signal: controller.signal, killSignal: 'SIGKILL' }, done);
    started.on('spawn', () => controller.abort(7));
    return started;
  });
  checkAbortError(error, 7);
  assert.strictEqual(error.cmd, 'cat -');
  // killSignal is for the timeout alone here: execFile does not hand it on.
  assert.deepStrictEqual(await event(child, 'exit'), [null, 'SIGTERM']);
});

test('fork: abort', async () => {
  const controller = new AbortController();
  const child = cp.fork(program, ['echo'], { signal: controller.signal });
  const log = record(child);
  child.send('x');
  await event(child, 'message');
  controller.abort();
  await event(child, 'close');
  const names = log.map(([name]) => name);
  assert.deepStrictEqual(names.slice(0, 3), ['spawn', 'message', 'error']);
  assert.deepStrictEqual(names.slice(3).sort(), ['close', 'disconnect', 'exit']);
  checkAbortError(log[2][1], controller.signal.reason);
  assert.strictEqual(child.signalCode, 'SIGTERM');
});

test('fork: aborted before the call', async () => {
  const child = cp.fork(program, ['echo'], { signal: AbortSignal.abort(), killSignal: 'SIGKILL' });
  const [[error], end] = await Promise.all([event(child, 'error'), event(child, 'close')]);
  checkAbortError(error, error.cause);
  assert.strictEqual(error.cause.name, 'AbortError');
  assert.deepStrictEqual(end, [null, 'SIGKILL']);
});

test('promisified exec and execFile reject', async () => {
  const controller = new AbortController();
  const exec = promisify(cp.exec)('read line', { signal: controller.signal });
  const execFile = promisify(cp.execFile)('cat', { signal: controller.signal });
  controller.abort();
  for (const promise of [exec, execFile]) {
    await assert.rejects(promise, (error) => {
      checkAbortError(error, controller.signal.reason);
      assert.strictEqual(error.stdout, '');
      assert.strictEqual(error.stderr, '');
      return true;
    });
  }
  await Promise.all([exec, execFile].map(({ child }) => event(child, 'exit')));
});

test('the listener is taken off the signal at the end', async () => {
  const { getEventListeners } = require('node:events');
  const controller = new AbortController();
  const child = cp.spawn('true', { signal: controller.signal });
  assert.strictEqual(getEventListeners(controller.signal, 'abort').length, 1);
  await event(child, 'close');
  assert.strictEqual(getEventListeners(controller.signal, 'abort').length, 0);
});

test('signal is checked', () => {
  for (const signal of ['text', 1, {}, [], true]) {
    for (const start of [
      () => cp.spawn('true', { signal }),
      () => cp.exec('true', { signal }),
      () => cp.execFile('true', { signal }),
      () => cp.fork(program, { signal }),
    ]) {
      assert.throws(start, {
        name: 'TypeError',
        code: 'ERR_INVALID_ARG_TYPE',
        message: /"options\.signal" property must be an instance of AbortSignal/,
      });
    }
  }
});
