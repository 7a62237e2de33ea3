'use strict';

// Messages of few values of plain data as structured clone bytes: what v8.Serializer would write for them. To make a
// serializer costs many times as much as to write such a message, and one that has been used remembers the objects of the
// last one. Its memory is new each time, too, and the first touch of a page is dearer than to copy it.
// The bytes lie in the outbox, from where the native side sends them.

const { types: { isProxy } } = require('util');
const { native: { outbox } } = require('./native');
const { VIEW, bytesOf, numberOf } = require('./views');

const VERSION = 15;
const TAG = { STRING: 0x22, TWO_BYTE: 0x63, PADDING: 0, INTEGER: 0x49, DOUBLE: 0x4e, TRUE: 0x54, FALSE: 0x46, NULL: 0x30,
  UNDEFINED: 0x5f, OBJECT: 0x6f, OBJECT_END: 0x7b, ARRAY: 0x41, ARRAY_END: 0x24, HOST_OBJECT: 0x5c };

const SHORT = 16; // characters: more of them are quicker to copy by a call
const MOST_OBJECTS = 64; // in one message
const MOST_ELEMENTS = 64; // of an array
const HEADS = 8; // bytes before those of a string or a view, at most
const BEYOND_ONE_BYTE = /[^\0-\xff]/;

const { toString } = Object.prototype;
const double = new Float64Array(1);
const doubleBytes = new Uint8Array(double.buffer);

let at = 0;
const seen = new Array(MOST_OBJECTS).fill(null); // the objects of the message at hand
let objects = 0;
let isBusy = false;

// Only what is written by a call needs the room: a byte behind the end goes nowhere, and at last that is seen.
const hasRoom = (bytes) => at + HEADS + bytes <= outbox.length;

function writeVarint(number) {
  for (; number > 127; number >>>= 7) outbox[at++] = (number & 127) | 128;
  outbox[at++] = number;
}

function writeTwoByte(text) {
  const bytes = text.length * 2;
  if (!hasRoom(bytes)) return false;
  const lengthBytes = bytes < 128 ? 1 : bytes < 16384 ? 2 : 3; // the outbox has room for no more
  if ((at + 1 + lengthBytes) % 2 === 1) outbox[at++] = TAG.PADDING; // the characters begin at an even place
  outbox[at++] = TAG.TWO_BYTE;
  writeVarint(bytes);
  at += outbox.ucs2Write(text, at, bytes);
  return true;
}

function writeLong(text) {
  if (!hasRoom(text.length)) return false;
  if (BEYOND_ONE_BYTE.test(text)) return writeTwoByte(text);
  outbox[at++] = TAG.STRING;
  writeVarint(text.length);
  at += outbox.latin1Write(text, at, text.length);
  return true;
}

function writeString(text) {
  const { length } = text;
  if (length > SHORT) return writeLong(text);
  const start = at;
  outbox[at++] = TAG.STRING;
  outbox[at++] = length;
  for (let i = 0; i < length; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 255) {
      at = start;
      return writeTwoByte(text);
    }
    outbox[at++] = unit;
  }
  return true;
}

function writeNumber(number) {
  if ((number | 0) === number && !Object.is(number, -0)) {
    outbox[at++] = TAG.INTEGER;
    writeVarint(((number << 1) ^ (number >> 31)) >>> 0);
    return true;
  }
  outbox[at++] = TAG.DOUBLE;
  double[0] = number;
  for (let i = 0; i < 8; i++) outbox[at++] = doubleBytes[i];
  return true;
}

/** An object that comes twice is written as a reference the second time: not here. */
function isNew(object) {
  if (objects === MOST_OBJECTS) return false;
  for (let i = 0; i < objects; i++) if (seen[i] === object) return false;
  seen[objects++] = object;
  return true;
}

/** Such keys may be written as numbers. */
function startsLikeIndex(key) {
  const unit = key.charCodeAt(0);
  return unit >= 48 && unit <= 57;
}

/** A property that a getter has taken away in the meantime is not for here. */
function writeProperty(object, key) {
  const value = object[key];
  if (value !== undefined) return writeValue(value);
  outbox[at++] = TAG.UNDEFINED;
  return Object.hasOwn(object, key);
}

function writeProperties(object) {
  const keys = Object.keys(object);
  outbox[at++] = TAG.OBJECT;
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i];
    if (startsLikeIndex(key) || !writeString(key) || !writeProperty(object, key)) return false;
  }
  outbox[at++] = TAG.OBJECT_END;
  writeVarint(keys.length);
  return true;
}

function writeElements(array) {
  const { length } = array;
  // Nor with holes or properties of other names.
  if (length > MOST_ELEMENTS || Object.keys(array).length !== length) return false;
  outbox[at++] = TAG.ARRAY;
  writeVarint(length);
  for (let i = 0; i < length; i++) if (!writeValue(array[i])) return false;
  outbox[at++] = TAG.ARRAY_END;
  outbox[at++] = 0; // properties of other names
  writeVarint(length);
  return true;
}

function writeView(view) {
  const bytes = bytesOf(view);
  if (!hasRoom(bytes.length)) return false;
  outbox[at++] = TAG.HOST_OBJECT;
  outbox[at++] = VIEW;
  outbox[at++] = numberOf(view);
  writeVarint(bytes.length);
  outbox.set(bytes, at);
  at += bytes.length;
  return true;
}

/** Only what cannot be anything else: classes, proxies and the system's objects are not for here. */
function writeObject(object) {
  if (object === null) {
    outbox[at++] = TAG.NULL;
    return true;
  }
  if (isProxy(object) || !isNew(object)) return false;
  if (Array.isArray(object)) return writeElements(object);
  if (ArrayBuffer.isView(object)) return writeView(object);
  return Object.getPrototypeOf(object) === Object.prototype && toString.call(object) === '[object Object]' &&
    writeProperties(object);
}

/** False: it is not for here. */
function writeValue(value) {
  switch (typeof value) {
    case 'string': return writeString(value);
    case 'number': return writeNumber(value);
    case 'object': return writeObject(value);
    case 'boolean':
      outbox[at++] = value ? TAG.TRUE : TAG.FALSE;
      return true;
    default: return false;
  }
}

/** How many bytes of the outbox the message is; -1: it takes a serializer. */
function writePlain(message) {
  if (isBusy) return -1; // sent by a getter of a message
  isBusy = true;
  outbox[0] = 0xff;
  outbox[1] = VERSION;
  at = 2;
  try {
    return writeValue(message) && at <= outbox.length ? at : -1;
  } finally {
    seen.fill(null, 0, objects);
    objects = 0;
    isBusy = false;
  }
}

module.exports = { writePlain };
