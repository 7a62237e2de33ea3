'use strict';

// Messages <-> payloads, in the two serializations of Node's channel. The framing is the native side's.

const v8 = require('v8');
const { Buffer } = require('buffer');
const { writePlain } = require('./clone-write');
const { codes } = require('./errors');
const { native } = require('./native');
const { VIEW, bytesOf, makeView, numberOf } = require('./views');

// ---------------------------------------------------------------- json

/** What has no JSON text would be the word `undefined` on the wire, of which a peer dies. */
function encodeJson(message) {
  const text = JSON.stringify(message);
  if (text === undefined) throw new codes.ERR_INVALID_ARG_VALUE('message', message, 'has no JSON text');
  return text;
}

// ---------------------------------------------------------------- advanced

// Node's other record, beside that of views: an object of the system, as the plain object of its properties.
const OBJECT = 1;

class Serializer extends v8.Serializer {
  constructor() {
    super();
    this._setTreatArrayBufferViewsAsHostObjects(true);
  }

  _writeHostObject(object) {
    if (!ArrayBuffer.isView(object)) {
      this.writeUint32(OBJECT);
      this.writeValue({ ...object });
      return;
    }
    this.writeUint32(VIEW);
    this.writeUint32(numberOf(object));
    this.writeUint32(object.byteLength);
    this.writeRawBytes(bytesOf(object));
  }
}

class Deserializer extends v8.Deserializer {
  _readHostObject() {
    const tag = this.readUint32();
    if (tag === OBJECT) return this.readValue();
    if (tag !== VIEW) throw new Error('Invalid host object tag');
    const number = this.readUint32();
    const length = this.readUint32();
    const start = this._readRawBytes(length);
    const { buffer, byteOffset } = this.buffer;
    return makeView(number, Buffer.from(buffer, byteOffset + start, length));
  }
}

/** A Buffer, or how many bytes of the outbox. */
function encodeClone(message) {
  const length = writePlain(message);
  return length < 0 ? serialize(message) : length;
}

function serialize(message) {
  const serializer = new Serializer();
  serializer.writeHeader();
  serializer.writeValue(message);
  return serializer.releaseBuffer();
}

function decodeAlone(payload) {
  const deserializer = new Deserializer(payload);
  deserializer.readHeader();
  return deserializer.readValue();
}

// ---------------------------------------------------------------- many small messages

// To make a deserializer costs more than to read a small message. So one of them reads many, laid side by side in a page.
// It counts the objects of all of them, so a message that refers to an object by its number is not for the page; nor is
// one with views, which would lend the page to the program.
const PAGE = 16384;
const SMALL = 512;
const REFERENCE = 0x5e;
const HOST_OBJECT = 0x5c;

let page = null; // { bytes, deserializer, end }

function turnPage() {
  const bytes = Buffer.alloc(PAGE);
  page = { bytes, deserializer: new v8.Deserializer(bytes), end: 0 };
}

/** Lays a payload on the page. False: it cannot be read there, if only because a string has one of these characters. */
function layDown(source, start, stop) {
  const length = stop - start;
  if (length > SMALL) return false;
  if (page === null || page.end + length > PAGE) turnPage();
  const { bytes, end } = page;
  for (let i = 0; i < length; i++) {
    const byte = source[start + i];
    if (byte === REFERENCE || byte === HOST_OBJECT) return false;
    bytes[end + i] = byte;
  }
  page.end += length;
  return true;
}

/** Bytes behind the value are skipped; a value that goes on beyond its payload is none. */
function readFromPage() {
  const { deserializer, end } = page;
  deserializer.readHeader();
  const message = deserializer.readValue();
  const left = end - deserializer._readRawBytes(0);
  if (left < 0) throw new RangeError('beyond the payload');
  if (left > 0) deserializer._readRawBytes(left);
  return message;
}

/** The inbox is written to again: what is not read on the page needs a copy. */
function ownBytes(source, start, stop) {
  const bytes = source.subarray(start, stop);
  return source === native.inbox ? Buffer.from(bytes) : bytes;
}

function decodePart(source, start, stop) {
  if (layDown(source, start, stop)) {
    try {
      return readFromPage();
    } catch {
      page = null; // the other way says what is wrong with it
    }
  }
  return decodeAlone(ownBytes(source, start, stop));
}

/** @param payload  a Buffer, or how many bytes of the inbox it is, from `start` on. */
function decodeClone(payload, start = 0) {
  if (typeof payload === 'number') return decodePart(native.inbox, start, start + payload);
  return decodePart(payload, 0, payload.length);
}

/**
 * Messages that were read together, each behind its length. A malformed one does not take the others along.
 * @param payloads  a Buffer, or how many bytes of the inbox they are.
 */
function decodeCloneBatch(payloads, malformed) {
  const inInbox = typeof payloads === 'number';
  const source = inInbox ? native.inbox : payloads;
  const length = inInbox ? payloads : payloads.length;
  const messages = [];
  for (let at = 0; at < length;) {
    const start = at + 4;
    const stop = start + source.readUInt32LE(at);
    try {
      messages.push(decodePart(source, start, stop));
    } catch (error) {
      malformed(error);
    }
    at = stop;
  }
  return messages;
}

const decodeJson = (text) => JSON.parse(text);

function parseBatch(text) {
  try {
    return JSON.parse(text);
  } catch {
    return []; // A malformed one: which, is seen when they are taken one by one.
  }
}

/** Messages that were read together, as a JSON array, one a line. A malformed one does not take the others along. */
function decodeJsonBatch(text, malformed, count) {
  const parsed = parseBatch(text);
  if (parsed.length === count) return parsed;
  const messages = [];
  for (const line of text.slice(1, -1).split(',\n')) {
    try {
      messages.push(JSON.parse(line));
    } catch (error) {
      malformed(error);
    }
  }
  return messages;
}

// decodeBatch(payloads, malformed, count) calls malformed(error) for each that cannot be decoded.
module.exports = {
  json: { encode: encodeJson, decode: decodeJson, decodeBatch: decodeJsonBatch },
  advanced: { encode: encodeClone, decode: decodeClone, decodeBatch: decodeCloneBatch },
};
