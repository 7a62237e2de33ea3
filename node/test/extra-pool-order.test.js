'use strict';
// ProcessPool: which task is begun first, and whose result is told first.

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { test, temporaryDirectory } = require('./fixtures/support.js');
const { rejection, withServers, withWorkers } = require('./fixtures/pool.js');

/** The order in which tasks are begun by one worker. */
async function begun(t, options, submit) {
  const log = path.join(temporaryDirectory(t), 'log');
  await withWorkers({ size: 1, ...options }, async (pool) => {
    await Promise.all(submit((text, settings) => pool.execute({ note: { log, text } }, settings)));
  });
  return fs.readFileSync(log, 'utf8');
}

test('first come, first served', async (t) => {
  assert.strictEqual(await begun(t, {}, (note) => [...'abcdef'].map((text) => note(text))), 'abcdef');
});

test('those with a higher priority before others, equal ones as they came', async (t) => {
  const order = await begun(t, {}, (note) => [
    note('a'), note('b', { priority: -1 }), note('c', { priority: 2 }), note('d'), note('e', { priority: 2 }),
  ]);
  assert.strictEqual(order, 'cead' + 'b');
});

test('tasks with the same key go to the same worker', () => withWorkers(3, async (pool) => {
  const keys = Array.from({ length: 60 }, (_, i) => ['red', 'green', 'blue', 'black'][i % 4]);
  const tasks = keys.map((key) => [key, pool.execute({ facts: 0 }, { key })]);
  const workers = new Map();
  for (const [key, task] of tasks) {
    const { id } = await task;
    assert.strictEqual(workers.get(key) ?? id, id);
    workers.set(key, id);
  }
}));

const inOrder = { size: 2, inFlight: 8, ordered: true };
test('ordered: results are told as the tasks were submitted', () => withServers(inOrder, async (pool) => {
  const told = [];
  const numbers = Array.from({ length: 60 }, (_, i) => i);
  const execute = (i) => pool.execute(i % 3 === 0 ? { later: i } : { echo: i });
  await Promise.all(numbers.map((i) => execute(i).then((n) => told.push(n))));
  assert.deepStrictEqual(told, numbers);
}));

test('ordered: a failure has its turn, too', () => withWorkers({ size: 2, ordered: true, maxRetries: 0 }, async (pool) => {
  const told = [];
  const tasks = [
    rejection(pool.execute({ exit: 1 })).then(({ code }) => told.push(code)),
    ...[1, 2, 3].map((n) => pool.execute(n).then((result) => told.push(result))),
  ];
  await Promise.all(tasks);
  assert.deepStrictEqual(told, ['ERR_POOL_WORKER', 2, 4, 6]);
}));
