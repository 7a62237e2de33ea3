'use strict';
// A pid that somebody else has got meanwhile is never signalled.

const assert = require('node:assert');
const fs = require('node:fs');
const { cp, test, event } = require('./fixtures/support.js');

const lastPid = '/proc/sys/kernel/ns_last_pid';

function mayChoosePids() {
  try {
    fs.writeFileSync(lastPid, fs.readFileSync(lastPid)); // The file's mode does not say it.
    return true;
  } catch {
    return false;
  }
}

/** Somebody else with this pid; null when another process was faster. */
function startWithPid(pid) {
  fs.writeFileSync(lastPid, String(pid - 1));
  const other = cp.spawn('cat');
  if (other.pid === pid) return other;
  other.stdin.end();
  return null;
}

async function reuse(pid) {
  for (let tries = 0; tries < 50; tries++) {
    const other = startWithPid(pid);
    if (other !== null) return other;
  }
  return null;
}

test(
  "kill() and killTree() after the exit, when the pid is another's",
  { skip: mayChoosePids() ? false : `${lastPid} cannot be written` },
  async (t) => {
    const child = cp.spawn('true');
    await event(child, 'close');
    const other = await reuse(child.pid);
    if (other === null) {
      t.skip('the pid was not to be had');
      return;
    }
    assert.strictEqual(other.pid, child.pid);
    assert.strictEqual(child.kill('SIGKILL'), false);
    assert.strictEqual(child.killTree('SIGKILL'), false);
    other.stdin.end();
    assert.deepStrictEqual(await event(other, 'close'), [0, null]);
  },
);

test('kill() of a child that has ended, but of which the exit was not told yet', async () => {
  // The loop stands still, so the child is a zombie: it keeps its pid, and the signal reaches nobody.
  const child = cp.spawn('true');
  const other = cp.spawnSync(
    'sh',
    ['-c', `while read -r _ _ state _ </proc/${child.pid}/stat && [ "$state" != Z ]; do :; done`],
    { timeout: 10000 },
  );
  assert.strictEqual(other.error, undefined);
  child.kill('SIGKILL');
  assert.deepStrictEqual(await event(child, 'close'), [0, null]);
});
