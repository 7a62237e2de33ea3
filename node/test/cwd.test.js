'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { pathToFileURL } = require('node:url');
const {
  cp,
  test,
  outcome,
  event,
  finish,
  record,
  fixture,
  script,
  temporaryDirectory,
} = require('./fixtures/support.js');

test('cwd as a text, for every verb', async (t) => {
  const cwd = temporaryDirectory(t);
  assert.strictEqual((await finish(cp.spawn('pwd', { cwd }))).stdout, `${cwd}\n`);
  assert.strictEqual((await outcome((done) => cp.exec('pwd', { cwd }, done))).stdout, `${cwd}\n`);
  assert.strictEqual((await outcome((done) => cp.execFile('pwd', { cwd }, done))).stdout, `${cwd}\n`);
  assert.strictEqual((await finish(cp.fork(fixture('child.js'), ['cwd'], { cwd, silent: true }))).stdout, `${cwd}\n`);
  assert.strictEqual(String(cp.spawnSync('pwd', { cwd }).stdout), `${cwd}\n`);
  assert.strictEqual(String(cp.execSync('pwd', { cwd })), `${cwd}\n`);
  assert.strictEqual(String(cp.execFileSync('pwd', { cwd })), `${cwd}\n`);
});

test('cwd as a URL, for every verb', async (t) => {
  const directory = path.join(temporaryDirectory(t), 'a b%c');
  fs.mkdirSync(directory);
  const cwd = pathToFileURL(directory);
  assert.strictEqual((await finish(cp.spawn('pwd', { cwd }))).stdout, `${directory}\n`);
  assert.strictEqual((await outcome((done) => cp.exec('pwd', { cwd }, done))).stdout, `${directory}\n`);
  assert.strictEqual((await outcome((done) => cp.execFile('pwd', { cwd }, done))).stdout, `${directory}\n`);
  assert.strictEqual(
    (await finish(cp.fork(fixture('child.js'), ['cwd'], { cwd, silent: true }))).stdout,
    `${directory}\n`,
  );
  assert.strictEqual(String(cp.spawnSync('pwd', { cwd }).stdout), `${directory}\n`);
  assert.strictEqual(String(cp.execSync('pwd', { cwd })), `${directory}\n`);
  assert.strictEqual(String(cp.execFileSync('pwd', { cwd })), `${directory}\n`);
});

test('a URL that is no file', () => {
  for (const [cwd, code] of [
    ['http://example.org/', 'ERR_INVALID_URL_SCHEME'],
    ['file://host/tmp', 'ERR_INVALID_FILE_URL_HOST'],
    ['file:///tmp/a%2Fb', 'ERR_INVALID_FILE_URL_PATH'],
  ]) {
    assert.throws(() => cp.spawn('pwd', { cwd: new URL(cwd) }), { code });
    assert.throws(() => cp.spawnSync('pwd', { cwd: new URL(cwd) }), { code });
  }
});

test('no cwd: the directory of the parent, null, undefined and empty alike', async () => {
  for (const cwd of [undefined, null, '']) {
    assert.strictEqual((await finish(cp.spawn('pwd', { cwd }))).stdout, `${process.cwd()}\n`);
  }
});

test('process.chdir() before the call counts', async (t) => {
  const before = process.cwd();
  const directory = temporaryDirectory(t);
  process.chdir(directory);
  try {
    assert.strictEqual((await finish(cp.spawn('pwd'))).stdout, `${directory}\n`);
    assert.strictEqual(String(cp.spawnSync('pwd').stdout), `${directory}\n`);
  } finally {
    process.chdir(before);
  }
});

test('a missing cwd: ENOENT of the command', async () => {
  const child = cp.spawn('pwd', { cwd: '/no/such/directory' });
  const log = record(child);
  await event(child, 'close');
  assert.deepStrictEqual(
    log.map(([name]) => name),
    ['error', 'close'],
  );
  const { message, errno, code, syscall, path: file, spawnargs } = log[0][1];
  assert.deepStrictEqual(
    { message, errno, code, syscall, file, spawnargs },
    { message: 'spawn pwd ENOENT', errno: -2, code: 'ENOENT', syscall: 'spawn pwd', file: 'pwd', spawnargs: [] },
  );
});

test('a missing cwd in the other verbs', async () => {
  const cwd = '/no/such/directory';
  const { error } = await outcome((done) => cp.exec('pwd', { cwd }, done));
  assert.strictEqual(error.message, 'spawn /bin/sh ENOENT');
  assert.strictEqual(cp.spawnSync('pwd', { cwd }).error.message, 'spawnSync pwd ENOENT');
  assert.throws(() => cp.execSync('pwd', { cwd }), { message: 'spawnSync /bin/sh ENOENT' });
  const child = cp.fork(fixture('child.js'), ['cwd'], { cwd });
  const [first] = await event(child, 'error');
  assert.strictEqual(first.message, `spawn ${process.execPath} ENOENT`);
  await event(child, 'close');
});

test('a relative command is relative to cwd', async (t) => {
  const cwd = temporaryDirectory(t);
  script(cwd, 'here', '#!/bin/sh\necho "from here"\n');
  assert.strictEqual((await finish(cp.spawn('./here', { cwd }))).stdout, 'from here\n');
  assert.strictEqual((await finish(cp.spawn('here', { cwd, env: { PATH: '.' } }))).stdout, 'from here\n');
});

test('a relative cwd', async (t) => {
  const directory = temporaryDirectory(t);
  const cwd = path.relative(process.cwd(), directory);
  assert.strictEqual((await finish(cp.spawn('pwd', ['-P'], { cwd }))).stdout, `${directory}\n`);
});
