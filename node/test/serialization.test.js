'use strict';

const assert = require('node:assert');
const { inspect } = require('node:util');
const { cp, test, event, finish, fixture, moduleName, major } = require('./fixtures/support.js');

const program = fixture('child.js');
const advanced = { serialization: 'advanced' };

async function exchange(verb, messages) {
  const child = cp.fork(program, [verb], advanced);
  const ended = event(child, 'exit');
  const answers = [];
  const all = new Promise((resolve) =>
    child.on('message', (message) => answers.push(message) === messages.length && resolve()),
  );
  for (const message of messages) child.send(message);
  await all;
  child.disconnect();
  await ended;
  return answers;
}

function values() {
  const cycle = { name: 'cycle', list: [] };
  cycle.self = cycle;
  cycle.list.push(cycle);
  const shared = { shared: true };
  return [
    1,
    1.5,
    0,
    NaN,
    Infinity,
    2 ** 40,
    '',
    'text',
    'é中😀',
    true,
    false,
    null,
    [],
    {},
    { undefinedValue: undefined, nested: [undefined, null] },
    { big: 123456789012345678901234567890n, negative: -1n },
    new Date(1234567890123),
    /ab+c/giu,
    new Map([
      [{ key: 1 }, 'object key'],
      ['x', new Set([1, 'two', [3]])],
    ]),
    new Set(['a', new Map()]),
    [shared, shared],
    cycle,
    Object.assign([1, 2, 3], { 10: 'sparse' }),
    { boxed: [Object(1), Object('s'), Object(false), Object(5n)] },
    new ArrayBuffer(5),
    Uint8Array.from([1, 2, 3]),
    Int16Array.from([-1, 300]),
    Float64Array.from([1.5, -0]),
    BigInt64Array.from([-5n]),
    Uint8ClampedArray.from([0, 255]),
    new DataView(Uint8Array.from([9, 8, 7]).buffer, 1, 2),
    Buffer.from('a buffer'),
    { buffer: Buffer.from([0, 255]), list: [Buffer.alloc(0)] },
    'x'.repeat(100000),
  ];
}

test('every type of the structured clone comes back', async () => {
  const sent = values();
  const answers = await exchange('echo', sent);
  sent.forEach((value, i) => assert.deepStrictEqual(answers[i], value));
  const [[zero, date]] = await exchange('echo', [[-0, new Date(NaN)]]);
  assert(Object.is(zero, -0));
  assert(date instanceof Date && Number.isNaN(date.getTime()));
});

test('the child sees the same types', async () => {
  // A view is shown with the buffer it lies in, which is whatever the receiver has read.
  const sent = values().filter((value) => !(value instanceof DataView));
  const answers = await exchange('inspect', sent);
  assert.deepStrictEqual(
    answers,
    sent.map((value) => inspect(value, { depth: 9 })),
  );
});

test('identity inside one message is kept, between messages not', async () => {
  const shared = { a: 1 };
  const [first, second] = await exchange('echo', [{ one: shared, two: shared }, shared]);
  assert.strictEqual(first.one, first.two);
  assert.notStrictEqual(first.one, second);
});

test('errors keep name, message and stack, and lose the rest', async () => {
  const sent = [
    new Error('plain'),
    new TypeError('typed'),
    new RangeError('range'),
    Object.assign(new Error('with'), { code: 'E' }),
  ];
  const answers = await exchange('echo', sent);
  answers.forEach((error, i) => {
    assert(error instanceof sent[i].constructor);
    assert.strictEqual(error.message, sent[i].message);
    assert.strictEqual(error.stack, sent[i].stack);
    assert.strictEqual(error.code, undefined);
  });
});

test('the cause of an error', async () => {
  const [error] = await exchange('echo', [new Error('outer', { cause: 'inner' })]);
  assert.strictEqual(error.message, 'outer');
  assert.strictEqual(error.cause, 'inner');
});

test('properties of built-in objects and prototypes are lost', async () => {
  class Mine {
    constructor() {
      this.a = 1;
    }
  }
  const date = Object.assign(new Date(0), { extra: 1 });
  const map = Object.assign(new Map(), { extra: 1 });
  const [first, second, third] = await exchange('echo', [date, map, new Mine()]);
  assert.strictEqual(first.extra, undefined);
  assert.strictEqual(second.extra, undefined);
  assert.strictEqual(Object.getPrototypeOf(third), Object.prototype);
  assert.deepStrictEqual(third, { a: 1 });
});

test('what cannot be cloned throws and the channel lives on', async () => {
  const child = cp.fork(program, ['echo'], advanced);
  for (const message of [{ f() {} }, [Symbol('s')], { p: Promise.resolve() }, { w: new WeakMap() }]) {
    assert.throws(() => child.send(message), { message: /could not be cloned/ });
  }
  for (const message of [() => {}, Symbol('s'), 5n])
    assert.throws(() => child.send(message), { code: 'ERR_INVALID_ARG_TYPE' });
  assert.throws(() => child.send(undefined), { code: 'ERR_MISSING_ARGS' });
  child.send('alive');
  assert.strictEqual((await event(child, 'message'))[0], 'alive');
  child.kill();
  await event(child, 'exit');
});

test('NODE_ messages are internal here too', async () => {
  const answers = await exchange('internal', [
    { cmd: 'NODE_foo', n: 1n },
    { cmd: 'other' },
    new Map([['cmd', 'NODE_foo']]),
  ]);
  assert.deepStrictEqual(
    answers.map(([kind]) => kind),
    ['internal', 'message', 'message'],
  );
});

test('a Buffer of many bytes, and its bytes', async () => {
  const large = Buffer.alloc(3000000);
  for (let i = 0; i < large.length; i++) large[i] = i * 7;
  const [back] = await exchange('echo', [large]);
  assert(Buffer.isBuffer(back));
  assert(back.equals(large));
});

test('a view sends only its own part', async () => {
  const pool = new Uint8Array(100).fill(1);
  const [back] = await exchange('echo', [pool.subarray(10, 20)]);
  assert(back instanceof Uint8Array && !Buffer.isBuffer(back));
  assert.strictEqual(back.length, 10);
});

test('many messages in order', async () => {
  const sent = Array.from({ length: 1000 }, (_, i) => ({ i, big: BigInt(i) ** 5n, set: new Set([i]) }));
  assert.deepStrictEqual(await exchange('echo', sent), sent);
});

test('spawn with ipc takes serialization', async () => {
  const child = cp.spawn(process.execPath, [program, 'echo'], {
    ...advanced,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  child.send(new Set([1n]));
  assert.deepStrictEqual((await event(child, 'message'))[0], new Set([1n]));
  child.kill();
  await event(child, 'exit');
});

test('json is the default and can be named', async () => {
  for (const serialization of [undefined, 'json']) {
    const child = cp.fork(program, ['echo'], { serialization });
    child.send(new Set([1]));
    assert.deepStrictEqual((await event(child, 'message'))[0], {});
    child.kill();
    await event(child, 'exit');
  }
});

test('disconnect and the exit as with json', async () => {
  const child = cp.fork(program, ['leave'], advanced);
  const log = [];
  for (const name of ['disconnect', 'exit', 'close']) child.on(name, () => log.push(name));
  child.send(1);
  await event(child, 'close');
  assert.deepStrictEqual(log, ['disconnect', 'exit', 'close']);
});

test('a frame that is no value is an uncaught exception', async (t) => {
  const { script, temporaryDirectory } = require('./fixtures/support.js');
  const file = script(temporaryDirectory(t), 'bad', '#!/bin/sh\nprintf "\\000\\000\\000\\002ab" >&$NODE_CHANNEL_FD\n');
  const text = `
    process.on('uncaughtException', (error) => console.log(error.name));
    const cp = require(${JSON.stringify(moduleName)});
    cp.fork('x', { execPath: ${JSON.stringify(file)}, serialization: 'advanced' });`;
  assert.strictEqual((await finish(cp.spawn(process.execPath, ['-e', text]))).stdout, 'Error\n');
});

test('an object of Float16Array where there is one', { skip: major >= 24 ? false : 'needs Node 24' }, async () => {
  const sent = globalThis.Float16Array && globalThis.Float16Array.from([1.5, -2]);
  if (sent) assert.deepStrictEqual((await exchange('echo', [sent]))[0], sent);
});
