'use strict';
// The package as a user has it. script/test-node-package copies this file beside a node_modules with the installed
// tarball and runs it there.

const assert = require('node:assert');
const { execFile } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { promisify } = require('node:util');

const deadline = 60000;

function write(name, lines) {
  const file = path.join(__dirname, name);
  fs.writeFileSync(file, `${lines.join('\n')}\n`);
  return file;
}

/** Runs a program in this directory and gives back what it printed. */
async function run(file, args, env = {}) {
  const options = { cwd: __dirname, env: { ...process.env, ...env } };
  const { stdout } = await promisify(execFile)(file, args, options);
  return stdout.trim().split('\n');
}

const node = (...args) => run(process.execPath, args);
const check = (name, body) => test(name, { timeout: deadline }, body);

// Prints whether each way to the module leads to ours: all that it has. Ours has more.
const lookAround = [
  "const ours = require('child-process-c');",
  "const ways = [require('child_process'), require('node:child_process')];",
  "if (process.getBuiltinModule) ways.push(process.getBuiltinModule('child_process'));",
  "const names = Object.keys(require('child_process'));",
  'console.log(ways.every((way) => names.every((name) => way[name] === ours[name])));',
];

check('the verbs by require()', async () => {
  const program = write('verbs.js', [
    "const { exec, execFileSync, fork, spawn } = require('child-process-c');",
    "console.log(execFileSync('echo', ['sync'], { encoding: 'utf8' }).trim());",
    "exec('echo asynchronous; exit 3', (error, stdout) => {",
    '  console.log(stdout.trim(), error.code);',
    "  const sorter = spawn('sort');",
    "  sorter.stdout.on('data', (text) => console.log(String(text).split('\\n').join(' ').trim()));",
    "  sorter.stdin.end('b\\na\\n');",
    "  sorter.on('close', () => {",
    "    const worker = fork(__dirname + '/worker.js');",
    "    worker.on('message', (message) => { console.log(message.sum); worker.disconnect(); });",
    '    worker.send([1, 2, 3]);',
    '  });',
    '});',
  ]);
  write('worker.js', [
    "process.on('message', (list) => process.send({ sum: list.reduce((a, b) => a + b) }));",
  ]);
  assert.deepStrictEqual(await node(program), ['sync', 'asynchronous 3', 'a b', '6']);
});

check('named imports', async () => {
  const program = write('named.mjs', [
    "import childProcess, { ChildProcess, spawn } from 'child-process-c';",
    "import { exec } from 'child-process-c/promises';",
    "import { builtin } from 'child-process-c/register';",
    'console.log(childProcess.spawn === spawn, spawn !== builtin.spawn);',
    "const running = exec('echo out');",
    'console.log(running.child instanceof ChildProcess, (await running).stdout.trim());',
  ]);
  assert.deepStrictEqual(await node(program), ['true true', 'true out']);
});

check('a pool, and the helper for its workers', async () => {
  write('square.js', [
    "const { serve } = require('child-process-c/worker');",
    'serve((n) => n * n);',
    "const isLoaded = Object.keys(require.cache).some((file) => file.endsWith('.node'));",
    "if (isLoaded) throw new Error('a worker needs no addon');",
  ]);
  const program = write('pool.mjs', [
    "import { ProcessPool } from 'child-process-c';",
    "const pool = new ProcessPool(new URL('square.js', import.meta.url), { size: 2, protocol: 'envelope' });",
    'console.log((await Promise.all([1, 2, 3].map((n) => pool.execute(n)))).join());',
    'await pool.destroy();',
  ]);
  assert.deepStrictEqual(await node(program), ['1,4,9']);
});

check('nothing but its own entries can be asked for', async () => {
  const program = write('inside.js', [
    "try { require('child-process-c/lib/child'); } catch (error) { console.log(error.code); }",
  ]);
  assert.deepStrictEqual(await node(program), ['ERR_PACKAGE_PATH_NOT_EXPORTED']);
});

check('without register the built-in stays what it is', async () => {
  const program = write('apart.js', ["require('child-process-c');", ...lookAround]);
  assert.deepStrictEqual(await node(program), ['false']);
});

check('register by node -r', async () => {
  const program = write('look.js', lookAround);
  assert.deepStrictEqual(await node('-r', 'child-process-c/register', program), ['true']);
});

check('register by node --import, for both ways to write an import', async () => {
  const program = write('look.mjs', [
    "import * as ours from 'child-process-c';",
    "import * as bare from 'child_process';",
    "import { spawn } from 'node:child_process';",
    'console.log(spawn === ours.spawn, bare.execFileSync === ours.execFileSync, bare.default.fork === ours.fork);',
  ]);
  assert.deepStrictEqual(await node('--import', 'child-process-c/register', program), ['true true true']);
});

check('register in the program, and again, keeps the functions of Node', async () => {
  const program = write('twice.js', [
    "const { spawnSync } = require('child_process');",
    "const { builtin } = require('child-process-c/register');",
    "delete require.cache[require.resolve('child-process-c/register')];",
    "require('child-process-c/register');",
    'console.log(builtin.spawnSync === spawnSync);',
    "console.log(builtin.spawnSync('echo', ['by Node'], { encoding: 'utf8' }).stdout.trim());",
    ...lookAround,
  ]);
  assert.deepStrictEqual(await node(program), ['true', 'by Node', 'true']);
});

check('register reaches worker threads', async () => {
  write('thread.js', [
    ...lookAround,
    "require('child_process').exec('echo from a thread', (error, stdout) => console.log(stdout.trim()));",
  ]);
  const program = write('threads.js', [
    "const { Worker } = require('worker_threads');",
    "new Worker(__dirname + '/thread.js').on('exit', (code) => console.log(code));",
  ]);
  assert.deepStrictEqual(await node('-r', 'child-process-c/register', program), ['true', 'from a thread', '0']);
});

check('register reaches cluster', async () => {
  const program = write('many.js', [
    "const cluster = require('cluster');",
    'if (cluster.isPrimary) {',
    '  const worker = cluster.fork();',
    "  console.log(worker.process instanceof require('child-process-c').ChildProcess);",
    "  worker.on('message', (message) => { console.log(message); worker.disconnect(); });",
    "  worker.on('exit', () => console.log(worker.process.endReason));",
    '} else {',
    "  require('http').createServer().listen(0, () => process.send('listening'));",
    '}',
  ]);
  assert.deepStrictEqual(await node('-r', 'child-process-c/register', program), ['true', 'listening', 'exited']);
});

check('npm run, with register in NODE_OPTIONS', async () => {
  const log = path.join(__dirname, 'witness.txt');
  const witness = write('witness.js', [
    "const isOurs = require('child_process').spawn === require('child-process-c').spawn;",
    `require('fs').appendFileSync(${JSON.stringify(log)}, isOurs + '\\n');`,
  ]);
  const settings = JSON.parse(fs.readFileSync(path.join(__dirname, 'package.json'), 'utf8'));
  settings.scripts = { hello: 'echo hello' };
  fs.writeFileSync(path.join(__dirname, 'package.json'), JSON.stringify(settings));
  const printed = await run('npm', ['run', '--silent', 'hello'], {
    NODE_OPTIONS: `-r child-process-c/register -r ${witness}`,
  });
  assert.deepStrictEqual(printed, ['hello']);
  assert.match(fs.readFileSync(log, 'utf8'), /^(true\n)+$/);
});

check('a failure of the build names what is missing', async () => {
  const installer = path.join(__dirname, 'node_modules', 'child-process-c', 'install.js');
  const compiler = path.join(__dirname, 'no-such-compiler');
  await assert.rejects(run(process.execPath, [installer], { CC: compiler }), (error) => {
    assert.strictEqual(error.code, 1);
    assert.match(error.stderr, /^child-process-c: .*no-such-compiler, the C compiler, does not run/);
    return true;
  });
});

check('headers are taken from where the user says', async () => {
  const include = path.join(__dirname, 'elsewhere', 'include', 'node');
  fs.mkdirSync(include, { recursive: true });
  for (const name of ['node_api.h', 'uv.h']) fs.writeFileSync(path.join(include, name), '');
  const installer = path.join(__dirname, 'node_modules', 'child-process-c', 'install.js');
  const found = await run(process.execPath, [installer, '--find-headers'],
    { npm_config_nodedir: path.join(__dirname, 'elsewhere') });
  assert.deepStrictEqual(found, [include]);
});
