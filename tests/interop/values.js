// values.js - the table of values that goes through C and back, and how the ends compare.
'use strict';
const util = require('util');
const v8 = require('v8');
const {values} = require('../data/clone-values.js');

const more = [
  ['no command', {cmd: 'NODE'}], ['the prefix alone', {cmd: 'NODE_'}], ['small letters', {cmd: 'node_handle'}],
  ['a command that is no string', {cmd: ['NODE_HANDLE']}], ['a command inside', {inside: {cmd: 'NODE_HANDLE'}}],
  ['an array of commands', [{cmd: 'NODE_HANDLE_ACK'}]], ['a text that is a command', 'NODE_HANDLE_ACK'],
  ['text with quotes', '"\\\b\f\n\r\t/\u007f'], ['all control characters', String.fromCharCode(...Array(32).keys())],
  ['100,000 characters', 'naïve '.repeat(16667)], ['100,000 wide ones', '你好😀 '.repeat(20000)],
  ['10,000 numbers', Array.from({length: 10000}, (_, i) => i * 1.25 - 5000)],
  ['a message with an id', {id: 1, result: 5}], ['line separators', {'\u2028': '\u2029'}],
];

function asJson(value) {
  if (Array.isArray(value) && value.length > 1e6) return undefined; // nobody has the memory
  try {
    const text = JSON.stringify(value);
    return text === undefined ? undefined : JSON.parse(text);
  } catch { // a bigint, a cycle
    return undefined;
  }
}

// Deno makes a bigint of an integer beyond 2^53, dies of half a surrogate pair and of more than 127 levels, and takes the
// prefix of commands alone for one.
function isBeyondDeno(value) {
  const text = JSON.stringify(value);
  return /(^|[[,:])-?\d{16,}([\],}]|$)|\\ud[89a-f]|\[{100}|^\{"cmd":"NODE_"/.test(text);
}

exports.forDeno = globalThis.Deno !== undefined;

// [name, value, what arrives] for 'json' or 'advanced'.
exports.table = (serialization) => {
  const all = [...values, ...more];
  if (serialization === 'advanced') return all.map(([name, value]) => [name, value, v8.deserialize(v8.serialize(value))]);
  const rows = all.map(([name, value]) => [name, value, asJson(value)]).filter(([, , arrives]) => arrives !== undefined);
  if (!exports.forDeno) return rows;
  // Its own JSON of what is no plain object is another than Node's.
  return rows.filter(([, , arrives]) => !isBeyondDeno(arrives)).map(([name, , arrives]) => [name, arrives, arrives]);
};

// As deep equality has it, and besides: the order of properties, holes, sharing, the stacks of errors. For Node 20 an
// invalid date is not even equal to itself.
exports.same = (serialization, name, actual, expected) => {
  if (!/invalid/.test(name) && !util.isDeepStrictEqual(actual, expected)) return false;
  return serialization === 'advanced' ? v8.serialize(actual).equals(v8.serialize(expected))
    : JSON.stringify(actual) === JSON.stringify(expected);
};
