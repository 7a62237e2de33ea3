'use strict';
// What programs do with children: files, other languages, tools of Node around them, and limits of the system.

const assert = require('node:assert');
const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');
const consumers = require('node:stream/consumers');
const { cp, test, event, finish, fixture, moduleName, script, temporaryDirectory } = require('./fixtures/support.js');

const module_ = JSON.stringify(moduleName);
const pythonWorker = path.join(__dirname, '..', '..', 'examples', 'worker.py');
const skip = fs.existsSync('/usr/bin/python3') ? false : 'needs Python';

test('stdout goes straight to a file stream', async (t) => {
  const log = path.join(temporaryDirectory(t), 'errors.log');
  const child = cp.spawn('grep', ['-n', 'ERROR']);
  const file = child.stdout.pipe(fs.createWriteStream(log));
  child.stdin.end('ok\nERROR one\nok\nERROR two\n');
  const written = event(file, 'finish');
  assert.deepStrictEqual(await event(child, 'close'), [0, null]);
  await written;
  assert.strictEqual(fs.readFileSync(log, 'utf8'), '2:ERROR one\n4:ERROR two\n');
});

test('stream/consumers of stdout', async () => {
  const outputs = [[consumers.text, 'text\n'], [consumers.json, { a: [1] }], [consumers.buffer, Buffer.from([0, 1])]];
  for (const [i, [consume, expected]] of outputs.entries()) {
    const child = cp.spawn('printf', [['text\\n', '{"a": [1]}', '\\0\\1'][i]]);
    const exit = event(child, 'exit');
    assert.deepStrictEqual(await consume(child.stdout), expected);
    await exit;
  }
});

test('a Python script', { skip }, async (t) => {
  const file = script(temporaryDirectory(t), 'script.py', 'import sys\nprint("from Python", *sys.argv[1:])\n');
  assert.strictEqual((await finish(cp.spawn('python3', [file, 'a', 'b c']))).stdout, 'from Python a b c\n');
});

test('a Python program at the other end of a channel', { skip }, async () => {
  const child = cp.fork(pythonWorker, { execPath: 'python3', execArgv: [] });
  const answers = [];
  child.on('message', (message) => {
    answers.push(message);
    child.disconnect();
  });
  child.send({ id: 7, cmd: 'sum', data: [1, 2, 3] });
  assert.deepStrictEqual(await event(child, 'exit'), [0, null]);
  assert.deepStrictEqual(answers, [{ id: 7, result: 6 }]);
});

test('large results go through a file that the message names', async (t) => {
  const file = path.join(temporaryDirectory(t), 'result');
  const text = `const file = ${JSON.stringify(file)};
    require('fs').writeFileSync(file, 'x'.repeat(8 << 20));
    process.send(file);`;
  const child = cp.fork(script(path.dirname(file), 'worker.js', text));
  const closed = event(child, 'close');
  const [name] = await event(child, 'message');
  assert.strictEqual(fs.statSync(name).size, 8 << 20);
  await closed;
});

test('what the parent has read of a socket does not go along with it', async (t) => {
  const file = script(temporaryDirectory(t), 'worker.js', `process.on('message', (message, socket) => {
    socket.on('data', (data) => process.send(String(data)));
    process.send('ready');
  });`);
  const server = net.createServer().listen(0, '127.0.0.1');
  await event(server, 'listening');
  const client = net.connect(server.address().port, '127.0.0.1');
  const [socket] = await event(server, 'connection');
  client.write('first');
  await event(socket, 'data');
  const child = cp.fork(file);
  const exit = event(child, 'exit');
  child.send('take it', socket);
  assert.deepStrictEqual(await event(child, 'message'), ['ready', undefined]);
  client.end('second');
  assert.deepStrictEqual(await event(child, 'message'), ['second', undefined]);
  server.close();
  child.kill();
  await exit;
});

test('a tap on a channel: a listener, and a send() of one\'s own', async () => {
  const child = cp.fork(fixture('child.js'), ['echo']);
  const tap = [];
  const { send } = child;
  child.send = (message, ...rest) => {
    tap.push(['sending', message]);
    return send.call(child, message, ...rest);
  };
  child.on('message', (message) => {
    tap.push(['received', message]);
    child.disconnect();
  });
  child.send('ping');
  await event(child, 'exit');
  assert.deepStrictEqual(tap, [['sending', 'ping'], ['received', 'ping']]);
});

test('NODE_DEBUG=child_process tells what is started', async () => {
  const text = `const cp = require(${module_}); cp.spawn('true', ['word']); cp.spawnSync('false', { cwd: '/' });`;
  const env = { ...process.env, NODE_DEBUG: 'child_process' };
  const { stderr } = await finish(cp.spawn(process.execPath, ['-e', text], { env }));
  assert.match(stderr, /CHILD_PROCESS [0-9]+: spawn [^]*'word'[^]*CHILD_PROCESS [0-9]+: spawnSync [^]*cwd: '\/'/);
});

test('is it alive?', async () => {
  const child = cp.spawn('cat', { stdio: ['pipe', 'ignore', 'ignore'] });
  assert.deepStrictEqual([child.exitCode, child.signalCode, process.kill(child.pid, 0)], [null, null, true]);
  child.stdin.end();
  assert.deepStrictEqual(await event(child, 'close'), [0, null]);
  assert.strictEqual(child.exitCode, 0);
  assert.throws(() => process.kill(child.pid, 0), { code: 'ESRCH' });
});

// A parent that may have so many files open, and has opened them.
function fullParent(text) {
  const opening = `const cp = require(${module_}); const fs = require('fs'); cp.spawnSync('true'); const fds = [];
    try { for (;;) fds.push(fs.openSync('/dev/null')); } catch {}
    ${text}`;
  return finish(cp.spawn('sh', ['-c', 'ulimit -n 80; exec "$0" -e "$1"', process.execPath, opening]));
}

test('no file descriptor is left: EMFILE as an event, and no streams', async () => {
  const { stdout, stderr, code } = await fullParent(`
    const child = cp.spawn('true');
    const { pid, stdin, stdout, stderr, stdio } = child;
    child.on('error', (error) => {
      fds.splice(0).forEach((fd) => fs.closeSync(fd));
      console.log(error.code, error.syscall, pid, stdin, stdout, stderr, stdio);
      cp.spawn('echo', ['afterwards'], { stdio: 'inherit' }); // enough of them again
    });`);
  const nothing = Array(5).fill('undefined').join(' ');
  assert.strictEqual(stdout, `EMFILE spawn true ${nothing}\nafterwards\n`, stderr);
  assert.strictEqual(code, 0);
});

test('no file descriptor is left: the sync verbs say so', async () => {
  const { stdout } = await fullParent(`
    const { error, status } = cp.spawnSync('true');
    fds.splice(0).forEach((fd) => fs.closeSync(fd));
    console.log(error.code, status);`);
  assert.strictEqual(stdout, 'EMFILE null\n');
});
