'use strict';

const assert = require('node:assert');
const { cp, test, event, finish, fixture, moduleName, seen } = require('./fixtures/support.js');

const child = JSON.stringify(fixture('child.js'));

// A parent of its own: whether it ends by itself is the question.
function parent(text, ...args) {
  return cp.spawn(process.execPath, ['-e', `const cp = require(${JSON.stringify(moduleName)}); ${text}`, ...args]);
}

test('the parent waits for its child', async () => {
  const { stdout } = await finish(
    parent('cp.spawn("sh", ["-c", "exit 3"], { stdio: "ignore" }).on("exit", (code) => console.log(code))'),
  );
  assert.strictEqual(stdout, '3\n');
});

test('unref(): it does not wait', async () => {
  const started = parent(`
    const child = cp.spawn('cat', { stdio: ['inherit', 'ignore', 'ignore'] });
    child.unref();
    process.on('exit', () => console.log('left', child.exitCode));`);
  assert.strictEqual(await seen(started.stdout, 'left'), 'left null\n');
  started.stdin.end();
  await event(started, 'close');
});

test('unref() and ref() again: it waits', async () => {
  const { stdout } = await finish(
    parent(`
    const child = cp.spawn('true', { stdio: 'ignore' });
    child.unref();
    child.ref();
    child.on('exit', (code) => console.log('exit', code));`),
  );
  assert.strictEqual(stdout, 'exit 0\n');
});

test('unref() alone: open pipes hold the parent', async () => {
  const started = parent(
    `const child = cp.spawn('cat');
    child.unref();
    process.stdin.on('data', () => child.stdin.end());
    child.on('exit', () => process.stdin.pause());`,
  );
  started.stdin.write('go');
  assert.strictEqual((await finish(started)).code, 0);
});

test('unref() of the child and its pipes', async () => {
  const started = parent(
    `const child = cp.spawn('cat');
    child.unref();
    for (const stream of child.stdio) stream.unref();
    process.on('exit', () => console.log(child.exitCode));`,
  );
  assert.strictEqual((await finish(started)).stdout, 'null\n');
});

test('an established channel holds the parent after unref()', async () => {
  const { stdout } = await finish(
    parent(`
    const child = cp.fork(${child}, ['echo']);
    child.unref();
    child.on('message', (message) => { console.log(message); child.disconnect(); });
    child.send('still here');`),
  );
  assert.strictEqual(stdout, 'still here\n');
});

test('unref() of child and channel lets the parent go', async () => {
  const started = parent(`
    const child = cp.fork(${child}, ['echo'], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
    child.on('message', () => {
      child.unref();
      child.channel.unref();
      process.on('exit', () => console.log(child.connected, child.exitCode));
    });
    child.send(1);`);
  assert.strictEqual((await finish(started)).stdout, 'true null\n');
});

test('channel.ref() after channel.unref() holds it again', async () => {
  const { stdout } = await finish(
    parent(`
    const child = cp.fork(${child}, ['echo']);
    child.unref();
    child.channel.unref();
    child.channel.ref();
    child.on('message', (message) => { console.log(message); child.disconnect(); });
    child.send('held');`),
  );
  assert.strictEqual(stdout, 'held\n');
});

test('a Node child with a channel but without listeners ends by itself', async () => {
  const started = cp.fork(fixture('child.js'), ['nothing']);
  assert.deepStrictEqual(await event(started, 'close'), [0, null]);
});

test('ref() and unref() after the end, and of a failed start', async () => {
  const started = cp.spawn('true');
  await event(started, 'close');
  started.ref();
  started.unref();
  const failed = cp.spawn('no-such-command');
  failed.on('error', () => {});
  failed.ref();
  failed.unref();
  failed.ref();
  await event(failed, 'close');
});

test('ref() and unref() give nothing back', async () => {
  const started = cp.spawn('true');
  assert.strictEqual(started.unref(), undefined);
  assert.strictEqual(started.ref(), undefined);
  await event(started, 'close');
});

test('channel.refCounted() and unrefCounted(), which programs use', async () => {
  const started = parent(`
    const child = cp.fork(${child}, ['echo'], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
    child.unref();
    child.channel.refCounted();
    child.channel.refCounted();
    child.on('message', (n) => {
      child.channel.unrefCounted();
      if (n === 1) child.send(2);
      else process.on('exit', () => console.log('left', n, child.connected));
    });
    child.send(1);`);
  assert.strictEqual((await finish(started)).stdout, 'left 2 true\n');
});
