'use strict';

const assert = require('node:assert');
const { readFileSync } = require('node:fs');
const { cp, test, event } = require('./fixtures/support.js');

// The child is gone, and the loop has not turned since: nobody knows it yet.
function makeDead(serialization) {
  const child = cp.spawn('sleep', ['60'], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'], serialization });
  child.kill('SIGKILL');
  while (!readFileSync(`/proc/${child.pid}/stat`, 'latin1').includes(') Z '));
  return child;
}

for (const serialization of ['json', 'advanced']) {
  test(`${serialization}: each callback hears that the message could not be written`, async () => {
    const child = makeDead(serialization);
    const errors = [1, 2, 3].map((n) => new Promise((told) => child.send(n, told)));
    assert.deepStrictEqual((await Promise.all(errors)).map((error) => error?.code), ['EPIPE', 'EPIPE', 'EPIPE']);
    await event(child, 'close');
  });

  test(`${serialization}: without a callback it is an error event each`, async () => {
    const child = makeDead(serialization);
    const errors = [];
    child.on('error', (error) => errors.push([error.code, error.syscall]));
    child.send('one');
    child.send('two');
    await event(child, 'close');
    assert.deepStrictEqual(errors, [['EPIPE', 'write'], ['EPIPE', 'write']]);
  });
}

test('a process that did not start: the callback hears it', async () => {
  const child = cp.spawn('no-such-command', { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
  child.on('error', () => {});
  const error = await new Promise((told) => child.send('x', told));
  assert.strictEqual(error?.code, 'EPIPE');
  await new Promise(setImmediate);
});
