// clone-values.js - values for the structured clone: every type, and the corners of each. [name, value] pairs.
'use strict';
const v8 = require('v8');

function error(Class, message, {stack = 'ST', ...more} = {}) {
  const made = message === undefined ? new Class() : new Class(message);
  Object.defineProperty(made, 'stack', {value: stack, writable: true, configurable: true});
  return Object.assign(made, more);
}

function make(Container, fill) {
  const made = new Container();
  fill(made);
  return made;
}

function withCause(cause, order = 'stack first') {
  const made = new Error('m', {cause});
  if (order === 'stack first') Object.defineProperty(made, 'stack', {value: 'ST', writable: true, configurable: true});
  return made;
}

// From text: of an array with fractions in it, V8 would write integers as doubles, too.
const numbers = `0 -0 1 -1 2 63 64 -64 -65 127 128 300 8191 8192 16384 1048575 1048576 134217727 134217728 1073741823
  1073741824 -1073741824 -1073741825 2147483647 2147483648 -2147483648 -2147483649 4294967295 4294967296 9007199254740991
  9007199254740992 -9007199254740992 1.5 -1.5 0.1 NaN Infinity -Infinity 5e-324 1.7976931348623157e308 1e21
  123456789.125`.split(/\s+/).map((text) => [`number ${text}`, Number(text)]);

const bigints = [0n, 1n, -1n, 255n, 2n ** 32n, 2n ** 63n, -(2n ** 63n), 2n ** 64n - 1n, 2n ** 64n, -(2n ** 64n),
  0x123456789abcdef0123456789abcdef0n, 2n ** 512n + 1n].map((n) => [`bigint ${n.toString(16)}`, [n]]);

const strings = [
  ['empty', ''], ['a', 'a'], ['abc', 'abc'], ['NUL', 'a\0b'], ['latin1', 'é'], ['latin1 long', 'naïve café '.repeat(20)],
  ['all latin1', String.fromCharCode(...Array.from({length: 256}, (_, i) => i))], ['euro', '€'],
  ['mixed', 'aé€😀'], ['emoji', '😀'], ['high surrogate', '\ud800'], ['low surrogate', '\udc00'],
  ['surrogates the wrong way', '\udc00\ud800'], ['high, then a pair', '\ud83d😀'], ['U+FFFF', '\uffff'], ['BOM', '\ufeffx'],
  ['U+2028', '\u2028'], ['63', 'x'.repeat(63)], ['127', 'x'.repeat(127)], ['128', 'y'.repeat(128)],
  ['wide 63', '€'.repeat(63)], ['wide 64', '€'.repeat(64)], ['300', 'z'.repeat(300)], ['Greek', 'Καλημέρα κόσμε'],
  ['Chinese', '你好，世界'], ['U+0080', '\u0080'], ['U+07FF', '\u07ff'], ['U+0800', '\u0800'], ['U+0100', '\u0100'],
].map(([name, text]) => [`string ${name}`, text]);

const padded = [1, 2, 3, 126, 127, 128, 129].map((n) => [`padding after ${n}`, ['x'.repeat(n), '€']]);

const objects = [
  ['{}', {}], ['{a}', {a: 1}], ['nested', {a: {b: {c: []}}}],
  ['keys of all kinds', {z: 1, 2: 'b', 0: 'a', '-1': 'c', '01': 'd', 4294967294: 'e', 4294967295: 'f', 2147483647: 'g',
    2147483648: 'h', 4294967296: 'i', '1.5': 'j', ' 1': 'k', '': 'l'}],
  ['undefined property', {a: undefined}], ['symbol key', {[Symbol('x')]: 1, b: 2}], ['getter', {get g() { return 7; }}],
  ['no prototype', Object.assign(Object.create(null), {p: 1})], ['class', new (class Point { x = 1; })()],
  ['__proto__', Object.defineProperty({}, '__proto__', {value: 1, enumerable: true, writable: true, configurable: true})],
  ['wide keys', {'€': 1, 'é': 2, '😀': 3, '\ud800': 4}],
  ['forty keys', Object.fromEntries(Array.from({length: 40}, (_, i) => [`key${i}`, i]))],
  ['long key', {['k'.repeat(200)]: 1}], ['length', {length: 3}], ['frozen', Object.freeze({a: 1})],
  ['record', {id: 17, name: 'task', done: false, tags: ['a', 'b'], parent: null, at: new Date(1e12), score: 0.25}],
  ['records', [{id: 1, name: 'a'}, {id: 2, name: 'b'}, {id: 3, name: 'c', more: true}]],
  ['URL-like', {href: 'http://example.com/', port: '', nested: {deep: {er: [{}]}}}],
];

const arrays = [
  ['[]', []], ['integers', [1, 2, 3]], ['fractions', [1.5, 2.5]], ['fraction and integer', [1.5, 2]],
  ['mixed', [1, 'a', null, undefined, true, false]], ['hole', [1, , 3]], ['hole at the end', [1, 2, ,]],
  ['new Array(3)', new Array(3)], ['new Array(0)', new Array(0)],
  ['holey but full', Object.assign(new Array(2), {0: 1, 1: 2})], ['long and sparse', Object.assign([], {999999: 1})],
  ['as long as can be', Object.assign([], {length: 4294967295})],
  ['with the largest index', Object.assign([], {4294967294: 1})], ['properties', Object.assign([1], {x: 2, '-1': 3})],
  ['sparse with properties', Object.assign([1, , 3], {x: 2})], ['empty with properties', Object.assign([], {a: 1})],
  ['large index', Object.assign([], {0: 0, 2147483648: 1})], ['nested', [[[[1], 2], 3], 4]],
  ['two hundred', Array.from({length: 200}, (_, i) => i * 1000)], ['of objects', [{}, [], {}]],
  ['deep', Array.from({length: 300}).reduce((inside) => [inside], 1)],
  ['number-like property', Object.assign([1], {'4294967295': 1, '01': 2})],
];

const collections = [
  ['Map empty', new Map()], ['Map', new Map([[1, 'a'], ['k', {}]])], ['Map of NaN and -0', new Map([[NaN, 1], [-0, 2]])],
  ['Map by objects', new Map([[{}, []], [[], {}]])], ['Map of undefined', new Map([[undefined, undefined], [null, null]])],
  ['Map large', new Map(Array.from({length: 50}, (_, i) => [`k${i}`, i]))], ['Map of bigints', new Map([[1n, 2n]])],
  ['Set empty', new Set()], ['Set', new Set([1, 'a'])], ['Set nested', new Set([new Set([new Set()])])],
  ['Set large', new Set(Array.from({length: 100}, (_, i) => i / 4))], ['Set of -0', new Set([-0, NaN])],
];

const others = [
  ['null', null], ['undefined in an array', [undefined]], ['true', true], ['false', false],
  ['Date 0', new Date(0)], ['Date 1.5e12', new Date(1.5e12)], ['Date invalid', new Date(NaN)], ['Date furthest', new Date(8.64e15)],
  ['Date negative', new Date(-1)], ['Boolean true', new Boolean(true)], ['Boolean false', new Boolean(false)],
  ['Number object', new Number(1)], ['Number object NaN', new Number(NaN)], ['String object', new String('hi')],
  ['String object wide', new String('€')], ['BigInt object', Object(5n)], ['BigInt object 0n', Object(0n)],
  ['RegExp', /ab/gi], ['RegExp empty', new RegExp('')], ['RegExp slash', /\//], ['RegExp wide', /€/],
  ...[...'gimyusdv'].map((flag) => [`RegExp ${flag}`, new RegExp('a', flag)]), ['RegExp dgimsuy', /a/dgimsuy],
];

const errors = [
  ...[Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError].map(
    (Class) => [Class.name, error(Class, 'm')]),
  ['Error without message', error(Error)], ['Error wide', error(Error, '€')], ['Error empty', error(Error, '')],
  ['Error more properties', error(Error, 'm', {code: 'ENOENT', errno: -2})],
  ['Error named TypeError', error(Error, 'm', {name: 'TypeError'})],
  ['Error without stack', error(Error, 'm', {stack: 5})], ['Error cause', withCause(5)],
  ['Error cause object', withCause({a: 1})], ['Error cause undefined', withCause(undefined)],
  ['Error cause Error', withCause(error(RangeError, 'inner'))],
];

const buffers = [
  ['ArrayBuffer', new Uint8Array([1, 2, 3]).buffer], ['ArrayBuffer empty', new ArrayBuffer(0)],
  ['ArrayBuffer 300', new Uint8Array(300).fill(7).buffer], ['ArrayBuffer resizable', new ArrayBuffer(2, {maxByteLength: 4})],
  ['ArrayBuffer resizable full', new ArrayBuffer(4, {maxByteLength: 4})],
  ...[Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array, Float32Array, Float64Array]
    .flatMap((Class) => [[Class.name, new Class([1, 2, 3])], [`${Class.name} empty`, new Class()]]),
  ['BigInt64Array', new BigInt64Array([1n, -1n])], ['BigUint64Array', new BigUint64Array([1n])],
  ['DataView', new DataView(new Uint8Array([1, 2]).buffer)], ['Buffer', Buffer.from('hi')], ['Buffer empty', Buffer.alloc(0)],
  ['Buffer 1000', Buffer.alloc(1000, 'ab')], ['Uint8Array offset', new Uint8Array(new Uint8Array([1, 2, 3, 4]).buffer, 1, 2)],
  ['Uint16Array behind an odd byte', ['abc', new Uint16Array([1, 2])]],
  ...(globalThis.Float16Array === undefined ? [] : [['Float16Array', new Float16Array([1, 2])]]),
];

const shared = {x: 1};
const view = new Uint8Array([1]);
const references = [
  ['self', make(Object, (o) => { o.self = o; })], ['self array', make(Array, (a) => { a.push(a, [a]); })],
  ['self Map', make(Map, (m) => { m.set(m, m); })], ['self Set', make(Set, (s) => { s.add(s); })],
  ['shared', [shared, shared, {shared}]], ['shared strings', ['zz', 'zz']],
  ['ids of all', make(Array, (a) => {
    const things = [[], {}, new Date(0), new Map(), new Set(), /a/, new String('s'), error(Error, 'm'), new ArrayBuffer(1),
      view, Buffer.from('x')];
    a.push(...things, ...things, a);
  })],
  ['tree with parents', make(Object, (o) => { o.children = [{parent: o}, {parent: o}]; })],
];

exports.values = [
  ...numbers, ...bigints, ...strings, ...padded, ...objects, ...arrays, ...collections, ...others, ...errors, ...buffers,
  ...references,
];

// V8's own records for views, without Node's way with them: record() writes them, v8.deserialize() reads them.
exports.record = (value) => {
  const serializer = new v8.Serializer();
  serializer.writeHeader();
  serializer.writeValue(value);
  return serializer.releaseBuffer();
};

const four = new ArrayBuffer(4);
const tracking = new ArrayBuffer(6, {maxByteLength: 8});
exports.recordValues = [
  ...buffers.filter(([, value]) => ArrayBuffer.isView(value)),
  ['two views of one ArrayBuffer', [new Uint8Array(four), four, new Uint8Array(four, 1, 2)]],
  ['views of a resizable one', [new Uint8Array(tracking), new Uint8Array(tracking, 1, 2), new Uint16Array(tracking, 2),
    new DataView(tracking, 1)]],
];
