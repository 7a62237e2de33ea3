'use strict';

const assert = require('node:assert');
const { cp, test, outcome, event, finish, isRoot, script, temporaryDirectory } = require('./fixtures/support.js');

const skip = isRoot ? false : 'needs root';
const show = 'echo $(id -u) $(id -g) $(id -G)';

test('uid and gid, for every verb', { skip }, async () => {
  const options = { uid: 12345, gid: 23456 };
  const expected = '12345 23456 23456\n';
  assert.strictEqual((await finish(cp.spawn('sh', ['-c', show], options))).stdout, expected);
  assert.strictEqual((await outcome((done) => cp.exec(show, options, done))).stdout, expected);
  assert.strictEqual((await outcome((done) => cp.execFile('sh', ['-c', show], options, done))).stdout, expected);
  assert.strictEqual(String(cp.spawnSync('sh', ['-c', show], options).stdout), expected);
  assert.strictEqual(String(cp.execSync(show, options)), expected);
  assert.strictEqual(String(cp.execFileSync('sh', ['-c', show], options)), expected);
});

test('fork: uid and gid', { skip }, async (t) => {
  const file = script(temporaryDirectory(t), 'tell.js', 'process.send([process.getuid(), process.getgid()]);');
  const child = cp.fork(file, { uid: 1, gid: 2, cwd: '/' });
  const closed = event(child, 'close');
  assert.deepStrictEqual((await event(child, 'message'))[0], [1, 2]);
  await closed;
});

test('only uid, only gid', { skip }, async () => {
  assert.strictEqual((await finish(cp.spawn('id', ['-u'], { uid: 77 }))).stdout, '77\n');
  assert.strictEqual((await finish(cp.spawn('sh', ['-c', 'echo $(id -u) $(id -g)'], { gid: 88 }))).stdout, '0 88\n');
});

test('uid 0 and gid 0 are ids', { skip }, async () => {
  assert.strictEqual(
    (await finish(cp.spawn('sh', ['-c', 'echo $(id -u) $(id -g)'], { uid: 0, gid: 0 }))).stdout,
    '0 0\n',
  );
});

test('null and undefined are no ids', async () => {
  const { stdout } = await finish(cp.spawn('id', ['-u'], { uid: null, gid: undefined }));
  assert.strictEqual(stdout, `${process.getuid()}\n`);
});

test('an id that may not be taken is EPERM', async () => {
  // As somebody without rights, from a process in between when this one is root.
  const { moduleName } = require('./fixtures/support.js');
  const text = `
    const cp = require(${JSON.stringify(moduleName)});
    if (process.getuid() === 0) { process.setgid(65534); process.setuid(65534); }
    for (const options of [{ uid: 0 }, { gid: 0 }]) {
      try { cp.spawn('true', options); } catch (error) { console.log(error.code, error.syscall, error.message); }
      console.log(cp.spawnSync('true', options).error.code);
    }`;
  const { stdout, stderr } = await finish(cp.spawn(process.execPath, ['-e', text]));
  assert.strictEqual(stdout, 'EPERM spawn spawn EPERM\nEPERM\n'.repeat(2), stderr);
});

test('uid and gid are checked', () => {
  for (const name of ['uid', 'gid']) {
    for (const value of ['0', 1.5, {}, true, 2 ** 31, NaN]) {
      assert.throws(
        () => cp.spawn('true', { [name]: value }),
        (error) => {
          assert.match(error.code, /^ERR_(INVALID_ARG_TYPE|OUT_OF_RANGE)$/);
          assert(error.message.includes(`options.${name}`), error.message);
          return true;
        },
      );
    }
  }
});

test('a negative id is the one that has the same bits', { skip }, async () => {
  assert.strictEqual((await finish(cp.spawn('id', ['-u'], { uid: -2, gid: -2 }))).stdout, `${2 ** 32 - 2}\n`);
  assert.throws(() => cp.spawn('true', { uid: -1 }), { code: 'EINVAL' });
});
