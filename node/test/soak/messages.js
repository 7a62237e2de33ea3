'use strict';
// A million messages to a child and back, for each serialization: none is lost, and what the parent holds must not grow.

const assert = require('node:assert');
const { once } = require('node:events');
const path = require('node:path');
const { flat } = require('./gauge.js');
const { childProcess, isShort } = require('./module.js');

const TOTAL = isShort ? 40000 : 1000000;
const STEPS = isShort ? 20 : 50;
const WINDOW = 500;
const LARGE_EVERY = 1000;

const small = (id) => ({ id, text: 'a message', list: [1, 2, 3] });
const large = (id) => ({ id, text: 'x'.repeat(200000) });
const messageOf = (id) => (id % LARGE_EVERY === 0 ? large(id) : small(id));

// Messages number `from` to `to`, whose echoes must come in order.
function exchange(child, from, to) {
  return new Promise((resolve, reject) => {
    let sent = from;
    let awaited = from;
    const next = () => { if (sent < to) child.send(messageOf(sent++)); };
    const take = (message) => {
      if (message.id !== awaited) return reject(new Error(`${message.id} came instead of ${awaited}`));
      if (++awaited < to) return next();
      child.removeListener('message', take);
      resolve();
    };
    child.on('message', take);
    for (let i = 0; i < WINDOW; i++) next();
  });
}

async function soak(serialization) {
  const child = childProcess.fork(path.join(__dirname, 'echo.js'), { serialization });
  const share = TOTAL / STEPS;
  await flat(`${TOTAL} messages each way, ${serialization}`, STEPS, (i) => exchange(child, i * share, (i + 1) * share));
  const gone = once(child, 'exit'); // Node's own has no 'close' after a disconnect() of the parent
  child.disconnect();
  const [code, signal] = await gone;
  assert.deepStrictEqual([code, signal], [0, null]);
}

async function main() {
  for (const serialization of ['json', 'advanced']) await soak(serialization);
}

main();
