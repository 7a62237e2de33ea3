'use strict';

const assert = require('node:assert');
const { cp, test, finish, moduleName, major } = require('./fixtures/support.js');

const noOutput = major >= 22 ? undefined : null;

test('execSync and execFileSync return stdout', () => {
  assert.deepStrictEqual(cp.execSync('echo $((1+1))'), Buffer.from('2\n'));
  assert.deepStrictEqual(cp.execFileSync('echo', ['$HOME']), Buffer.from('$HOME\n'));
});

test('execFileSync: arguments and options may each be left out', () => {
  for (const call of [
    ['pwd'],
    ['pwd', []],
    ['pwd', {}],
    ['pwd', [], {}],
    ['pwd', null, null],
    ['pwd', undefined, {}],
  ]) {
    assert.strictEqual(String(cp.execFileSync(...call)), `${process.cwd()}\n`);
  }
});

test('an exit code: the error has the whole result', () => {
  for (const [start, command] of [
    [() => cp.execSync('echo out; echo err >&2; exit 5', { stdio: 'pipe' }), 'echo out; echo err >&2; exit 5'],
    [
      () => cp.execFileSync('sh', ['-c', 'echo out; echo err >&2; exit 5'], { stdio: 'pipe' }),
      'sh -c echo out; echo err >&2; exit 5',
    ],
  ]) {
    assert.throws(start, (error) => {
      assert.strictEqual(error.constructor, Error);
      assert.strictEqual(error.message, `Command failed: ${command}\nerr\n`);
      assert.deepStrictEqual(Object.keys(error), ['status', 'signal', 'output', 'pid', 'stdout', 'stderr']);
      assert.deepStrictEqual([error.status, error.signal], [5, null]);
      assert.deepStrictEqual(error.output, [null, Buffer.from('out\n'), Buffer.from('err\n')]);
      assert.strictEqual(error.stdout, error.output[1]);
      assert.strictEqual(error.stderr, error.output[2]);
      assert(error.pid > 0);
      return true;
    });
  }
});

test('the message has no newline when stderr is empty', () => {
  assert.throws(() => cp.execSync('exit 1'), { message: 'Command failed: exit 1' });
  assert.throws(() => cp.execFileSync('false'), { message: 'Command failed: false' });
});

test('a signal throws', () => {
  assert.throws(() => cp.execSync('kill -TERM $$'), {
    message: 'Command failed: kill -TERM $$',
    status: null,
    signal: 'SIGTERM',
  });
});

test('a missing file: the error of spawnSync with the result', () => {
  assert.throws(
    () => cp.execFileSync('no-such-file', ['x']),
    (error) => {
      assert.strictEqual(error.message, 'spawnSync no-such-file ENOENT');
      assert.strictEqual(error.error, error);
      assert.deepStrictEqual(Object.keys(error), [
        'errno',
        'code',
        'syscall',
        'path',
        'spawnargs',
        'error',
        'status',
        'signal',
        'output',
        'pid',
        'stdout',
        'stderr',
      ]);
      const { errno, code, syscall, path, spawnargs, status, signal, output, pid, stdout, stderr } = error;
      assert.deepStrictEqual(
        [errno, code, syscall, path, spawnargs, status, signal, output, pid, stdout, stderr],
        [-2, 'ENOENT', 'spawnSync no-such-file', 'no-such-file', ['x'], null, null, null, 0, noOutput, noOutput],
      );
      return true;
    },
  );
});

test('a timeout throws', () => {
  assert.throws(
    () => cp.execSync('echo out; exec sleep 100', { timeout: 100 }),
    (error) => {
      assert.strictEqual(error.message, 'spawnSync /bin/sh ETIMEDOUT');
      assert.deepStrictEqual(
        [error.code, error.errno, error.status, error.signal],
        ['ETIMEDOUT', -110, null, 'SIGTERM'],
      );
      assert.strictEqual(String(error.stdout), 'out\n');
      return true;
    },
  );
  assert.throws(() => cp.execFileSync('sleep', ['100'], { timeout: 20, killSignal: 'SIGKILL' }), {
    code: 'ETIMEDOUT',
    signal: 'SIGKILL',
  });
});

test('maxBuffer throws', () => {
  assert.throws(() => cp.execSync('head -c 5000 /dev/zero', { maxBuffer: 100 }), {
    code: 'ENOBUFS',
    message: 'spawnSync /bin/sh ENOBUFS',
  });
  assert.throws(() => cp.execFileSync('head', ['-c', '5000', '/dev/zero'], { maxBuffer: 100 }), {
    code: 'ENOBUFS',
    errno: -105,
  });
  assert.strictEqual(cp.execSync('head -c 5000 /dev/zero', { maxBuffer: 5000 }).length, 5000);
});

test("stderr goes to the parent's stderr unless stdio is given", async () => {
  const text = `
    const cp = require(${JSON.stringify(moduleName)});
    cp.execSync('echo one >&2');
    cp.execSync('echo two >&2', { stdio: 'pipe' });
    cp.execFileSync('sh', ['-c', 'echo three >&2']);
    cp.execFileSync('sh', ['-c', 'echo four >&2'], { stdio: ['pipe', 'pipe', 'ignore'] });
    try { cp.execSync('echo five >&2; exit 1'); } catch (error) { console.log(String(error.stderr)); }`;
  const { stdout, stderr } = await finish(cp.spawn(process.execPath, ['-e', text]));
  assert.strictEqual(stderr, 'one\nthree\nfive\n');
  assert.strictEqual(stdout, 'five\n\n');
});

test('stdio inherit and ignore return null', async () => {
  assert.strictEqual(cp.execSync('echo x', { stdio: 'ignore' }), null);
  const text = `console.log(require(${JSON.stringify(moduleName)}).execSync('echo direct', { stdio: 'inherit' }));`;
  assert.strictEqual((await finish(cp.spawn(process.execPath, ['-e', text]))).stdout, 'direct\nnull\n');
});

test('input', () => {
  assert.strictEqual(String(cp.execSync('cat', { input: 'text' })), 'text');
  assert.strictEqual(String(cp.execFileSync('cat', { input: Buffer.from('bytes') })), 'bytes');
  assert.strictEqual(String(cp.execFileSync('cat', [], { input: new Uint8Array([97, 98]) })), 'ab');
});

test('uid, gid, env, cwd, windowsHide together', { skip: process.getuid() === 0 ? false : 'needs root' }, () => {
  const options = {
    uid: 1000,
    gid: 1001,
    env: { A: 'b', PATH: process.env.PATH },
    cwd: '/',
    windowsHide: true,
    encoding: 'utf8',
  };
  assert.strictEqual(cp.execSync('echo $(id -u) $(id -g) $A $(pwd)', options), '1000 1001 b /\n');
  assert.strictEqual(cp.execFileSync('sh', ['-c', 'echo $(id -u) $(id -g) $A $(pwd)'], options), '1000 1001 b /\n');
});

test('execSync: a shell of its own', () => {
  assert.strictEqual(String(cp.execSync('echo $0', { shell: '/bin/bash' })), '/bin/bash\n');
  assert.throws(() => cp.execSync('true', { shell: '/no/such/shell' }), { code: 'ENOENT', path: '/no/such/shell' });
});

test('the event loop stands still', () => {
  let ticked = false;
  process.nextTick(() => {
    ticked = true;
  });
  cp.execSync('true');
  cp.execFileSync('true');
  assert.strictEqual(ticked, false);
});
