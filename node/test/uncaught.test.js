'use strict';
// What listeners and callbacks throw: 'uncaughtException' gets it, in the asynchronous context of the child, and all goes on.

const assert = require('node:assert');
const { cp, finish, fixture, moduleName, temporaryDirectory, test } = require('./fixtures/support.js');

const prelude = `
  const cp = require(${JSON.stringify(moduleName)});
  const { AsyncLocalStorage, executionAsyncId } = require('node:async_hooks');
  const storage = new AsyncLocalStorage();
  const throwAt = (name) => () => { throw new Error(name); };
  process.on('uncaughtException', ({ message }) => console.log(message, storage.getStore(), executionAsyncId() > 0));
  process.on('exit', (code) => console.log('end', code));`;

async function run(program) {
  const { code, stdout, stderr } = await finish(cp.spawn(process.execPath, ['-e', prelude + program]));
  assert.deepStrictEqual([code, stderr], [0, '']);
  return stdout.trim().split('\n').sort();
}

test('thrown by listeners of a child', async () => {
  assert.deepStrictEqual(await run(`
    storage.run('mine', () => cp.spawn('true').on('spawn', throwAt('spawn')).on('exit', throwAt('exit')));
    storage.run('other', () => cp.spawn('true').on('close', throwAt('close')));
    storage.run('refused', () => cp.spawn('no-such-command').on('error', throwAt('error')));
  `), ['close other true', 'end 0', 'error refused true', 'exit mine true', 'spawn mine true']);
});

test('thrown by callbacks of exec and execFile', async () => {
  assert.deepStrictEqual(await run(`
    storage.run('a', () => cp.exec('true', throwAt('exec')));
    storage.run('b', () => cp.execFile('false', throwAt('execFile')));
  `), ['end 0', 'exec a true', 'execFile b true']);
});

test('thrown by listeners of a channel: each message is told all the same', async () => {
  assert.deepStrictEqual(await run(`
    storage.run('forked', () => cp.fork(${JSON.stringify(fixture('child.js'))}, ['count', '3'])
      .on('message', (number) => throwAt('message ' + number)())
      .on('disconnect', throwAt('disconnect')).on('exit', throwAt('exit')));
  `), ['disconnect forked true', 'end 0', 'exit forked true', 'message 0 forked true', 'message 1 forked true', 'message 2 forked true']);
});

test('a test of node:test whose callback throws fails, and the next one runs', async (t) => {
  const file = `${temporaryDirectory(t)}/file.js`;
  require('node:fs').writeFileSync(file, `
    const cp = require(${JSON.stringify(moduleName)});
    const { test } = require('node:test');
    test('first', (t, done) => { cp.exec('true', () => { throw new Error('on purpose'); }); });
    test('second', (t, done) => { cp.exec('true', done); });`);
  const { NODE_TEST_CONTEXT, ...env } = process.env;
  const { code, stdout } = await finish(cp.spawn(process.execPath, ['--test-reporter', 'tap', file], { env }));
  assert.strictEqual(code, 1);
  assert.match(stdout, /^not ok 1 - first$/m);
  assert.match(stdout, /^ok 2 - second$/m);
});
