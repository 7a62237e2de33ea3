'use strict';
// A parent is killed by SIGKILL at random moments while it starts children with dieWithParent: none of them stays, running
// or as a zombie. The same without the option shows that those who stay are found.

const assert = require('node:assert');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');
// The one that watches needs no module under test.
const { spawn } = require('node:child_process');
const { isShort } = require('./module.js');

const TIMES = isShort ? 20 : 200;
const LONGEST_LIFE_MS = 60;
const DEADLINE_MS = 10000;
const POLL_MS = 5;
const NEXT_FIELDS = /\) (\S) \d+ \d+ (\d+)/; // state, parent, group, session

// All processes of a session with their states. It outlives its leader, and a zombie still has it.
function inSession(session) {
  return fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name)).flatMap((pid) => {
    try {
      const [, state, found] = NEXT_FIELDS.exec(fs.readFileSync(`/proc/${pid}/stat`, 'utf8'));
      return Number(found) === session ? [{ pid: Number(pid), state }] : [];
    } catch {
      return []; // It is gone.
    }
  });
}

// Those who are still there when nobody is left, or after the deadline.
async function leftIn(session) {
  const end = Date.now() + DEADLINE_MS;
  let left = inSession(session);
  while (left.length > 0 && Date.now() < end) {
    await sleep(POLL_MS);
    left = inSession(session);
  }
  return left;
}

function killAll(left) {
  for (const { pid } of left) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It is gone.
    }
  }
}

// Resolves with the session of a parent that was killed after it had started its first child, so many ms later.
async function killedParent(mode, ms) {
  const parent = spawn(process.execPath, [path.join(__dirname, 'doomed.js'), mode], {
    detached: true, stdio: ['ignore', 'pipe', 'inherit'],
  });
  const gone = once(parent, 'exit');
  await Promise.race([once(parent.stdout, 'data'), gone]);
  await sleep(ms);
  assert.ok(parent.kill('SIGKILL'), 'the parent ended by itself');
  const [, signal] = await gone;
  assert.strictEqual(signal, 'SIGKILL');
  return parent.pid;
}

async function checkThatOrphansAreFound() {
  const session = await killedParent('orphans', LONGEST_LIFE_MS);
  const left = inSession(session);
  killAll(left);
  assert.ok(left.length > 0, 'children without dieWithParent stay, but none was found');
  assert.deepStrictEqual(await leftIn(session), []);
}

async function main() {
  await checkThatOrphansAreFound();
  for (let i = 0; i < TIMES; i++) {
    const ms = Math.random() * LONGEST_LIFE_MS;
    const left = await leftIn(await killedParent('die', ms));
    killAll(left);
    assert.deepStrictEqual(left, [], `left of the parent number ${i}, killed after ${ms} ms`);
  }
  console.log(`a parent killed ${TIMES} times\n  no child is left, no zombie`);
}

main();
