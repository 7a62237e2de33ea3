'use strict';

const assert = require('node:assert');
const { cp, test, fixture } = require('./fixtures/support.js');

const program = fixture('child.js');
const bad = 'a\0b';

function rejects(start, name) {
  const kind = name.startsWith('options') ? 'property' : 'argument';
  assert.throws(start, (error) => {
    assert.strictEqual(error.name, 'TypeError');
    assert.strictEqual(error.code, 'ERR_INVALID_ARG_VALUE');
    const what = name === 'options.cwd' ? 'a string, Uint8Array, or URL' : 'a string';
    const text = `The ${kind} '${name}' must be ${what} without null bytes. Received 'a\\x00b'`;
    assert.strictEqual(error.message, text);
    return true;
  });
}

test('the file', () => {
  rejects(() => cp.spawn(bad), 'file');
  rejects(() => cp.execFile(bad), 'file');
  rejects(() => cp.spawnSync(bad), 'file');
  rejects(() => cp.execFileSync(bad), 'file');
});

test('the command', () => {
  rejects(() => cp.exec(bad), 'command');
  rejects(() => cp.execSync(bad), 'command');
  assert.throws(() => cp.spawn(bad, { shell: true }), { code: 'ERR_INVALID_ARG_VALUE' });
});

test('an argument', () => {
  for (const verb of [cp.spawn, cp.execFile, cp.spawnSync, cp.execFileSync]) {
    rejects(() => verb('true', [bad]), 'args[0]');
    rejects(() => verb('true', ['ok', bad]), 'args[1]');
  }
  // fork counts the flags and its module, too.
  rejects(() => cp.fork(program, ['a', bad], { execArgv: [] }), 'args[2]');
  rejects(() => cp.fork(program, [], { execArgv: ['a', bad] }), 'options.execArgv[1]');
});

test('the module and the path of fork', () => {
  assert.throws(
    () => cp.fork(bad),
    (error) => {
      assert.strictEqual(error.code, 'ERR_INVALID_ARG_VALUE');
      assert.match(error.message, /without null bytes\. Received 'a\\x00b'$/);
      return true;
    },
  );
  assert.throws(() => cp.fork(program, { execPath: bad }), {
    code: 'ERR_INVALID_ARG_VALUE',
    message: /without null bytes/,
  });
});

test('cwd, argv0, shell', () => {
  for (const verb of [cp.spawn, cp.execFile, cp.spawnSync, cp.execFileSync]) {
    rejects(() => verb('true', { cwd: bad }), 'options.cwd');
    rejects(() => verb('true', { argv0: bad }), 'options.argv0');
    rejects(() => verb('true', { shell: bad }), 'options.shell');
  }
  rejects(() => cp.exec('true', { cwd: bad }), 'options.cwd');
  rejects(() => cp.fork(program, { cwd: bad }), 'options.cwd');
});

test('env: name and value', () => {
  for (const verb of [cp.spawn, cp.execFile, cp.spawnSync, cp.execFileSync, cp.exec, cp.execSync]) {
    rejects(() => verb('true', { env: { A: bad } }), "options.env['A']");
    rejects(() => verb('true', { env: { [bad]: 'x' } }), "options.env['a\0b']");
  }
  rejects(() => cp.fork(program, { env: { A: bad } }), "options.env['A']");
});
