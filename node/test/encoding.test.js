'use strict';

const assert = require('node:assert');
const { cp, test, outcome } = require('./fixtures/support.js');

const text = 'aé中😀';
const bytes = Buffer.from(text);

test('exec and execFile: every encoding of Node', async () => {
  for (const encoding of [
    'utf8',
    'utf-8',
    'UTF8',
    'latin1',
    'binary',
    'ascii',
    'hex',
    'base64',
    'base64url',
    'ucs2',
    'utf16le',
  ]) {
    const expected = encoding === 'ascii' ? bytes.toString('ascii') : bytes.toString(encoding);
    const file = await outcome((done) => cp.execFile('printf', ['%s', text], { encoding }, done));
    assert.strictEqual(file.stdout, expected, encoding);
    assert.strictEqual(file.stderr, '');
    const shell = await outcome((done) => cp.exec(`printf %s ${text} >&2`, { encoding }, done));
    assert.strictEqual(shell.stderr, expected, encoding);
    assert.strictEqual(shell.stdout, '');
  }
});

test('exec and execFile: buffer, null and unknown encodings give Buffers', async () => {
  for (const encoding of ['buffer', null, 'no-such-encoding', '']) {
    const { stdout, stderr } = await outcome((done) => cp.execFile('printf', ['%s', text], { encoding }, done));
    assert.deepStrictEqual([stdout, stderr], [bytes, Buffer.alloc(0)], String(encoding));
  }
});

test('encoding undefined is Buffers too', async () => {
  const { stdout } = await outcome((done) => cp.execFile('echo', ['x'], { encoding: undefined }, done));
  assert.deepStrictEqual(stdout, Buffer.from('x\n'));
});

test('a character that comes in two parts', async () => {
  const { stdout } = await outcome((done) => {
    const child = cp.execFile('cat', done);
    const first = bytes.subarray(0, bytes.length - 2);
    child.stdin.write(first);
    // The second part follows when the first has come back.
    child.stdout.once('data', () => child.stdin.end(bytes.subarray(first.length)));
    return child;
  });
  assert.strictEqual(stdout, text);
});

test('invalid UTF-8 becomes the replacement character', async () => {
  const { stdout } = await outcome((done) => cp.exec('printf "a\\377b"', done));
  assert.strictEqual(stdout, 'a\ufffdb');
});

test('the bytes of a Buffer are exact', async () => {
  const all = Array.from({ length: 256 }, (_, i) => i);
  const { stdout } = await outcome((done) => {
    const child = cp.execFile('cat', { encoding: 'buffer' }, done);
    child.stdin.end(Buffer.from(all));
    return child;
  });
  assert.deepStrictEqual([...stdout], all);
});

test('spawnSync: encodings', () => {
  for (const encoding of ['utf8', 'latin1', 'hex', 'base64', 'ucs2']) {
    const result = cp.spawnSync('printf', ['%s', text], { encoding });
    assert.strictEqual(result.stdout, bytes.toString(encoding), encoding);
    assert.deepStrictEqual(result.output, [null, bytes.toString(encoding), '']);
  }
  for (const encoding of ['buffer', undefined, null]) {
    assert.deepStrictEqual(cp.spawnSync('printf', ['%s', text], { encoding }).stdout, bytes);
  }
});

test('execSync and execFileSync: encodings', () => {
  assert.strictEqual(cp.execSync('echo é', { encoding: 'utf8' }), 'é\n');
  assert.strictEqual(cp.execFileSync('echo', ['é'], { encoding: 'hex' }), 'c3a90a');
  assert.deepStrictEqual(cp.execSync('echo x'), Buffer.from('x\n'));
  assert.deepStrictEqual(cp.execFileSync('echo', ['x'], { encoding: 'buffer' }), Buffer.from('x\n'));
});

test('spawnSync: the encoding of the input text', () => {
  assert.deepStrictEqual(
    cp.spawnSync('cat', { input: 'é', encoding: 'latin1' }).stdout,
    Buffer.from([0xe9]).toString('latin1'),
  );
  assert.strictEqual(cp.spawnSync('cat', { input: '616263', encoding: 'hex' }).stdout, '616263');
  assert.deepStrictEqual(cp.spawnSync('cat', { input: 'é' }).stdout, Buffer.from('é'));
});

test('spawnSync: an unknown encoding is thrown', () => {
  assert.throws(() => cp.spawnSync('echo', { encoding: 'no-such-encoding' }), { code: 'ERR_UNKNOWN_ENCODING' });
});

test('setEncoding on a stream of spawn', async () => {
  const child = cp.spawn('printf', ['%s', text]);
  child.stdout.setEncoding('utf8');
  let all = '';
  child.stdout.on('data', (chunk) => {
    all += chunk;
  });
  await new Promise((resolve) => child.on('close', resolve));
  assert.strictEqual(all, text);
});
