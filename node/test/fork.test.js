'use strict';

const assert = require('node:assert');
const path = require('node:path');
const { pathToFileURL } = require('node:url');
const { cp, test, event, finish, fixture, record, script, temporaryDirectory } = require('./fixtures/support.js');

const program = fixture('child.js');

async function facts(child) {
  child.send('facts');
  const [answer] = await event(child, 'message');
  child.disconnect();
  await event(child, 'exit');
  return answer;
}

test('fork: a Node process with a channel', async () => {
  const child = cp.fork(program, ['facts']);
  assert(child instanceof cp.ChildProcess);
  assert.strictEqual(child.connected, true);
  assert.strictEqual(typeof child.send, 'function');
  assert.strictEqual(typeof child.disconnect, 'function');
  assert.strictEqual(child.spawnfile, process.execPath);
  assert.deepStrictEqual(child.spawnargs, [process.execPath, ...process.execArgv, program, 'facts']);
  assert.deepStrictEqual([child.stdin, child.stdout, child.stderr], [null, null, null]);
  assert.deepStrictEqual(child.stdio, [null, null, null, null]);
  assert.deepStrictEqual(await facts(child), {
    connected: true,
    send: 'function',
    disconnect: 'function',
    channel: 'object',
    channelFd: 3,
    environment: [null, null],
  });
});

test('channel: ref, unref and fd', async () => {
  const child = cp.fork(program, ['facts']);
  const { channel } = child;
  assert.strictEqual(typeof channel.ref, 'function');
  assert.strictEqual(typeof channel.unref, 'function');
  assert(Number.isInteger(channel.fd) && channel.fd > 2);
  assert.strictEqual(child.channel, channel);
  await facts(child);
  assert.strictEqual(child.channel, null);
});

test('arguments and options may be left out', async () => {
  const directory = path.join(__dirname, 'fixtures');
  const silent = { silent: true };
  const tell = path.join(directory, 'tell-arguments.js');
  const cases = [
    [[tell, silent], []],
    [[tell, [], silent], []],
    [[tell, undefined, silent], []],
    [[tell, null, silent], []],
    [
      [tell, ['a', 'b c'], silent],
      ['a', 'b c'],
    ],
  ];
  for (const [call, expected] of cases) {
    const child = cp.fork(...call);
    const closed = event(child, 'close');
    assert.deepStrictEqual((await event(child, 'message'))[0], expected);
    await closed;
  }
  const bare = cp.fork(tell);
  const closed = event(bare, 'close');
  assert.deepStrictEqual((await event(bare, 'message'))[0], []);
  await closed;
});

test('modulePath may be a URL of a file', async (t) => {
  const file = script(temporaryDirectory(t), 'name with blank.js', 'process.send(__filename)');
  const child = cp.fork(pathToFileURL(file));
  const closed = event(child, 'close');
  assert.deepStrictEqual((await event(child, 'message'))[0], file);
  await closed;
});

test('a relative modulePath is relative to the cwd of the child', async (t) => {
  const cwd = temporaryDirectory(t);
  script(cwd, 'here.js', 'process.send(process.cwd())');
  for (const name of ['here.js', './here.js', './here']) {
    const child = cp.fork(name, { cwd });
    const closed = event(child, 'close');
    assert.strictEqual((await event(child, 'message'))[0], cwd);
    await closed;
  }
});

test('silent: pipes', async () => {
  const child = cp.fork(program, ['argv'], { silent: true });
  assert(child.stdin && child.stdout && child.stderr);
  assert.strictEqual(child.stdio.length, 4);
  assert.strictEqual(child.stdio[3], null);
  const { code, stdout } = await finish(child);
  assert.strictEqual(code, 0);
  assert.deepStrictEqual(JSON.parse(stdout).argv, [process.execPath, program, 'argv']);
});

test("not silent: the parent's streams", async () => {
  const { moduleName } = require('./fixtures/support.js');
  const text = `require(${JSON.stringify(moduleName)}).fork(${JSON.stringify(program)}, ['cwd'])`;
  assert.strictEqual((await finish(cp.spawn(process.execPath, ['-e', text]))).stdout, `${process.cwd()}\n`);
});

test('stdio goes before silent', async () => {
  const child = cp.fork(program, ['cwd'], { silent: true, stdio: ['ignore', 'pipe', 'ignore', 'ipc'] });
  assert.strictEqual(child.stdin, null);
  assert.strictEqual(child.stderr, null);
  assert.strictEqual((await finish(child)).stdout, `${process.cwd()}\n`);
});

test('stdio as a text', async () => {
  const child = cp.fork(program, ['cwd'], { stdio: 'pipe' });
  assert.strictEqual((await finish(child)).stdout, `${process.cwd()}\n`);
  const ignored = cp.fork(program, ['cwd'], { stdio: 'ignore' });
  assert.deepStrictEqual(ignored.stdio, [null, null, null, null]);
  assert.strictEqual(ignored.connected, true);
  await event(ignored, 'exit');
});

test('the channel at another index', async () => {
  const child = cp.fork(program, ['facts'], { stdio: ['inherit', 'inherit', 'inherit', 'pipe', 'ignore', 'ipc'] });
  assert.strictEqual(child.stdio.length, 6);
  child.stdio[3].destroy();
  const answer = await facts(child);
  assert.strictEqual(answer.channelFd, 5);
});

test('the channel at index 0', async () => {
  const child = cp.fork(program, ['facts'], { stdio: ['ipc', 'inherit', 'inherit'] });
  assert.strictEqual((await facts(child)).channelFd, 0);
});

test('spawn with ipc is as good', async () => {
  const child = cp.spawn(process.execPath, [program, 'facts'], { stdio: ['inherit', 'inherit', 'inherit', 'ipc'] });
  assert.strictEqual(child.connected, true);
  assert.strictEqual((await facts(child)).connected, true);
});

test('without ipc in the array it throws', () => {
  for (const stdio of [['pipe', 'pipe', 'pipe'], [], [0, 1, 2]]) {
    assert.throws(() => cp.fork(program, { stdio }), {
      name: 'Error',
      code: 'ERR_CHILD_PROCESS_IPC_REQUIRED',
      message: "Forked processes must have an IPC channel, missing value 'ipc' in options.stdio",
    });
  }
});

test('two ipc throw', () => {
  assert.throws(() => cp.fork(program, { stdio: ['ipc', 'pipe', 'pipe', 'ipc'] }), { code: 'ERR_IPC_ONE_PIPE' });
});

test('execPath', async (t) => {
  const file = script(temporaryDirectory(t), 'other-node', `#!/bin/sh\nOTHER=yes exec "${process.execPath}" "$@"\n`);
  const child = cp.fork(program, ['env'], { execPath: file, silent: true });
  assert.strictEqual(child.spawnfile, file);
  assert.strictEqual(child.spawnargs[0], file);
  assert.strictEqual(JSON.parse((await finish(child)).stdout).OTHER, 'yes');
});

test('a program that is no Node gets NODE_CHANNEL_FD', async (t) => {
  const file = script(
    temporaryDirectory(t),
    'no-node',
    `#!/bin/sh
    echo "\\"fd $NODE_CHANNEL_FD mode $NODE_CHANNEL_SERIALIZATION_MODE\\"" >&$NODE_CHANNEL_FD
    read line <&$NODE_CHANNEL_FD
    echo "$line" >&$NODE_CHANNEL_FD\n`,
  );
  const child = cp.fork('argument', { execPath: file });
  const log = record(child);
  child.send({ a: [1, 'é', null] });
  await event(child, 'close');
  const messages = log.filter(([name]) => name === 'message').map(([, message]) => message);
  assert.deepStrictEqual(messages, ['fd 3 mode json', { a: [1, 'é', null] }]);
});

test('execArgv', async () => {
  const child = cp.fork(program, ['argv'], { execArgv: ['--no-warnings', '--stack-size=900'], silent: true });
  assert.deepStrictEqual(child.spawnargs, [process.execPath, '--no-warnings', '--stack-size=900', program, 'argv']);
  assert.deepStrictEqual(JSON.parse((await finish(child)).stdout).execArgv, ['--no-warnings', '--stack-size=900']);
});

test('execArgv is process.execArgv by default, without -e', async () => {
  const { moduleName } = require('./fixtures/support.js');
  const text = `require(${JSON.stringify(moduleName)}).fork(${JSON.stringify(program)}, ['argv'])`;
  const { stdout } = await finish(cp.spawn(process.execPath, ['--no-warnings', '-e', text]));
  assert.deepStrictEqual(JSON.parse(stdout).execArgv, ['--no-warnings']);
});

test('the exit of a forked child', async () => {
  const child = cp.fork(program, ['exit', '12']);
  const closed = event(child, 'close');
  assert.deepStrictEqual(await event(child, 'exit'), [12, null]);
  await closed;
  assert.strictEqual(child.connected, false);
});

test('a missing module: the child says so and ends with 1', async () => {
  const child = cp.fork('/no/such/module.js', { silent: true });
  const { code, stderr } = await finish(child);
  assert.strictEqual(code, 1);
  assert.match(stderr, /Cannot find module/);
});

test('a missing execPath', async () => {
  const child = cp.fork(program, { execPath: '/no/such/node' });
  const [error] = await event(child, 'error');
  assert.strictEqual(error.message, 'spawn /no/such/node ENOENT');
  await event(child, 'close');
});

test('windowsVerbatimArguments is accepted', async () => {
  const child = cp.fork(program, ['nothing'], { windowsVerbatimArguments: true, windowsHide: true });
  assert.deepStrictEqual(await event(child, 'close'), [0, null]);
});

test('the memory is not shared', async () => {
  const data = { count: 0 };
  const child = cp.fork(program, ['echo']);
  child.send(data);
  const [copy] = await event(child, 'message');
  assert.deepStrictEqual(copy, data);
  assert.notStrictEqual(copy, data);
  child.kill();
  await event(child, 'close');
});

test('several children at once', async () => {
  const children = Array.from({ length: 4 }, () => cp.fork(program, ['echo']));
  const answers = await Promise.all(
    children.map((child, i) => {
      child.send({ i });
      return event(child, 'message');
    }),
  );
  assert.deepStrictEqual(
    answers.map(([message]) => message),
    [{ i: 0 }, { i: 1 }, { i: 2 }, { i: 3 }],
  );
  const ends = Promise.all(children.map((child) => event(child, 'exit')));
  for (const child of children) child.disconnect();
  await ends;
});

test('modulePath and the rest are checked', () => {
  const wrong = /^The "modulePath" argument must be of type string or an instance of Buffer or URL\./;
  for (const value of [0, true, undefined, null, [], {}, () => {}]) {
    assert.throws(() => cp.fork(value), { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE', message: wrong });
  }
  for (const value of [0, true, 'text', Symbol.iterator]) {
    assert.throws(() => cp.fork(program, [], value), { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' });
  }
  assert.throws(() => cp.fork(program, 'text'), { name: 'TypeError', code: /^ERR_INVALID_ARG_(TYPE|VALUE)$/ });
  assert.throws(() => cp.fork(program, { serialization: 'other' }), {
    name: 'TypeError',
    code: 'ERR_INVALID_ARG_VALUE',
    message: /^The property 'options\.serialization' must be one of: undefined, 'json', 'advanced'\. Received 'other'$/,
  });
});
