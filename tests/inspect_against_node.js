// Values as this Node's util.inspect() prints them, and as cp_value_inspect() does: a table, then many made at random.
//   node inspect_against_node.js INSPECT_TOOL [RANDOM_COUNT [SEED]]
'use strict';
const { spawnSync } = require('child_process');
const { inspect } = require('util');
const v8 = require('v8');

const [tool, count = '3000', seed = '1'] = process.argv.slice(2);

const cases = []; // {value, options, expected}
function add(value, options = {}) {
  const bytes = v8.serialize(value);
  let copy = v8.deserialize(bytes);
  // A view that Node reads keeps all the bytes of the message as its buffer, which a DataView shows.
  if (usesDataView(value)) copy = value;
  cases.push({ bytes, options, expected: inspect(copy, options) });
}

function usesDataView(value, seen = new Set()) {
  if (value instanceof DataView) return true;
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value) || seen.has(value)) return false;
  seen.add(value);
  const inside = value instanceof Map ? [...value].flat() : value instanceof Set ? [...value] : Object.values(value);
  return inside.some((one) => usesDataView(one, seen));
}

function error(Class, properties) {
  const made = new Class();
  for (const name of Object.getOwnPropertyNames(made)) delete made[name];
  for (const name of Object.keys(properties))
    Object.defineProperty(made, name, { value: properties[name], configurable: true, writable: true });
  return made;
}

const range = (n, make = (i) => i) => Array.from({ length: n }, (_, i) => make(i));
const nested = (depth, make, inner) => (depth === 0 ? inner : make(nested(depth - 1, make, inner)));

// ---------------------------------------------------------------- the table

function primitives() {
  for (const one of [undefined, null, true, false, 0, -0, 1, -1, 1.5, 1e21, 1e-7, NaN, Infinity, -Infinity, 2 ** 53, 5e-324,
    0n, 1n, -1n, 2n ** 64n, -(2n ** 64n) + 1n, 10n ** 27n, 10n ** 18n, 2n ** 1000n, 3n ** 20000n, 123456789000000000n]) {
    add(one);
    add([one]);
    add({ a: one });
  }
}

function strings() {
  for (const one of ['', 'a', "it's", '"', '\'"', '\'"`', '\'"${', '`', '$', '\'"$', '\'"${}', '\\', 'a\\b', '\n', '\t\r\b\f\v\0',
    '\x01\x1f\x7f\x80\x9f\xa0', 'ä€😀', '\ud800', 'a\udfffb', '\udc00\ud800', '\u2028', '\u200d', 'x'.repeat(9999), 'x'.repeat(10000),
    'x'.repeat(10001), '😀'.repeat(5001), 'x' + '😀'.repeat(5000), 'x'.repeat(9998) + '\n😀', 'x'.repeat(9999) + '\n😀']) {
    add(one);
    add([one]);
    add({ [one.slice(0, 50)]: one });
  }
  for (const n of [1, 15, 16, 17, 60, 70, 74, 75, 76, 77, 78, 100])
    for (const make of [(s) => s, (s) => [s], (s) => ({ a: { b: s } }), (s) => new Map([[s, s]]), (s) => new String(s)])
      for (const end of ['', '\n', "\n'\n\"", '\nb\n\n\nc', '\n😀'])
        add(make('x'.repeat(n) + end));
}

function keys() {
  for (const key of ['a', '_', '$', 'a1', '1a', '1', '01', '-1', 'a-b', 'a b', '', 'ä', "'", '"', '\n', '\ud800', 'length', 'constructor'])
    add({ [key]: 1 });
  const made = { a: 1 };
  Object.defineProperty(made, '__proto__', { value: 2, enumerable: true });
  add(made);
  add({ b: 1, 3: 1, a: 1, 2: 1, 4294967294: 1, 4294967295: 1 });
}

function arrays() {
  for (const one of [[], [[]], [,], [, ,], [1, ,], [, 1], [1, , 2], [1, , , 2, , ,], new Array(5), new Array(2 ** 32 - 1)]) add(one);
  for (const n of [6, 7, 8, 10, 26, 27, 99, 100, 101, 102, 200, 1000]) {
    add(range(n));
    add(range(n, (i) => -i));
    add(range(n, (i) => BigInt(i) ** 5n));
    add(range(n, (i) => 'x'.repeat(i % 7)));
    add(range(n, (i) => 'x'.repeat(i)));
    add(range(n, (i) => (i % 2 ? i : String(i))));
    add(range(n, (i) => [i]));
    add(range(n, (i) => ({ i })));
    add(range(n, (i) => (i % 3 ? 1.5 * i : null)));
    add(range(n, () => '日本'));
    add(range(n, (i) => ['e\u0301', '👍', 'ｱ', '한', '\u200b', 'é', '🇩🇪', 'ไทยที่'][i % 8]));
    add(Object.assign(range(n), { extra: 1 }));
    add(Object.assign(range(n), { '-1': range(n), x: [] }));
    add({ a: range(n), b: { c: range(n) } });
    const holes = range(n);
    delete holes[0];
    delete holes[n - 1];
    delete holes[n >> 1];
    add(holes);
    const every = [];
    for (let i = 0; i < n; i += 2) every[i] = i;
    add(every);
    add(Object.assign(every, { x: 1 }));
  }
  const far = [1, 2];
  far[5000000] = 3;
  far[5000002] = 4;
  add(far);
  add(Object.assign(far, { name: 1 }));
  add(Object.assign([], { a: 1 }));
  add(Object.assign([, ,], { a: 1, b: [1] }));
}

function containers() {
  for (const one of [{}, { a: {} }, new Map(), new Set(), new Map([[1, 2]]), new Set([1]), [new Map(), new Set(), {}, []],
    new Map([[{ a: 1 }, [1]], ['x', new Map([[1, new Set([2])]])]]), new Set([new Set([new Set([new Set()])])]), new Set(range(150)),
    new Map(range(150, (i) => [i, -i])), new Map([[new Map([[1, 2]]), new Map([[3, 4]])]]), { 'a-b': new Map([['a', { b: 1 }]]) },
    new Set(range(10)), new Set(['x'.repeat(40), 'y'.repeat(40)]), new Map([['x'.repeat(40), 'y'.repeat(40)]])]) {
    add(one);
    add({ one });
    add([one, one]);
  }
  for (let depth = 1; depth < 7; depth++)
    for (const make of [(x) => ({ x }), (x) => [x], (x) => [x, 1], (x) => new Map([[x, 1]]), (x) => new Map([[1, x]]), (x) => new Set([x])])
      for (const inner of [1, {}, [], { a: 1 }, new Map(), new Uint8Array(2), new Uint8Array(0), 'x'.repeat(60)])
        for (const shown of [1, 2, 4, Infinity]) add(nested(depth, make, inner), { depth: shown });
  for (let n = 1; n < 90; n++) {
    add({ ['k'.repeat(n)]: 1, b: 2 });
    add({ a: { b: 'x'.repeat(n) } });
    add(['x'.repeat(n), ['y']]);
    add({ text: 'ä'.repeat(n), emoji: '😀'.repeat(n >> 1) });
    add(Object.fromEntries(range(n, (i) => ['k' + i, i])));
  }
}

function circles() {
  const one = {};
  one.self = one;
  const two = { a: {} };
  two.a.b = two;
  two.a.c = two.a;
  const list = [1, 2, 3, 4, 5, 6, 7];
  list.push(list);
  const map = new Map();
  map.set('self', map).set(map, { map });
  const set = new Set();
  set.add(set).add([set]);
  const shared = { x: [1] };
  const late = { a: { b: {} } }; // its circle is too deep to be seen the first time
  late.a.b.c = { d: late.a.b };
  for (const value of [one, two, list, map, set, { shared, again: shared, list: [shared] }, { first: late, then: late.a.b }, [one, one, two],
    { a: { b: { c: two } } }, { long: 'x'.repeat(60), one }, [[[one]]]]) {
    add(value);
    add(value, { depth: 1 });
    add(value, { depth: Infinity });
  }
}

function others() {
  for (const one of [new Date(0), new Date(NaN), new Date(1e15), new Date(-1e15), new Date(8.64e15), new Date(-62198755200000), /a/, /a\/b/gimsuy,
    /(?:)/d, new RegExp('\n'), new RegExp(''), new Number(3), new Number(-0), new Boolean(false), new String(''), new String("it's"),
    new String('x'.repeat(20000)), Object(5n), new ArrayBuffer(0), new ArrayBuffer(2), new ArrayBuffer(25), new ArrayBuffer(100),
    new ArrayBuffer(101), new ArrayBuffer(300), new DataView(new ArrayBuffer(3)), new DataView(new ArrayBuffer(30)), Buffer.from('hi'),
    Buffer.alloc(0), Buffer.alloc(50), Buffer.alloc(51), Buffer.alloc(70)]) {
    add(one);
    add([one]);
    add({ a: one, b: one });
    add({ a: { b: one } });
    add({ a: { b: { c: one } } });
    add(new Map([[one, one]]));
  }
}

function typedArrays() {
  const classes = [Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array, Float32Array, Float64Array];
  if (typeof Float16Array === 'function') classes.push(Float16Array); // eslint-disable-line no-undef
  for (const Class of classes)
    for (const n of [0, 1, 3, 6, 7, 30, 100, 101, 150]) {
      add(Class.from(range(n, (i) => i * 7 - 20)));
      add({ a: [Class.from(range(n, (i) => i / 3))] });
      add({ a: { b: { c: new Class(n) } } });
    }
  for (const n of [0, 1, 7, 101]) {
    add(BigInt64Array.from(range(n, (i) => BigInt(i - 3) ** 3n)));
    add(BigUint64Array.from(range(n, (i) => 2n ** 64n - BigInt(i))));
  }
  add(new Float32Array([0.1, -0, NaN, Infinity, 1e-45, 3.4e38]));
  add(new Float64Array([0.1, -0, NaN, -Infinity, 5e-324, 1e300]));
  add(new BigInt64Array([-(2n ** 63n), 2n ** 63n - 1n]));
}

function errors() {
  const places = ['a', 'b', 'c', 'd', 'e'].map((name) => `\n    at ${name} (file.js:1:2)`).join('');
  const causes = [5, undefined, null, { a: 1 }, error(Error, { message: 'c', stack: 'Error: c\n    at y' + places }),
    error(Error, { message: 'c', stack: 'Error: c' }), error(RangeError, { message: 'c', stack: 'RangeError: c' + places.slice(0, -25) }), new Error('real')];
  const stacks = [undefined, '', 'Error: m', 'TypeError: m' + places, 'Error: m\n    at z' + places, 'm\n    at q', 'Mine: two\nlines' + places, '\n    at x',
    'Error: ä\ud800\n  indented\n\n    at x', 'Error\n    at x', 'Error: m\n    at m\n    at m'];
  for (const Class of [Error, TypeError, URIError])
    for (const message of [undefined, '', 'm', 'two\nlines', 'm\n    at q'])
      for (const stack of stacks) {
        const properties = {};
        if (message !== undefined) properties.message = message;
        if (stack !== undefined) properties.stack = stack;
        const made = error(Class, properties);
        add(made);
        add([made]);
        add({ a: { b: { c: made } } });
        for (const cause of causes) {
          const caused = error(Class, { ...properties, cause });
          add(caused);
          add({ a: [caused] });
          add({ a: { b: { c: caused } } });
        }
      }
  add(new SyntaxError('real'));
  add(new Error('outer', { cause: new Error('middle', { cause: new Error('inner') }) }));
  add(new Error('with\nlines'));
}

function options() {
  const values = [range(200), 'x\n'.repeat(60), { a: { b: { c: { d: { e: 1 } } } } }, new Map(range(20, (i) => [i, [i]])), new Set(range(20)),
    { a: range(30), b: range(8, String), text: 'word '.repeat(30) }, new Uint8Array(50), new ArrayBuffer(20), [, , 1, , , 2, 3, 4], [1, 2, 3, 4, , 5]];
  for (const value of values)
    for (const some of [{ breakLength: 20 }, { breakLength: 40 }, { breakLength: 120 }, { breakLength: 1000 }, { maxArrayLength: 1 }, { maxArrayLength: 3 },
      { maxArrayLength: 7 }, { maxArrayLength: Infinity }, { maxStringLength: 1 }, { maxStringLength: 20 }, { maxStringLength: Infinity },
      { depth: 1 }, { depth: 3 }, { depth: Infinity }, { depth: Infinity, breakLength: 30, maxArrayLength: 5, maxStringLength: 5 }])
      add(value, some);
  for (let units = 1; units < 6; units++) add(['a😀b😀', '😀'], { maxStringLength: units });
}

// ---------------------------------------------------------------- at random

let state = Number(seed) >>> 0;
function random(n) { // mulberry32: the same values on every machine
  state = (state + 0x6d2b79f5) >>> 0;
  let t = Math.imul(state ^ (state >>> 15), state | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return ((t ^ (t >>> 14)) >>> 0) % n;
}
const pick = (list) => list[random(list.length)];
const few = () => pick([0, 1, 2, 3, 3, 4, 5, 6, 7, 8, 12, 30]);

function randomString() {
  const unit = pick(['x', 'word ', "'", 'ä', '日', '😀', 'line\n', '\\', 'e\u0301']);
  return unit.repeat(pick([0, 1, 1, 2, 3, 5, 8, 13, 25])) + pick(['', '', '!', '\n', '"']);
}

function randomLeaf() {
  switch (random(12)) {
    case 0: return random(10);
    case 1: return random(1e6) - 5e5;
    case 2: return random(1000) / 8;
    case 3: return BigInt(random(1e9)) ** BigInt(random(5));
    case 4: case 5: case 6: return randomString();
    case 7: return pick([true, false, null, undefined]);
    case 8: return new Date(random(2 ** 31) * 1000);
    case 9: return new Uint8Array(few());
    case 10: return Buffer.alloc(few());
    default: return pick([/x/g, new String('s'), new Number(1), new ArrayBuffer(few()), error(Error, { message: 'm', stack: pick(['Error: m', 'Error: m\n    at x']) })]);
  }
}

function randomList(depth, outer) {
  const same = random(3) === 0 ? random(2) ? () => random(10 ** (1 + random(6))) : randomString : null;
  const list = range(random(8) === 0 ? 120 : few(), () => (same ? same() : randomValue(depth - 1, outer)));
  if (random(8) === 0) delete list[random(list.length + 1)];
  if (random(10) === 0) list.length += random(3);
  if (random(10) === 0) list.extra = randomValue(depth - 1, outer);
  return list;
}

let room = 0; // values that the one being made may still have: some would have millions
function randomValue(depth, outer = []) {
  if (room-- <= 0) return randomLeaf();
  if (outer.length > 0 && random(40) === 0) return pick(outer);
  if (depth === 0 || random(3) === 0) return randomLeaf();
  switch (random(6)) {
    case 0: case 1: return randomList(depth, outer);
    case 2: case 3: {
      const made = {};
      const inside = [...outer, made];
      for (let i = few() % 9; i > 0; i--) made[pick(['a', 'key', 'longer_key', 'a-b', '1', 'very_long_key_of_an_object']) + random(5)] = randomValue(depth - 1, inside);
      return made;
    }
    case 4: {
      const made = new Map();
      for (let i = few() % 9; i > 0; i--) made.set(randomValue(depth - 1, [...outer, made]), randomValue(depth - 1, [...outer, made]));
      return made;
    }
    default: {
      const made = new Set();
      for (let i = few(); i > 0; i--) made.add(randomValue(depth - 1, [...outer, made]));
      return made;
    }
  }
}

function randomOptions() {
  const some = {};
  if (random(4) === 0) some.depth = pick([1, 3, 4, Infinity]);
  if (random(4) === 0) some.breakLength = pick([10, 30, 60, 79, 81, 100, 200]);
  if (random(6) === 0) some.maxArrayLength = pick([1, 5, 6, 7, 8, 20, Infinity]);
  if (random(6) === 0) some.maxStringLength = pick([1, 5, 20, 100]);
  return some;
}

// ---------------------------------------------------------------- comparing

function frame({ bytes, options }) {
  const number = (given) => (given === undefined ? 0 : given === Infinity ? -1 : given);
  const head = Buffer.alloc(20);
  head.writeUInt32BE(bytes.length + 16, 0);
  [options.depth, options.breakLength, options.maxArrayLength, options.maxStringLength].forEach((given, i) => head.writeInt32BE(number(given), 4 + 4 * i));
  return Buffer.concat([head, bytes]);
}

function compare() {
  const { status, signal, stdout } = spawnSync(tool, { input: Buffer.concat(cases.map(frame)), maxBuffer: 2 ** 30, stdio: ['pipe', 'pipe', 'inherit'] });
  if (status !== 0) throw new Error(`${tool} ended with ${status ?? signal}`);
  let at = 0, failures = 0;
  for (const { options, expected } of cases) {
    const length = stdout.readUInt32BE(at);
    const got = stdout.subarray(at + 4, at + 4 + length);
    at += 4 + length;
    if (expected.includes('[byteLength]')) continue; // so written by Node 26; older ones and this library have no brackets
    if (got.equals(Buffer.from(expected))) continue;
    if (++failures <= 5) console.log(`options ${JSON.stringify(options)}\nNode:\n${expected.slice(0, 3000)}\nours:\n${got.toString().slice(0, 3000)}\n`);
  }
  return failures;
}

const table = [primitives, strings, keys, arrays, containers, circles, others, typedArrays, errors, options];
for (const part of table) part();
for (let i = Number(count); i > 0; i--) {
  const before = state;
  room = 300;
  const value = randomValue(1 + random(5));
  try { add(value, randomOptions()); } catch (failure) { console.log(`seed ${before}`); throw failure; }
}
const failures = compare();
console.log(`${cases.length} values, ${failures} printed otherwise than by Node ${process.version}`);
process.exitCode = failures > 0 ? 1 : 0;
