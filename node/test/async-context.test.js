'use strict';

const assert = require('node:assert');
const { AsyncLocalStorage } = require('node:async_hooks');
const { cp, test, event, fixture } = require('./fixtures/support.js');

const storage = new AsyncLocalStorage();
const program = fixture('child.js');

test('AsyncLocalStorage in every event of spawn', async () => {
  const seen = {};
  await storage.run('mine', () => {
    const child = cp.spawn('sh', ['-c', 'echo out; echo err >&2']);
    const note = (name) => () => {
      seen[name] = storage.getStore();
    };
    child.on('spawn', note('spawn')).on('exit', note('exit')).on('close', note('close'));
    child.stdout.on('data', note('stdout')).on('end', note('stdout end'));
    child.stderr.on('data', note('stderr'));
    return event(child, 'close');
  });
  assert.deepStrictEqual(seen, {
    'spawn': 'mine',
    'stdout': 'mine',
    'stderr': 'mine',
    'stdout end': 'mine',
    'exit': 'mine',
    'close': 'mine',
  });
});

test('in the error event', async () => {
  const store = await storage.run(
    'failed',
    () =>
      new Promise((resolve) => {
        const child = cp.spawn('no-such-command');
        child.on('error', () => {});
        child.on('close', () => resolve(storage.getStore()));
      }),
  );
  assert.strictEqual(store, 'failed');
});

test('in the callbacks of exec and execFile', async () => {
  const stores = await Promise.all([
    storage.run(1, () => new Promise((resolve) => cp.exec('true', () => resolve(storage.getStore())))),
    storage.run(2, () => new Promise((resolve) => cp.execFile('true', () => resolve(storage.getStore())))),
  ]);
  assert.deepStrictEqual(stores, [1, 2]);
});

test('two children each have their own', async () => {
  const stores = await Promise.all(
    [1, 2, 3, 4].map((n) =>
      storage.run(
        n,
        () =>
          new Promise((resolve) => {
            cp.spawn('true').on('exit', () => resolve(storage.getStore()));
          }),
      ),
    ),
  );
  await new Promise(setImmediate);
  assert.deepStrictEqual(stores, [1, 2, 3, 4]);
});

test('in messages, send callbacks and disconnect of fork', async () => {
  const seen = {};
  await storage.run('forked', async () => {
    const child = cp.fork(program, ['leave']);
    child.on('disconnect', () => {
      seen.disconnect = storage.getStore();
    });
    child.on('exit', () => {
      seen.exit = storage.getStore();
    });
    child.send('x', () => {
      seen.sent = storage.getStore();
    });
    await event(child, 'close');
    const other = cp.fork(program, ['tell', '1']);
    other.on('message', () => {
      seen.message = storage.getStore();
    });
    await event(other, 'close');
  });
  assert.deepStrictEqual(seen, { sent: 'forked', disconnect: 'forked', exit: 'forked', message: 'forked' });
});

test('nextTick and promises run between two events', async () => {
  const log = [];
  const child = cp.spawn('true');
  child.on('exit', () => {
    log.push('exit');
    process.nextTick(() => log.push('tick'));
    Promise.resolve().then(() => log.push('promise'));
  });
  await event(child, 'close');
  await new Promise(setImmediate);
  assert.deepStrictEqual(log, ['exit', 'tick', 'promise']);
});

test('async_hooks sees a resource for a process', async () => {
  const { createHook } = require('node:async_hooks');
  const types = [];
  const hook = createHook({ init: (id, type) => types.push(type) }).enable();
  const child = cp.spawn('true');
  hook.disable();
  assert(types.includes('PROCESSWRAP'), types.join());
  await event(child, 'close');
});
