'use strict';
// Shells and arguments, and Node's permission model.

const assert = require('node:assert');
const {
  cp, test, event, finish, fixture, isOurs, major, minor, moduleName, outcome, temporaryDirectory,
} = require('./fixtures/support.js');

const module_ = JSON.stringify(moduleName);

// Runs a text in a Node with flags of its own.
function program(text, ...flags) {
  return finish(cp.spawn(process.execPath, [...flags, '-e', `const cp = require(${module_}); ${text}`]));
}

const hostile = [
  '$(echo no)', '`echo no`', '; echo no', '| cat', '> no', '* ?', '"\'', '$HOME', '--eval=no', 'a\nb', '\\',
];

test('without a shell arguments arrive as they are', async (t) => {
  const cwd = temporaryDirectory(t); // where a redirection would leave a file
  const args = ['-c', 'printf "<%s>" "$@"; ls', 'sh', ...hostile];
  const expected = hostile.map((arg) => `<${arg}>`).join('');
  assert.strictEqual((await finish(cp.spawn('sh', args, { cwd }))).stdout, expected);
  assert.strictEqual((await outcome((done) => cp.execFile('sh', args, { cwd }, done))).stdout, expected);
  assert.strictEqual(cp.execFileSync('sh', args, { cwd, encoding: 'utf8' }), expected);
  assert.strictEqual(cp.spawnSync('sh', args, { cwd, encoding: 'utf8' }).stdout, expected);
});

test('a forked module gets them as they are, too', async () => {
  const child = cp.fork(fixture('tell-arguments.js'), hostile);
  const closed = event(child, 'close');
  assert.deepStrictEqual((await event(child, 'message'))[0], hostile);
  await closed;
});

test('with a shell they are commands', async () => {
  const input = 'file; echo injected';
  assert.strictEqual((await outcome((done) => cp.exec(`echo ${input}`, done))).stdout, 'file\ninjected\n');
  assert.strictEqual(String(cp.execSync(`echo ${input}`)), 'file\ninjected\n');
  assert.strictEqual(String(cp.execFileSync('echo', [input], { shell: true })), 'file\ninjected\n');
});

test('arguments beside a shell: a warning, once, where Node has it', async () => {
  const verbs = ['spawn', 'execFile', 'spawnSync', 'execFileSync'];
  const calls = verbs.map((verb) => `cp.${verb}('echo', ['a'], { shell: true });`);
  for (const text of [...calls, calls.join('')]) {
    const { code, stderr } = await program(text);
    assert.strictEqual(code, 0);
    const warnings = stderr.match(/\[DEP0190\] DeprecationWarning: Passing args to a child process with shell/g);
    assert.strictEqual(warnings?.length ?? 0, major >= 24 ? 1 : 0, text);
  }
  const without = await program('cp.spawn("echo a", { shell: true }); cp.exec("echo a"); cp.execSync("echo a");');
  assert.strictEqual(without.stderr, '');
});

const isFrom = (line, first) => major === line && minor >= first;
const flag = major >= 24 || isFrom(22, 13) ? '--permission' : '--experimental-permission';
const permission = [flag, '--allow-fs-read=*', '--no-warnings'];
const restricted = isOurs ? [...permission, '--allow-addons'] : permission;

test('the permission model: nothing is started without --allow-child-process', async () => {
  const text = `
    const calls = [() => cp.spawn('true'), () => cp.exec('true'), () => cp.execFile('true'), () => cp.fork(__filename),
      () => cp.spawnSync('true'), () => cp.execSync('true'), () => cp.execFileSync('true')];
    for (const call of calls)
      try { call(); console.log('started'); } catch ({ code, permission }) { console.log(code, permission); }`;
  const { stdout } = await program(text, ...restricted);
  assert.strictEqual(stdout, 'ERR_ACCESS_DENIED ChildProcess\n'.repeat(7));
  const allowed = await program('cp.execFileSync("echo", ["it may"], { stdio: "inherit" });', ...restricted,
    '--allow-child-process');
  assert.strictEqual(allowed.stdout, 'it may\n');
});

test('the flags of the permission model go on to children in NODE_OPTIONS, where Node does that', async () => {
  const text = 'console.log(String(cp.execFileSync("sh", ["-c", "echo $NODE_OPTIONS"])));';
  const { stdout } = await program(text, ...restricted, '--allow-child-process');
  const copies = major >= 25 || isFrom(24, 4) || isFrom(22, 18);
  for (const flag of ['--permission', '--allow-fs-read=*', '--allow-child-process'])
    assert.strictEqual(stdout.includes(flag), copies, flag);
});
