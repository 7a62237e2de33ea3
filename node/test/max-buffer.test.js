'use strict';

const assert = require('node:assert');
const { cp, test, outcome, properties } = require('./fixtures/support.js');

function write(bytes, redirect = '') {
  return `head -c ${bytes} /dev/zero | tr '\\0' x ${redirect}`;
}

test('more than maxBuffer: the error, and output cut at the limit', async () => {
  const command = write(1000);
  const { error, stdout, stderr } = await outcome((done) => cp.exec(command, { maxBuffer: 10 }, done));
  assert(error instanceof RangeError);
  assert.strictEqual(error.name, 'RangeError');
  assert.strictEqual(error.message, 'stdout maxBuffer length exceeded');
  assert.deepStrictEqual(properties(error), [['code', 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER'], ['cmd', command]]);
  assert.strictEqual(String(error), 'RangeError [ERR_CHILD_PROCESS_STDIO_MAXBUFFER]: stdout maxBuffer length exceeded');
  assert.strictEqual(stdout, 'x'.repeat(10));
  assert.strictEqual(stderr, '');
});

test('stderr has a limit of its own', async () => {
  const command = `echo four; ${write(1000, '>&2')}`;
  const { error, stdout, stderr } = await outcome((done) => cp.exec(command, { maxBuffer: 5 }, done));
  assert.strictEqual(error.message, 'stderr maxBuffer length exceeded');
  assert.strictEqual(error.code, 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER');
  assert.strictEqual(stdout, 'four\n');
  assert.strictEqual(stderr, 'x'.repeat(5));
});

test('exactly maxBuffer bytes are allowed', async () => {
  const { error, stdout } = await outcome((done) => cp.exec(write(100000), { maxBuffer: 100000 }, done));
  assert.strictEqual(error, null);
  assert.strictEqual(stdout.length, 100000);
});

test('one byte more is not', async () => {
  const { error, stdout } = await outcome((done) => cp.exec(write(100001), { maxBuffer: 100000 }, done));
  assert.strictEqual(error.code, 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER');
  assert.strictEqual(stdout.length, 100000);
});

test('the default is one MiB', async () => {
  const { error, stdout } = await outcome((done) => cp.exec(write(1024 * 1024 + 1), done));
  assert.strictEqual(error.code, 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER');
  assert.strictEqual(stdout.length, 1024 * 1024);
});

test('maxBuffer 0 allows no output', async () => {
  const { error, stdout } = await outcome((done) => cp.exec('echo x', { maxBuffer: 0 }, done));
  assert.strictEqual(error.code, 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER');
  assert.strictEqual(stdout, '');
  assert.strictEqual((await outcome((done) => cp.exec('true', { maxBuffer: 0 }, done))).error, null);
});

test('maxBuffer Infinity has no limit', async () => {
  const { error, stdout } = await outcome((done) => cp.exec(write(3000000), { maxBuffer: Infinity }, done));
  assert.strictEqual(error, null);
  assert.strictEqual(stdout.length, 3000000);
});

test('maxBuffer counts bytes and cuts in units of the text', async () => {
  const three = 'printf "\\303\\251\\303\\251\\303\\251"'; // Three letters of two bytes each.
  const text = await outcome((done) => cp.exec(three, { maxBuffer: 4 }, done));
  assert.strictEqual(text.error.code, 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER');
  assert.strictEqual(text.stdout, 'ééé');
  const bytes = await outcome((done) => cp.exec(three, { maxBuffer: 4, encoding: 'buffer' }, done));
  assert.deepStrictEqual(bytes.stdout, Buffer.from([0xc3, 0xa9, 0xc3, 0xa9]));
  const enough = await outcome((done) => cp.exec(three, { maxBuffer: 6 }, done));
  assert.strictEqual(enough.error, null);
});

test('thirteen bytes of four Chinese characters', async () => {
  const command = 'echo 中文测试';
  assert.strictEqual((await outcome((done) => cp.exec(command, { maxBuffer: 13 }, done))).error, null);
  const { error } = await outcome((done) => cp.exec(command, { maxBuffer: 12 }, done));
  assert.strictEqual(error.code, 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER');
});

test('buffers are cut at the exact byte', async () => {
  for (const encoding of ['buffer', null, 'no-such-encoding']) {
    const { error, stdout } = await outcome((done) => cp.exec(write(5000), { maxBuffer: 777, encoding }, done));
    assert.strictEqual(error.code, 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER');
    assert.deepStrictEqual(stdout, Buffer.alloc(777, 'x'));
  }
});

test('the child is killed with killSignal', async () => {
  // It goes on when its output is closed, so that only the signal can end it.
  const command = 'trap "" PIPE; while :; do echo "many letters" 2>/dev/null; done';
  const { error, child } = await outcome((done) => cp.exec(command, { maxBuffer: 100, killSignal: 'SIGKILL' }, done));
  assert.strictEqual(error.code, 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER');
  assert.strictEqual(child.killed, true);
  assert.strictEqual(child.signalCode, 'SIGKILL');
});

test('the callback waits until the killed child has ended', async () => {
  const command = 'trap "" TERM PIPE; echo too much; exec 1>&- 2>&-; read line; exit 3';
  const { error, child } = await outcome((done) => {
    const started = cp.exec(command, { maxBuffer: 3 }, done);
    started.stdout.once('close', () => started.stdin.end('go\n'));
    return started;
  });
  assert.strictEqual(error.code, 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER');
  assert.strictEqual(child.exitCode, 3);
});

test('maxBuffer of execFile', async () => {
  const { error, stdout } = await outcome((done) => cp.execFile('echo', ['hello'], { maxBuffer: 4 }, done));
  assert.strictEqual(error.message, 'stdout maxBuffer length exceeded');
  assert.strictEqual(stdout, 'hell');
  assert.strictEqual((await outcome((done) => cp.execFile('echo', ['hello'], { maxBuffer: 6 }, done))).error, null);
});

test('maxBuffer 10 MiB', async () => {
  const options = { maxBuffer: 10 * 1024 * 1024 };
  const { error, stdout } = await outcome((done) => cp.exec(write(2 * 1024 * 1024), options, done));
  assert.strictEqual(error, null);
  assert.strictEqual(stdout.length, 2 * 1024 * 1024);
});
