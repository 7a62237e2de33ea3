'use strict';

// Typed arrays, DataViews and Buffers in a message: Node's channel has its own record for them, which is a tag, their
// type, their length in bytes, and the bytes.

const { Buffer } = require('buffer');

const VIEW = 0; // the tag
const BUFFER = 10;
const types = [
  Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array,
  Float32Array, Float64Array, DataView, Buffer, BigInt64Array, BigUint64Array,
];
if (globalThis.Float16Array !== undefined) types.push(globalThis.Float16Array);

const numbers = new Map(types.map((type, i) => [type.name, i]));
numbers.delete(Buffer.name);

// The name of the built-in class, of a subclass and of another realm, too; undefined for a DataView.
const { get: nameOfTypedArray } = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Int8Array.prototype),
  Symbol.toStringTag);

function numberOf(view) {
  if (view.constructor === Buffer) return BUFFER;
  return numbers.get(nameOfTypedArray.call(view) ?? 'DataView');
}

const nothing = new Uint8Array(0);

/** Its memory, whatever its type is; none where that was taken away. */
const bytesOf = (view) => (view.byteLength === 0 ? nothing : new Uint8Array(view.buffer, view.byteOffset, view.byteLength));

const elementSize = (type) => type.BYTES_PER_ELEMENT ?? 1;

/** @param bytes  a Buffer, whose memory becomes the view's. */
function makeView(number, bytes) {
  const type = types[number];
  if (type === undefined) throw new Error('Invalid host object type index');
  if (number === BUFFER) return bytes;
  const size = elementSize(type);
  const length = Math.floor(bytes.length / size);
  if (bytes.byteOffset % size === 0) return new type(bytes.buffer, bytes.byteOffset, length);
  const { buffer } = new Uint8Array(bytes.subarray(0, length * size)); // a copy begins at an even place
  return new type(buffer, 0, length);
}

module.exports = { VIEW, bytesOf, makeView, numberOf };
