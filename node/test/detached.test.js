'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { cp, test, event, finish, fixture, moduleName, seen, temporaryDirectory } = require('./fixtures/support.js');

// The fields behind the name in /proc/PID/stat: state, parent, group, session.
function stat(pid) {
  const [, parent, group, session] = fs
    .readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
    .map(Number);
  return { parent, group, session };
}

test('detached: a leader of a new session and group', async () => {
  const child = cp.spawn('cat', { detached: true });
  assert.deepStrictEqual(stat(child.pid), { parent: process.pid, group: child.pid, session: child.pid });
  child.stdin.end();
  await finish(child);
});

test("not detached: the parent's session and group", async () => {
  const { group, session } = stat(process.pid);
  for (const detached of [false, undefined]) {
    const child = cp.spawn('cat', { detached });
    assert.deepStrictEqual(stat(child.pid), { parent: process.pid, group, session });
    child.stdin.end();
    await finish(child);
  }
});

test('fork: detached', async () => {
  const child = cp.fork(fixture('child.js'), ['pause'], { detached: true, silent: true });
  assert.strictEqual(stat(child.pid).session, child.pid);
  child.stdin.end();
  await event(child, 'close');
});

test('the whole group can be signalled', async () => {
  const child = cp.spawn('sh', ['-c', 'cat <&3 & echo started; wait'], {
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit', 'pipe'],
  });
  await seen(child.stdout, 'started');
  process.kill(-child.pid, 'SIGKILL');
  assert.deepStrictEqual(await event(child, 'close'), [null, 'SIGKILL']);
});

test('a detached child with ignored stdio and unref outlives its parent', async (t) => {
  const directory = temporaryDirectory(t);
  const fifo = path.join(directory, 'fifo');
  cp.execFileSync('mkfifo', [fifo]);
  const text = `
    const cp = require(${JSON.stringify(moduleName)});
    const child = cp.spawn('cat', [${JSON.stringify(fifo)}], { detached: true, stdio: 'ignore' });
    child.unref();
    console.log(child.pid);`;
  const { code, stdout } = await finish(cp.spawn(process.execPath, ['-e', text]));
  assert.strictEqual(code, 0);
  const pid = Number(stdout);
  process.kill(pid, 0); // It lives although its parent has gone.
  assert.strictEqual(stat(pid).session, pid);
  const fd = fs.openSync(fifo, 'w'); // It reads: this opens, and the end of it lets it go.
  fs.closeSync(fd);
});

test('a daemon whose output goes to a file', async (t) => {
  const directory = temporaryDirectory(t);
  const [log, fifo] = ['out.log', 'fifo'].map((name) => path.join(directory, name));
  cp.execFileSync('mkfifo', [fifo]);
  const text = `
    const fs = require('fs');
    const out = fs.openSync(${JSON.stringify(log)}, 'a');
    const err = fs.openSync(${JSON.stringify(log)}, 'a');
    const cp = require(${JSON.stringify(moduleName)});
    cp.spawn('sh', ['-c', 'echo out; echo err >&2; echo end >' + ${JSON.stringify(fifo)}],
      { detached: true, stdio: ['ignore', out, err] }).unref();`;
  assert.strictEqual((await finish(cp.spawn(process.execPath, ['-e', text]))).code, 0);
  assert.strictEqual(await fs.promises.readFile(fifo, 'utf8'), 'end\n');
  assert.strictEqual(fs.readFileSync(log, 'utf8'), 'out\nerr\n');
});

test('children live on by default when the parent is killed', async (t) => {
  const fifo = path.join(temporaryDirectory(t), 'fifo');
  cp.execFileSync('mkfifo', [fifo]);
  const text = `
    const child = require(${JSON.stringify(moduleName)}).spawn('cat', [${JSON.stringify(fifo)}], { stdio: 'ignore' });
    console.log(child.pid);`;
  const parent = cp.spawn(process.execPath, ['-e', text]);
  const pid = Number(await seen(parent.stdout, '\n'));
  parent.kill('SIGKILL');
  await event(parent, 'close');
  process.kill(pid, 0);
  fs.closeSync(fs.openSync(fifo, 'w'));
});
