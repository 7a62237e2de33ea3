'use strict';

const assert = require('node:assert');
const { createHash } = require('node:crypto');
const readline = require('node:readline');
const { pipeline } = require('node:stream/promises');
const { cp, test, event, finish, readAll, seen, moduleName } = require('./fixtures/support.js');

test('async iteration of stdout', async () => {
  const child = cp.spawn('sh', ['-c', 'echo one; echo two']);
  const closed = event(child, 'close');
  let text = '';
  for await (const chunk of child.stdout) text += chunk;
  assert.strictEqual(text, 'one\ntwo\n');
  await closed;
});

test('lines through readline', async () => {
  const child = cp.spawn('printf', ['a\\nb b\\n\\nc']);
  const closed = event(child, 'close');
  const lines = [];
  for await (const line of readline.createInterface({ input: child.stdout })) lines.push(line);
  assert.deepStrictEqual(lines, ['a', 'b b', '', 'c']);
  await closed;
});

test('pipeline through a child', async () => {
  const child = cp.spawn('tr', ['a-z', 'A-Z']);
  const closed = event(child, 'close');
  const [, text] = await Promise.all([
    pipeline(async function* words() {
      yield 'some ';
      yield 'words';
    }, child.stdin),
    readAll(child.stdout),
  ]);
  assert.strictEqual(String(text), 'SOME WORDS');
  await closed;
});

test('one child piped into another by hand', async () => {
  const first = cp.spawn('printf', ['b\\na\\nc\\n']);
  const second = cp.spawn('sort');
  first.stdout.pipe(second.stdin);
  const [, { stdout }] = await Promise.all([event(first, 'close'), finish(second)]);
  assert.strictEqual(stdout, 'a\nb\nc\n');
});

test('megabytes in both directions, byte by byte the same', async () => {
  const data = Buffer.alloc(5 * 1024 * 1024);
  for (let i = 0; i < data.length; i++) data[i] = (i * 31) >> 3;
  const child = cp.spawn('cat');
  const closed = event(child, 'close');
  child.stdin.end(data);
  const back = await readAll(child.stdout);
  const digest = (bytes) => createHash('sha256').update(bytes).digest('hex');
  assert.strictEqual(digest(back), digest(data));
  await closed;
});

test('back-pressure: write() is false while the child does not read', async () => {
  const child = cp.spawn('sh', ['-c', 'read line <&3; cat >/dev/null'], {
    stdio: ['pipe', 'ignore', 'inherit', 'pipe'],
  });
  const chunk = Buffer.alloc(65536);
  let writes = 0;
  while (child.stdin.write(chunk)) assert(++writes < 100);
  assert(child.stdin.writableLength > 0);
  const drained = event(child.stdin, 'drain');
  child.stdio[3].write('go\n');
  await drained;
  child.stdin.end();
  child.stdio[3].resume();
  assert.deepStrictEqual(await event(child, 'close'), [0, null]);
});

test('back-pressure: the child blocks while nobody reads', async () => {
  // 10 MB do not fit into the pipe: the child can only end when they are read.
  const child = cp.spawn('sh', ['-c', 'head -c 10000000 /dev/zero; echo ended >&2']);
  let ended = false;
  child.stderr.on('data', () => {
    ended = true;
  });
  await event(child, 'spawn');
  child.stdout.pause();
  await new Promise(setImmediate);
  assert.strictEqual(ended, false);
  let size = 0;
  child.stdout.on('data', (part) => {
    size += part.length;
  });
  child.stdout.resume();
  await event(child, 'close');
  assert.strictEqual(size, 10000000);
  assert.strictEqual(ended, true);
});

test('pause and resume', async () => {
  const child = cp.spawn('cat');
  child.stdout.once('data', () => child.stdout.pause());
  child.stdin.write('first');
  await seen(child.stdout, 'first');
  assert.strictEqual(child.stdout.isPaused(), true);
  child.stdin.end('second');
  let rest = '';
  child.stdout.on('data', (chunk) => {
    rest += chunk;
  });
  child.stdout.resume();
  await event(child, 'close');
  assert.strictEqual(rest, 'second');
});

test('stdin: EPIPE when the child has closed its input', async () => {
  const child = cp.spawn('sh', ['-c', 'exec 0<&-; echo closed; read line <&3'], {
    stdio: ['pipe', 'pipe', 'inherit', 'pipe'],
  });
  await seen(child.stdout, 'closed');
  const failed = event(child.stdin, 'error');
  child.stdin.write('nobody reads this');
  const [error] = await failed;
  assert.strictEqual(error.code, 'EPIPE');
  assert.strictEqual(error.errno, -32);
  assert.strictEqual(error.syscall, 'write');
  assert.strictEqual(error.message, 'write EPIPE');
  child.stdio[3].end();
  await event(child, 'close');
});

test('stdin: a large write to a child that leaves', async () => {
  const child = cp.spawn('true');
  const errors = [];
  child.stdin.on('error', (error) => errors.push(error.code));
  child.stdin.write(Buffer.alloc(1000000));
  await event(child, 'close');
  assert(
    errors.every((code) => code === 'EPIPE' || code === 'ECONNRESET'),
    String(errors),
  );
  assert.strictEqual(child.stdin.destroyed, true);
});

test('stdin: write after the exit is an error of the stream', async () => {
  const child = cp.spawn('true');
  await event(child, 'close');
  const error = await new Promise((resolve) => child.stdin.write('x', resolve));
  assert.strictEqual(error.code, 'ERR_STREAM_DESTROYED');
});

test("stdin: end() is the end of the child's input", async () => {
  const child = cp.spawn('wc', ['-c']);
  child.stdin.write('12345');
  child.stdin.end('678');
  assert.strictEqual((await finish(child)).stdout.trim(), '8');
});

test('stdin: destroy() is the end too', async () => {
  const child = cp.spawn('cat');
  child.stdin.destroy();
  assert.deepStrictEqual(await event(child, 'close'), [0, null]);
});

test('stdin: a write callback comes when it is written', async () => {
  const child = cp.spawn('cat');
  const closed = event(child, 'close');
  assert.strictEqual((await new Promise((resolve) => child.stdin.write('x', resolve))) ?? null, null);
  await new Promise((resolve) => child.stdin.end(resolve));
  await closed;
});

test('stdout: a child that writes to a closed pipe ends', async () => {
  const child = cp.spawn('yes');
  child.stdout.once('data', () => child.stdout.destroy());
  child.stderr.resume();
  // SIGPIPE, or an error of write() when what it wrote last was never read.
  const [code, signal] = await event(child, 'close');
  assert(signal === 'SIGPIPE' || code === 1, `${code} ${signal}`);
});

test('stdout and stderr are apart', async () => {
  const child = cp.spawn('sh', ['-c', 'i=0; while [ $i -lt 200 ]; do echo out; echo error >&2; i=$((i+1)); done']);
  const { stdout, stderr } = await finish(child);
  assert.strictEqual(stdout, 'out\n'.repeat(200));
  assert.strictEqual(stderr, 'error\n'.repeat(200));
});

test('data comes while the child runs', async () => {
  const child = cp.spawn('cat');
  for (const word of ['one', 'two', 'three']) {
    const got = seen(child.stdout, word);
    child.stdin.write(word);
    await got;
  }
  assert.strictEqual(child.exitCode, null);
  child.stdin.end();
  await event(child, 'close');
});

test('an unread error of stdin is thrown', async () => {
  const text = `
    process.on('uncaughtException', (error) => { console.log(error.code); });
    const cp = require(${JSON.stringify(moduleName)});
    const script = 'exec 0<&-; echo x; cat <&3';
    const child = cp.spawn('sh', ['-c', script], { stdio: ['pipe', 'pipe', 'inherit', 'pipe'] });
    child.stdout.once('data', () => child.stdin.write('y', () => child.stdio[3].end()));
    child.stdio[3].resume();`;
  assert.strictEqual((await finish(cp.spawn(process.execPath, ['-e', text]))).stdout, 'EPIPE\n');
});

test('bytesRead and bytesWritten count', async () => {
  const child = cp.spawn('cat');
  child.stdin.end('12345');
  child.stdout.resume();
  await event(child, 'close');
  assert.strictEqual(child.stdin.bytesWritten, 5);
  assert.strictEqual(child.stdout.bytesRead, 5);
});
