'use strict';

const assert = require('node:assert');
const { cp, test, event, fixture, record } = require('./fixtures/support.js');

const program = fixture('child.js');
const names = (log) => log.map(([name]) => name);

test('close comes after the end of stdout and stderr', async () => {
  const child = cp.spawn('sh', ['-c', 'echo out; echo err >&2']);
  const log = [];
  for (const name of ['stdout', 'stderr']) {
    child[name].on('data', () => log.push(`${name} data`));
    child[name].on('end', () => log.push(`${name} end`));
  }
  child.on('close', () => log.push('close'));
  await event(child, 'close');
  assert.strictEqual(log.at(-1), 'close');
  assert.deepStrictEqual(log.slice(0, -1).sort(), ['stderr data', 'stderr end', 'stdout data', 'stdout end']);
});

test('exit comes while a grandchild still holds stdout, close when it lets go', async () => {
  const child = cp.spawn('sh', ['-c', 'cat <&3 & exit 2'], { stdio: ['ignore', 'pipe', 'pipe', 'pipe'] });
  const log = record(child);
  assert.deepStrictEqual(await event(child, 'exit'), [2, null]);
  assert.deepStrictEqual(names(log), ['spawn', 'exit']);
  child.stdio[3].end('late');
  let text = '';
  child.stdout.on('data', (chunk) => { text += chunk; });
  assert.deepStrictEqual(await event(child, 'close'), [2, null]);
  assert.strictEqual(text, 'late');
});

test('close waits for extra pipes too', async () => {
  const child = cp.spawn('sh', ['-c', 'cat <&4 >&4 &'], { stdio: ['ignore', 'ignore', 'ignore', 'ignore', 'pipe'] });
  const log = record(child);
  await event(child, 'exit');
  assert.deepStrictEqual(names(log), ['spawn', 'exit']);
  child.stdio[4].resume();
  child.stdio[4].end();
  await event(child, 'close');
});

test('close does not wait for stdin', async () => {
  const child = cp.spawn('true', { stdio: ['pipe', 'ignore', 'ignore'] });
  assert.deepStrictEqual(await event(child, 'close'), [0, null]);
  assert.strictEqual(child.stdin.destroyed, true);
});

test('close comes although stdout is paused: it is drained after the exit', async () => {
  const child = cp.spawn('echo', ['never read']);
  assert.deepStrictEqual(await event(child, 'close'), [0, null]);
});

test('close waits for a reader that listens to readable', async () => {
  const child = cp.spawn('echo', ['text']);
  let text = '';
  child.stdout.on('readable', () => {
    for (let chunk = child.stdout.read(); chunk !== null; chunk = child.stdout.read()) text += chunk;
  });
  await event(child, 'close');
  assert.strictEqual(text, 'text\n');
});

test('exit and close come once', async () => {
  const child = cp.spawn('true');
  const log = record(child);
  await event(child, 'close');
  await new Promise(setImmediate);
  assert.deepStrictEqual(log, [['spawn'], ['exit', 0, null], ['close', 0, null]]);
});

test('exitCode is set before the exit event', async () => {
  const child = cp.spawn('sh', ['-c', 'exit 4']);
  const codes = [];
  child.on('exit', () => codes.push(child.exitCode, child.signalCode));
  await event(child, 'close');
  assert.deepStrictEqual(codes, [4, null]);
});

test('fork: messages come before disconnect, exit and close', async () => {
  const child = cp.fork(program, ['count', '20']);
  const log = record(child);
  await event(child, 'close');
  assert.deepStrictEqual(log[0], ['spawn']);
  assert.deepStrictEqual(log.slice(1, 21), Array.from({ length: 20 }, (_, i) => ['message', i, undefined]));
  assert.deepStrictEqual(names(log.slice(21)).slice(-1), ['close']);
  assert.deepStrictEqual(names(log.slice(21)).sort(), ['close', 'disconnect', 'exit']);
});

test('fork: a child that is killed: disconnect, exit, close', async () => {
  const child = cp.fork(program, ['echo']);
  child.send(1);
  await event(child, 'message');
  const log = record(child);
  child.kill('SIGKILL');
  await event(child, 'close');
  assert.deepStrictEqual(log, [['disconnect'], ['exit', null, 'SIGKILL'], ['close', null, 'SIGKILL']]);
});

test('a failed start with a channel: error, disconnect, close', async () => {
  const child = cp.spawn('no-such-command', { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
  assert.strictEqual(child.connected, true);
  const log = record(child);
  await new Promise((resolve) => {
    let left = 2;
    const done = () => --left === 0 && resolve();
    child.on('close', done).on('disconnect', done);
  });
  assert.strictEqual(log[0][0], 'error');
  assert.strictEqual(log[0][1].code, 'ENOENT');
  assert.deepStrictEqual(names(log).sort(), ['close', 'disconnect', 'error']);
  assert.strictEqual(child.connected, false);
});

test('listeners of the same event run in their order', async () => {
  const child = cp.spawn('true');
  const log = [];
  child.on('exit', () => log.push(1));
  child.prependListener('exit', () => log.push(0));
  child.once('exit', () => log.push(2));
  await event(child, 'close');
  assert.deepStrictEqual(log, [0, 1, 2]);
});

test('this in a listener is the child', async () => {
  const child = cp.spawn('true');
  const self = await new Promise((resolve) => child.on('close', function closed() { resolve(this); }));
  assert.strictEqual(self, child);
});

test('an exception in an exit listener is uncaught, the parent lives on', async () => {
  const { moduleName, finish } = require('./fixtures/support.js');
  const text = `
    const cp = require(${JSON.stringify(moduleName)});
    process.on('uncaughtException', (error) => {
      console.log(error.message);
      cp.spawn('true').on('close', (code) => console.log('close', code));
    });
    cp.spawn('true').on('exit', () => { throw new Error('in exit'); });`;
  const { stdout } = await finish(cp.spawn(process.execPath, ['-e', text]));
  assert.strictEqual(stdout, 'in exit\nclose 0\n');
});
