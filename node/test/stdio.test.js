'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');
const { cp, test, event, finish, readAll, moduleName, temporaryDirectory } = require('./fixtures/support.js');

// Runs a program text in a parent of its own, whose streams the test can see.
function parent(text, options) {
  return cp.spawn(process.execPath, ['-e', `const cp = require(${JSON.stringify(moduleName)}); ${text}`], options);
}

test('pipe as a text and as an array', async () => {
  for (const stdio of ['pipe', ['pipe', 'pipe', 'pipe'], [], null, undefined, ['pipe'], [null, undefined, null]]) {
    const child = cp.spawn('cat', { stdio });
    assert.strictEqual(child.stdio.length, 3);
    for (const stream of child.stdio) assert(stream instanceof net.Socket);
    child.stdin.end('x');
    assert.strictEqual((await finish(child)).stdout, 'x');
  }
});

test('overlapped is pipe', async () => {
  for (const stdio of ['overlapped', ['overlapped', 'pipe', 'overlapped']]) {
    const child = cp.spawn('cat', { stdio });
    child.stdin.end('x');
    assert.strictEqual((await finish(child)).stdout, 'x');
  }
});

test('ignore is /dev/null', async () => {
  for (const stdio of ['ignore', ['ignore', 'ignore', 'ignore']]) {
    const child = cp.spawn(
      'sh',
      ['-c', 'for fd in 0 1 2; do test "$(readlink /proc/$$/fd/$fd)" = /dev/null || exit 1; done; cat; echo x'],
      { stdio },
    );
    assert.deepStrictEqual(child.stdio, [null, null, null]);
    assert.strictEqual(child.stdin, null);
    assert.strictEqual(child.stdout, null);
    assert.strictEqual(child.stderr, null);
    assert.deepStrictEqual(await event(child, 'close'), [0, null]);
  }
});

test("inherit as a text: the parent's streams", async () => {
  for (const stdio of [
    '"inherit"',
    '["inherit", "inherit", "inherit"]',
    '[0, 1, 2]',
    '[process.stdin, process.stdout, process.stderr]',
  ]) {
    const child = parent(`
      const child = cp.spawn('sh', ['-c', 'read line; echo out $line; echo err >&2'], { stdio: ${stdio} });
      require('assert').deepStrictEqual(child.stdio, [null, null, null]);
      child.on('close', (code) => { process.exitCode = code + 3; });`);
    child.stdin.end('the line\n');
    assert.deepStrictEqual(await finish(child), { code: 3, signal: null, stdout: 'out the line\n', stderr: 'err\n' });
  }
});

test('one stream of each kind', async (t) => {
  const file = path.join(temporaryDirectory(t), 'out');
  const fd = fs.openSync(file, 'w');
  const child = cp.spawn('sh', ['-c', 'cat; echo err >&2'], { stdio: ['ignore', fd, 'pipe'] });
  fs.closeSync(fd);
  assert.deepStrictEqual([child.stdin, child.stdout, child.stdio[0], child.stdio[1]], [null, null, null, null]);
  assert.strictEqual(child.stderr, child.stdio[2]);
  assert.strictEqual((await finish(child)).stderr, 'err\n');
  assert.strictEqual(fs.readFileSync(file, 'utf8'), '');
});

test('a descriptor of a file for output and input', async (t) => {
  const file = path.join(temporaryDirectory(t), 'file');
  const out = fs.openSync(file, 'a');
  await finish(cp.spawn('echo', ['first'], { stdio: ['ignore', out, 'ignore'] }));
  await finish(cp.spawn('sh', ['-c', 'echo second; echo third >&2'], { stdio: ['ignore', out, out] }));
  fs.closeSync(out);
  assert.strictEqual(fs.readFileSync(file, 'utf8'), 'first\nsecond\nthird\n');
  const input = fs.openSync(file, 'r');
  const { stdout } = await finish(cp.spawn('cat', { stdio: [input, 'pipe', 'ignore'] }));
  assert.strictEqual(stdout, 'first\nsecond\nthird\n');
  // The parent's descriptor is still its own.
  assert.strictEqual(fs.fstatSync(input).size, 19);
  fs.closeSync(input);
});

test('a file stream that is open', async (t) => {
  const file = path.join(temporaryDirectory(t), 'out');
  const stream = fs.createWriteStream(file);
  await event(stream, 'open');
  const child = cp.spawn('echo', ['to the stream'], { stdio: ['ignore', stream, 'ignore'] });
  assert.strictEqual(child.stdout, null);
  await event(child, 'close');
  stream.destroy();
  await event(stream, 'close');
  assert.strictEqual(fs.readFileSync(file, 'utf8'), 'to the stream\n');
});

test('a file stream that is not open yet is refused', async (t) => {
  const stream = fs.createWriteStream(path.join(temporaryDirectory(t), 'out'));
  assert.throws(() => cp.spawn('echo', { stdio: ['ignore', stream, 'ignore'] }), {
    name: 'TypeError',
    code: 'ERR_INVALID_ARG_VALUE',
    message: /^The argument 'stdio' is invalid\. Received WriteStream/,
  });
  await event(stream, 'open');
  stream.destroy();
  await event(stream, 'close');
});

test('the stdout of one child as the stdin of another', async () => {
  const first = cp.spawn('printf', ['c\\na\\nb\\n']);
  const second = cp.spawn('sort', { stdio: [first.stdout, 'pipe', 'inherit'] });
  const [, { stdout }] = await Promise.all([event(first, 'exit'), finish(second)]);
  assert.strictEqual(stdout, 'a\nb\nc\n');
  first.stdout.destroy();
  first.stderr.resume();
  await event(first, 'close');
});

test('a socket as stdin and stdout', async () => {
  const server = net.createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const client = net.connect(server.address().port, '127.0.0.1');
  const [socket] = await event(server, 'connection');
  const child = cp.spawn('cat', { stdio: [socket, socket, 'ignore'] });
  const ended = event(child, 'close');
  socket.destroy();
  client.end('over the wire');
  assert.strictEqual(String(await readAll(client)), 'over the wire');
  assert.deepStrictEqual(await ended, [0, null]);
  await new Promise((resolve) => server.close(resolve));
});

test('an extra pipe at index 3 and 4, both ways', async () => {
  const child = cp.spawn('sh', ['-c', 'cat <&3 >&4; echo done'], {
    stdio: ['ignore', 'pipe', 'inherit', 'pipe', 'pipe'],
  });
  assert.strictEqual(child.stdio.length, 5);
  const [, , , three, four] = child.stdio;
  assert(three instanceof net.Socket && four instanceof net.Socket);
  three.end('through the child');
  const [text, { stdout }] = await Promise.all([readAll(four), finish(child)]);
  assert.strictEqual(String(text), 'through the child');
  assert.strictEqual(stdout, 'done\n');
});

test('one extra pipe is full duplex', async () => {
  const child = cp.spawn('sh', ['-c', 'read line <&3; echo "got $line" >&3'], {
    stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
  });
  child.stdio[3].write('a line\n');
  const [text] = await Promise.all([readAll(child.stdio[3]), event(child, 'close')]);
  assert.strictEqual(String(text), 'got a line\n');
});

test('null and undefined at index 3: nothing is open there', async () => {
  const child = cp.spawn('sh', ['-c', 'test -e /proc/$$/fd/3 || echo closed; cat <&4'], {
    stdio: ['pipe', 'pipe', 'pipe', null, 'pipe'],
  });
  assert.strictEqual(child.stdio[3], null);
  child.stdio[4].end('four');
  assert.strictEqual((await finish(child)).stdout, 'closed\nfour');
});

test('ignore at index 3', async () => {
  const child = cp.spawn('sh', ['-c', 'test -e /proc/$$/fd/3 || echo closed'], {
    stdio: ['pipe', 'pipe', 'pipe', 'ignore'],
  });
  assert.deepStrictEqual(child.stdio.length, 4);
  assert.strictEqual(child.stdio[3], null);
  assert.strictEqual((await finish(child)).stdout, 'closed\n');
});

test('a descriptor at a high index', async () => {
  const fd = fs.openSync(__filename, 'r');
  const stdio = ['ignore', 'pipe', 'inherit', ...Array(97).fill('ignore'), fd];
  const { stdout } = await finish(cp.spawn('bash', ['-c', 'cat <&100'], { stdio }));
  fs.closeSync(fd);
  assert.strictEqual(stdout, fs.readFileSync(__filename, 'utf8'));
});

test('descriptors that cross over', async (t) => {
  // The sources lie where the others have to go: a naive order would overwrite them.
  const directory = temporaryDirectory(t);
  const text = `
    const fs = require('fs');
    const fds = ['a', 'b'].map((name) => {
      fs.writeFileSync(${JSON.stringify(directory)} + '/' + name, name);
      return fs.openSync(${JSON.stringify(directory)} + '/' + name, 'r');
    });
    const stdio = ['ignore', 1, 2, ...Array(fds[1] - 2).fill('ignore')];
    stdio[fds[0]] = fds[1];
    stdio[fds[1]] = fds[0];
    cp.spawn('bash', ['-c', 'cat <&' + fds[0] + '; cat <&' + fds[1]], { stdio });`;
  assert.strictEqual((await finish(parent(text))).stdout, 'ba');
});

test('stdout and stderr swapped', async () => {
  const { stdout, stderr } = await finish(
    parent('cp.spawn("sh", ["-c", "echo out; echo err >&2"], { stdio: ["ignore", 2, 1] });'),
  );
  assert.strictEqual(stdout, 'err\n');
  assert.strictEqual(stderr, 'out\n');
});

test("inherit at index 3 and more hands the parent's descriptor on", async (t) => {
  const file = path.join(temporaryDirectory(t), 'text');
  fs.writeFileSync(file, 'from five');
  const fd = fs.openSync(file, 'r');
  const stdio = ['ignore', 'pipe', ...Array(fd - 1).fill('inherit')];
  const { stdout } = await finish(cp.spawn('bash', ['-c', `cat <&${fd}`], { stdio }));
  fs.closeSync(fd);
  assert.strictEqual(stdout, 'from five');
});

test('a wrap object with a descriptor', async () => {
  const { stdout } = await finish(cp.spawn('sh', ['-c', 'echo x'], { stdio: ['ignore', 'pipe', { fd: 2 }] }));
  assert.strictEqual(stdout, 'x\n');
});

test('a closed descriptor is EBADF', () => {
  assert.throws(() => cp.spawn('true', { stdio: ['ignore', 'ignore', 'ignore', 4000] }), {
    code: 'EBADF',
    syscall: 'spawn',
  });
});

test('wrong elements and texts', () => {
  const cases = [
    [{ stdio: 'wrong' }, 'ERR_INVALID_ARG_VALUE', /^The argument 'stdio' is invalid\. Received 'wrong'$/],
    [{ stdio: 1 }, 'ERR_INVALID_ARG_VALUE', /^The argument 'stdio' is invalid\. Received 1$/],
    [{ stdio: {} }, 'ERR_INVALID_ARG_VALUE', /^The argument 'stdio' is invalid\. Received \{\}$/],
    [{ stdio: ['pipe', 'pipe', {}] }, 'ERR_INVALID_ARG_VALUE', /^The argument 'stdio' is invalid\. Received \{\}$/],
    [{ stdio: [true] }, 'ERR_INVALID_ARG_VALUE', /^The argument 'stdio' is invalid\. Received true$/],
    [
      { stdio: ['foo'] },
      'ERR_INVALID_SYNC_FORK_INPUT',
      /^Asynchronous forks do not support Buffer, TypedArray, DataView or string input: 'foo'$/,
    ],
    [
      { stdio: [Buffer.from('x')] },
      'ERR_INVALID_SYNC_FORK_INPUT',
      /^Asynchronous forks do not support Buffer, TypedArray, DataView or string input: <Buffer 78>$/,
    ],
    [{ stdio: ['ipc', 'ipc'] }, 'ERR_IPC_ONE_PIPE', /^Child process can have only one IPC pipe$/],
  ];
  for (const [options, code, message] of cases) {
    assert.throws(() => cp.spawn('true', options), { code, message });
  }
});

test('stdout is drained at the exit when nobody reads it', async () => {
  const child = cp.spawn('sh', ['-c', 'echo text; echo text >&2']);
  assert.deepStrictEqual(await event(child, 'close'), [0, null]);
});

test("the child's ends are blocking", async () => {
  const { stdout } = await finish(cp.spawn('sh', ['-c', 'for fd in 0 1 2; do grep flags /proc/$$/fdinfo/$fd; done']));
  const flags = stdout.match(/\d+/g).map((digits) => parseInt(digits, 8));
  assert.deepStrictEqual(
    flags.map((bits) => bits & fs.constants.O_NONBLOCK),
    [0, 0, 0],
  );
});

test('many extra pipes', async () => {
  const stdio = Array(20).fill('pipe');
  const child = cp.spawn('bash', ['-c', 'for ((fd = 3; fd < 20; fd++)); do echo "at $fd" >&$fd; done'], { stdio });
  const closed = event(child, 'close');
  const texts = await Promise.all(child.stdio.slice(3).map(readAll));
  assert.deepStrictEqual(
    texts.map(String),
    Array.from({ length: 17 }, (_, i) => `at ${i + 3}\n`),
  );
  await closed;
});
