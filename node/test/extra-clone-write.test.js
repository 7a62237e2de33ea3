'use strict';
// The writer of small messages of plain data beside V8's own: the same bytes, or none.

const assert = require('node:assert');
const path = require('node:path');
const v8 = require('node:v8');
const { test, cp, event, fixture } = require('./fixtures/support.js');

const library = (name) => require(path.join(__dirname, '..', 'lib', name));
const { native: { outbox } } = library('native.js');
const { writePlain } = library('clone-write.js');

function bytesOf(message) {
  const length = writePlain(message);
  return length < 0 ? undefined : Buffer.from(outbox.subarray(0, length));
}

function nested(levels) {
  let value = { end: true };
  for (let i = 1; i < levels; i++) value = i % 2 ? [value] : { value };
  return value;
}

// Each of a list by itself.
const written = {
  'null and booleans': [null, true, false],
  'integers': [0, 1, -1, 63, 64, -64, -65, 2 ** 30 - 1, -(2 ** 30), 8191, 8192],
  'doubles': [1.5, -0, NaN, Infinity, -Infinity, 2 ** 31, -(2 ** 31) - 1, 2 ** 53, Number.MIN_VALUE],
  'strings of each length around the short ones': Array.from({ length: 40 }, (_, i) => 'x'.repeat(i)),
  'Latin-1': ['é', 'ÿ'.repeat(30), '\0'],
  'characters of two bytes at even and odd places': ['中', 'a中', ['中'], ['x', '中'], { k: '😀'.repeat(20), kk: '\ud800' }],
  'strings whose length takes two and three bytes': [
    'x'.repeat(127), 'x'.repeat(128), 'x'.repeat(16300), '中'.repeat(63), '中'.repeat(64), '中'.repeat(8000)],
  'keys': [{ '': 1 }, { 'é': 2, '中': 3, 'a b': 4, '__proto__x': 5, '-1': 6 }],
  'undefined properties': [{ a: undefined, b: [{ c: undefined }] }],
  'nesting': [[true, { a: [null, 'x', false] }, []], nested(64), {}, []],
  'what is not enumerable or not named by text': [
    Object.defineProperty({ [Symbol('s')]: 1, a: 2 }, 'hidden', { value: 3 })],
};

for (const [name, values] of Object.entries(written)) {
  test(`the same bytes as V8's: ${name}`, async () => {
    for (const value of values) assert.deepStrictEqual(bytesOf(value), v8.serialize(value));
  });
}

test('integers beyond those that V8 holds in a pointer are the same numbers', async () => {
  for (const number of [2 ** 31 - 1, -(2 ** 31), 2 ** 30, -(2 ** 30) - 1])
    assert.strictEqual(v8.deserialize(bytesOf(number)), number);
});

// V8 leaves views to the channel, whose record is: tag, 0, type, length in bytes, bytes.
const record = (type, ...bytes) => Buffer.from([0xff, 15, 0x5c, 0, type, bytes.length, ...bytes]);
const memory = Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8, 9]).buffer;
class Bytes extends Uint8Array {}
const liar = Object.defineProperty(new Uint8Array(memory, 0, 2), 'length', { value: 5 });

const views = [
  ['a Buffer', Buffer.from('ab'), record(10, 97, 98)],
  ['an empty Buffer', Buffer.alloc(0), record(10)],
  ['a Uint8Array of a part of its memory', new Uint8Array(memory, 2, 3), record(1, 3, 4, 5)],
  ['a subclass', new Bytes(memory, 8, 1), record(1, 9)],
  ['an Int16Array', new Int16Array(memory, 2, 2), record(3, 3, 4, 5, 6)],
  ['a DataView', new DataView(memory, 7), record(9, 8, 9)],
  ['a Uint8Array with a length of its own', liar, record(1, 1, 2)],
];

for (const [name, view, expected] of views) {
  test(`a record of the channel: ${name}`, async () => assert.deepStrictEqual(bytesOf(view), expected));
}

test('views of every size around that of the outbox are whole or left to V8', async () => {
  for (let i = outbox.length - 20; i < outbox.length + 10; i++) {
    const view = Buffer.alloc(i, i);
    const bytes = bytesOf({ a: view, b: 1 });
    if (bytes === undefined) assert(i > outbox.length - 20);
    else assert.deepStrictEqual(bytes.subarray(12, 12 + i), view);
  }
});

test('a view whose memory was taken away has no bytes', async () => {
  const view = new Uint8Array(8);
  structuredClone(view, { transfer: [view.buffer] });
  assert.deepStrictEqual(bytesOf(view), record(1));
});

const shared = {};
const bytes = Buffer.from('b');
const cycle = { list: [] };
cycle.list.push(cycle);

const left = {
  'a shared object': [shared, shared],
  'a cycle': cycle,
  'a bigint': [1n],
  'undefined': [undefined],
  'a hole': [1, , 3], // eslint-disable-line no-sparse-arrays
  'an array with a property': Object.assign([1], { name: 1 }),
  'a hole and a property': Object.assign([1, , 3], { name: 1 }), // eslint-disable-line no-sparse-arrays
  'keys that are numbers': { 7: 1 },
  'a function': { f() {} },
  'a symbol': { s: Symbol('s') },
  'a proxy': new Proxy({}, {}),
  'a proxy of an array': new Proxy([], {}),
  'an object without a prototype': Object.create(null),
  'an object of a class': new (class A {})(),
  'a date': new Date(0),
  'a date that looks like a plain object': Object.setPrototypeOf(new Date(0), Object.prototype),
  'an error': new Error('e'),
  'a map': new Map(),
  'a boxed number': Object(1),
  'a view that comes twice': [bytes, bytes],
  'an ArrayBuffer': memory,
  'arguments': (function() { return arguments; })(), // eslint-disable-line prefer-rest-params
  '65 levels': nested(65),
  'an array of 65': Array(65).fill(1),
  'more than the outbox holds': 'x'.repeat(outbox.length),
  'small values that are more than the outbox holds together': Array.from({ length: 60 }, () => 'x'.repeat(outbox.length / 50)),
  'a property that a getter has taken away': { get a() { delete this.b; return 1; }, b: 2 },
};

for (const [name, value] of Object.entries(left)) {
  test(`left to V8: ${name}`, async () => assert.strictEqual(writePlain(value), -1));
}

// The last byte of the outbox is used, and none behind it.
test('messages of every size around that of the outbox are whole or left to V8', async () => {
  for (let i = outbox.length - 80; i < outbox.length; i++) {
    const message = { a: [[['x'.repeat(i), 1.5, 'short text']]] };
    const bytes = bytesOf(message);
    const expected = v8.serialize(message);
    if (bytes !== undefined) assert.deepStrictEqual(bytes, expected);
    else assert(expected.length > outbox.length - 20);
  }
});

test('a getter that throws throws out of send(), and the next message is whole', async () => {
  const child = cp.fork(fixture('child.js'), ['echo'], { serialization: 'advanced' });
  const closed = event(child, 'close');
  assert.throws(() => child.send({ a: 1, get b() { throw new Error('from the getter'); } }), /from the getter/);
  child.send({ a: 2 });
  const [answer] = await event(child, 'message');
  assert.deepStrictEqual(answer, { a: 2 });
  child.disconnect();
  await closed;
});

test('a getter that sends another message: both arrive, the inner one first', async () => {
  const child = cp.fork(fixture('child.js'), ['echo'], { serialization: 'advanced' });
  const closed = event(child, 'close');
  const answers = [];
  const both = new Promise((resolve) => {
    child.on('message', (message) => { if (answers.push(message) === 2) resolve(); });
  });
  child.send({ first: 1, get second() { child.send({ inner: ['x'.repeat(500)] }); return 2; }, third: '中' });
  await both;
  assert.deepStrictEqual(answers, [{ inner: ['x'.repeat(500)] }, { first: 1, second: 2, third: '中' }]);
  child.disconnect();
  await closed;
});
