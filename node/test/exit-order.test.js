'use strict';

const assert = require('node:assert');
const { cp, test, event } = require('./fixtures/support.js');

// Many programs use in 'exit' what they have heard up to then.
async function heardAtExit(start) {
  let heard = '';
  let atExit;
  const child = start();
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      heard += chunk;
    });
  child.on('exit', () => {
    atExit = heard;
  });
  await event(child, 'close');
  return atExit;
}

// The loop does not turn before the child has ended: it is a zombie then, with its output in the pipes.
function waitForEnd(child) {
  const { readFileSync } = require('node:fs');
  while (!readFileSync(`/proc/${child.pid}/stat`, 'latin1').includes(') Z '));
  return child;
}

test('what a child has written comes before its exit, however late the loop is', async () => {
  assert.strictEqual(await heardAtExit(() => waitForEnd(cp.spawn('echo', ['text']))), 'text\n');
  assert.strictEqual(await heardAtExit(() => waitForEnd(cp.spawn('sh', ['-c', 'echo bad >&2; kill -9 $$']))), 'bad\n');
});

test('likewise for a child that is started by a timer, by an immediate, in a tick', async () => {
  for (const schedule of [setTimeout, setImmediate, process.nextTick, queueMicrotask]) {
    const heard = await new Promise((resolve) =>
      schedule(() => {
        resolve(heardAtExit(() => waitForEnd(cp.spawn('echo', ['text']))));
      }),
    );
    assert.strictEqual(heard, 'text\n', schedule.name);
  }
});

test('likewise for many children at once', async () => {
  const heard = await Promise.all(
    Array.from({ length: 20 }, (_, i) => heardAtExit(() => waitForEnd(cp.spawn('echo', [`${i}`])))),
  );
  assert.deepStrictEqual(
    heard,
    heard.map((_, i) => `${i}\n`),
  );
});
