'use strict';
// ProcessPool.map(): the results of many tasks, in their order.

const assert = require('node:assert');
const { test } = require('./fixtures/support.js');
const { rejection, withServers, withWorkers } = require('./fixtures/pool.js');

const shared = { size: 2, inFlight: 2 };
const numbers = (count) => Array.from({ length: count }, (_, i) => i);
const echoes = (count) => numbers(count).map((echo) => ({ echo }));

async function all(results) {
  const list = [];
  for await (const result of results) list.push(result);
  return list;
}

for (const chunk of [1, 2, 7, 100, 1000]) {
  test(`all results come in order: chunks of ${chunk}`, () => withServers(shared, async (pool) => {
    assert.deepStrictEqual(await all(pool.map(echoes(100), { chunk })), numbers(100));
    assert.strictEqual(pool.stats.submitted, Math.ceil(100 / chunk));
  }));
}

test('no tasks, no results', () => withServers(shared, async (pool) => {
  assert.deepStrictEqual(await all(pool.map([])), []);
  assert.deepStrictEqual(await all(pool.map([], { chunk: 5 })), []);
  assert.strictEqual(pool.stats.submitted, 0);
}));

test('with plain workers, too', () => withWorkers({ size: 2 }, async (pool) => {
  assert.deepStrictEqual(await all(pool.map(echoes(30))), numbers(30));
}));

test('tasks are read no further ahead than concurrency says, and only when results are asked for', () => withServers(shared, async (pool) => {
  let read = 0;
  const tasks = (function* () { for (;;) yield { echo: read++ }; })();
  const results = pool.map(tasks, { concurrency: 3 });
  await new Promise(setImmediate);
  assert.strictEqual(read, 0);
  for (let i = 0; i < 20; i++) {
    assert.deepStrictEqual(await results.next(), { value: i, done: false });
    assert(read <= i + 1 + 3, `${read} read for ${i + 1} results`);
  }
  await results.return();
  assert.deepStrictEqual(tasks.next(), { value: undefined, done: true }); // it has been told
}));

test('tasks that come late hold no result back', () => withServers(shared, async (pool) => {
  let more;
  async function* tasks() {
    yield { echo: 1 };
    await new Promise((resolve) => { more = resolve; });
    yield { echo: 2 };
  }
  const results = pool.map(tasks());
  assert.strictEqual((await results.next()).value, 1);
  const second = results.next();
  await new Promise(setImmediate);
  more();
  assert.strictEqual((await second).value, 2);
  assert.strictEqual((await results.next()).done, true);
}));

for (const chunk of [1, 3]) {
  test(`a failure comes in its turn, and ends it: chunks of ${chunk}`, () => withServers(shared, async (pool) => {
    const results = pool.map([{ echo: 1 }, { throw: 'broken' }, { echo: 3 }], { chunk });
    assert.strictEqual((await results.next()).value, 1);
    const error = await rejection(results.next());
    assert.deepStrictEqual([error.code, error.message, error.cause.name], ['ERR_POOL_REPLY', 'broken', 'TypeError']);
    assert.strictEqual((await results.next()).done, true);
  }));
}

test('what cannot be sent is the failure of its own task', () => withServers(shared, async (pool) => {
  const results = pool.map([{ echo: 1 }, { function: 0 }], { chunk: 2 });
  assert.strictEqual((await results.next()).value, 1);
  assert.match((await rejection(results.next())).message, /cannot be sent/);
}));

test('who leaves the loop cancels what is under way', () => withServers({ size: 1, inFlight: 4 }, async (pool) => {
  for await (const result of pool.map([{ echo: 0 }, { wait: 1 }, { wait: 2 }])) {
    assert.strictEqual(result, 0);
    break;
  }
  assert.strictEqual(await pool.execute({ echo: 5 }), 5);
  assert.deepStrictEqual([pool.stats.cancelled, pool.stats.crashed], [2, 0]);
}));

test('a failure of what gives the tasks comes behind the results', () => withServers(shared, async (pool) => {
  const tasks = (function* () {
    yield { echo: 1 };
    throw new Error('no more');
  })();
  const results = pool.map(tasks);
  assert.strictEqual((await results.next()).value, 1);
  assert.strictEqual((await rejection(results.next())).message, 'no more');
}));

test('a signal ends it, also while it waits for tasks', () => withServers(shared, async (pool) => {
  const controller = new AbortController();
  async function* tasks() {
    yield { echo: 1 };
    await new Promise(() => {});
  }
  const results = pool.map(tasks(), { signal: controller.signal });
  assert.strictEqual((await results.next()).value, 1);
  const next = rejection(results.next());
  controller.abort(new Error('enough'));
  const error = await next;
  assert.deepStrictEqual([error.name, error.cause.message], ['AbortError', 'enough']);
}));

test('a worker that dies with a chunk: the chunk is tried again', () => withServers({ size: 1, maxRetries: 1 }, async (pool) => {
  const error = await rejection(all(pool.map([{ echo: 1 }, { exit: 3 }], { chunk: 2 })));
  assert.deepStrictEqual([error.code, error.exitCode, error.attempts], ['ERR_POOL_WORKER', 3, 2]);
}));

test('a task that only looks like a chunk is none', () => withServers(shared, async (pool) => {
  for (const object of [{ $chunk: 1 }, { $chunk: [1], more: 2 }]) assert.deepStrictEqual(await pool.execute(object), { object });
}));

test('bad options are named', () => withServers(shared, async (pool) => {
  assert.throws(() => pool.map(7), { code: 'ERR_INVALID_ARG_TYPE', message: /tasks/ });
  assert.throws(() => pool.map([], { chunk: 0 }), { code: 'ERR_OUT_OF_RANGE', message: /options\.chunk/ });
  assert.throws(() => pool.map([], { concurrency: 0.5 }), { code: 'ERR_OUT_OF_RANGE', message: /options\.concurrency/ });
  assert.throws(() => pool.map([], { signal: 1 }), { code: 'ERR_INVALID_ARG_TYPE', message: /options\.signal/ });
  assert.throws(() => pool.map([], 1), { code: 'ERR_INVALID_ARG_TYPE' });
}));

test('chunks need the envelope', () => withWorkers({ size: 1 }, async (pool) => {
  assert.throws(() => pool.map([], { chunk: 2 }), { code: 'ERR_INVALID_ARG_VALUE', message: /envelope/ });
}));

test('statistics tell how long tasks took', () => withServers(shared, async (pool) => {
  const none = { min: 0, p50: 0, p75: 0, p90: 0, p99: 0, max: 0 };
  assert.deepStrictEqual([pool.stats.runTimes, pool.stats.queuedTimes, pool.stats.utilization], [none, none, 0]);
  await all(pool.map(echoes(50)));
  const { runTimes, runTime, utilization } = pool.stats;
  const times = Object.values(runTimes);
  assert.deepStrictEqual(times, times.toSorted((a, b) => a - b));
  assert(runTimes.min > 0 && runTimes.max <= runTime);
  assert(utilization > 0 && utilization <= 1);
  await pool.destroy();
  assert(pool.stats.runTimes.max >= runTimes.max); // still, when it has gone
}));

const unsendable = { json: { bigint: 1 }, advanced: { throwFunction: 0 } };
for (const serialization of ['json', 'advanced']) {
  test(`an outcome that cannot be sent takes none of its chunk along: ${serialization}`, () => withServers({ ...shared, serialization }, async (pool) => {
    const results = pool.map([{ echo: 1 }, unsendable[serialization]], { chunk: 2 });
    assert.strictEqual((await results.next()).value, 1);
    assert.match((await rejection(results.next())).message, serialization === 'json' ? /BigInt/ : /^odd$/);
  }));
}

test('an iterator that throws when it is told to end hides no failure', () => withServers(shared, async (pool) => {
  const tasks = {
    [Symbol.iterator]: () => ({ next: () => ({ value: { throw: 'broken' }, done: false }), return() { throw new Error('from return'); } }),
  };
  assert.strictEqual((await rejection(all(pool.map(tasks)))).message, 'broken');
}));

test('what was read before the tasks failed is done', () => withServers(shared, async (pool) => {
  const tasks = (function* () {
    yield* [{ echo: 1 }, { echo: 2 }];
    throw new Error('no more');
  })();
  const results = pool.map(tasks, { chunk: 3 });
  assert.deepStrictEqual([(await results.next()).value, (await results.next()).value], [1, 2]);
  assert.strictEqual((await rejection(results.next())).message, 'no more');
}));

test('promises of tasks are awaited', () => withServers(shared, async (pool) => {
  assert.deepStrictEqual(await all(pool.map(echoes(3).map((task) => Promise.resolve(task)), { chunk: 2 })), [0, 1, 2]);
  assert.strictEqual((await rejection(all(pool.map([Promise.reject(new Error('no task'))])))).message, 'no task');
}));

for (const chunk of [1, 2]) {
  test(`undefined is no task: chunks of ${chunk}`, () => withServers(shared, async (pool) => {
    assert.strictEqual((await rejection(all(pool.map([undefined, { echo: 1 }], { chunk })))).code, 'ERR_MISSING_ARGS');
  }));
}

test('a signal ends it in the middle of a chunk, and before the first', () => withServers(shared, async (pool) => {
  const controller = new AbortController();
  const results = pool.map(echoes(10), { chunk: 5, signal: controller.signal });
  assert.strictEqual((await results.next()).value, 0);
  controller.abort();
  assert.strictEqual((await rejection(results.next())).name, 'AbortError');
  assert.strictEqual((await rejection(all(pool.map([1], { signal: controller.signal })))).name, 'AbortError');
}));

test('tasks are not touched before a result is asked for', () => withServers(shared, async (pool) => {
  let begun = 0;
  const results = pool.map({ [Symbol.iterator]() { begun++; return [][Symbol.iterator](); } });
  assert.deepStrictEqual(await results.return(), { value: undefined, done: true });
  assert.strictEqual(begun, 0);
}));

test('the default of concurrency is never out of range', () => withServers({ size: 1, inFlight: 2 ** 31 - 1 }, async (pool) => {
  assert.deepStrictEqual(await all(pool.map(echoes(3))), [0, 1, 2]);
}));
