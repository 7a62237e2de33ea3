'use strict';

// The parent's end of a child's channel: child.send(), disconnect() and channel; messages and their waiting for a listener.

const EventEmitter = require('events');
const { setImmediate } = require('timers');
const { deprecate } = require('util');
const codecs = require('./codec');
const { codes, errno, errnoException } = require('./errors');
const { envelopeOf, pack, unpack, wrap } = require('./handles');
const { native: { codes: nativeCodes } } = require('./native');
const { SentSockets } = require('./socket-list');
const validate = require('./validate');
const version = require('./version');

const kLink = Symbol('channel');

// What native.Channel's send() returns.
const ABOVE_HIGH_WATER = 1;
const QUEUED = 2;

const { CP_ECHANNELCLOSED, CP_EMESSAGE, CP_EREPLY, CP_ETOOBIG } = nativeCodes;

// ---------------------------------------------------------------- child.channel

class Control extends EventEmitter {
  #native;
  #users = 0;
  #isDecided = false; // by ref() or unref(): counting no longer matters

  constructor(native) {
    super();
    this.#native = native;
  }

  ref() {
    this.#isDecided = true;
    this.#native.ref();
  }

  unref() {
    this.#isDecided = true;
    this.#native.unref();
  }

  /** Not in the reference, but programs count with it who wants messages. */
  refCounted() {
    if (++this.#users === 1 && !this.#isDecided) this.#native.ref();
  }

  unrefCounted() {
    if (--this.#users !== 0 || this.#isDecided) return;
    this.#native.unref();
    this.emit('unref');
  }

  get fd() { return this.#native.fd; }
}

// ---------------------------------------------------------------- answers to a flood

// Between the messages of a batch the channel is corked, so that the answers are written together. A program that exits
// in the meantime takes them along.
const corked = new Set();
let flushesAtExit = false;

function flushCorked() {
  for (const native of corked) native.flush();
}

function cork(native) {
  if (!flushesAtExit) process.on('exit', flushCorked);
  flushesAtExit = true;
  corked.add(native);
  native.cork();
}

function uncork(native) {
  corked.delete(native);
  native.uncork();
}

// ---------------------------------------------------------------- one channel

const PREFIX = 'NODE_';

function isInternal(message) {
  return typeof message?.cmd === 'string' && message.cmd.length > PREFIX.length && message.cmd.startsWith(PREFIX);
}

class Link {
  constructor(child, native, serialization, onClosed) {
    this.child = child;
    this.native = native;
    this.codec = codecs[serialization];
    this.isJson = serialization === 'json';
    this.onClosed = onClosed;
    this.pending = []; // messages that wait for a listener
    this.unsent = []; // who is told of messages that the kernel has not taken yet, in order
    this.handleUnderWay = false; // the child may not have confirmed the last handle yet: all else waits behind it
    this.behindHandle = 0; // how many messages do
    this.sentSockets = new Map(); // key of the server -> SentSockets
    this.flushSoon = () => process.nextTick(flush, this);
  }

  // -------------------------------------------------------------- out

  /** Encodes and sends. What cannot be sent at all is thrown; then nothing has happened to the handle. */
  post(message, handle, options, callback) {
    const parcel = handle ? pack(handle) : undefined;
    const payload = this.codec.encode(parcel ? wrap(message, parcel) : message);
    const rc = parcel && parcel.fd < 0 ? errno.EBADF : this.write(payload, parcel, callback);
    if (parcel && rc === errno.EINVAL) throw new codes.ERR_INVALID_HANDLE_TYPE();
    parcel?.sent(Boolean(options.keepOpen), (server) => this.noteSocketOf(server));
    if (rc < 0) {
      if (!options.swallowErrors) this.fail(sendError(rc), callback);
      return true; // advice on how fast to send, as Node gives it
    }
    return this.account(rc, parcel, callback);
  }

  write(payload, parcel, callback) {
    const wantsToKnow = callback !== undefined || this.handleUnderWay;
    return this.native.send(payload, parcel ? parcel.fd : -1, wantsToKnow);
  }

  /** Notes who is to be told, and says whether to go on sending. */
  account(rc, parcel, callback) {
    const isQueued = (rc & QUEUED) !== 0;
    const isBehind = isQueued && this.handleUnderWay;
    if (isQueued && (callback !== undefined || this.handleUnderWay)) this.unsent.push({ callback, isBehind });
    else if (callback !== undefined) process.nextTick(callback, null);
    if (isBehind) this.behindHandle++;
    this.handleUnderWay = parcel !== undefined || isBehind;
    return isBehind ? this.behindHandle === 1 : (rc & ABOVE_HIGH_WATER) === 0;
  }

  fail(error, callback) {
    if (callback !== undefined) process.nextTick(callback, error);
    else process.nextTick(() => this.child.emit('error', error));
  }

  sent(status) {
    const { callback, isBehind } = this.unsent.shift();
    if (isBehind) this.behindHandle--;
    callback?.(status < 0 ? sendError(status) : null);
  }

  // -------------------------------------------------------------- sockets of servers

  noteSocketOf(server) {
    const key = server._connectionKey;
    if (this.sentSockets.has(key)) return;
    const sockets = new SentSockets(this.child, key, (question) => this.ask(question));
    this.sentSockets.set(key, sockets);
    server._setupWorker(sockets);
  }

  ask(question) {
    if (!this.child.connected) return false;
    this.post(question, undefined, { swallowErrors: true }, undefined);
    return true;
  }

  // -------------------------------------------------------------- in

  batch(messages) {
    const last = messages.length - 1;
    if (last > 0) cork(this.native);
    for (let i = 0; i < last; i++) process.nextTick(deliver, this, messages[i], undefined);
    if (last >= 0) process.nextTick(last > 0 ? deliverLast : deliver, this, messages[last], undefined);
  }

  single(message, handle) {
    process.nextTick(isInternal(message) ? deliverInternal : deliver, this, message, handle);
  }

  withHandle(envelope, fd, type) {
    if (fd < 0) {
      this.single(envelope.msg, undefined);
      return;
    }
    unpack(fd, type, envelope, (error, handle) => {
      if (error) process.nextTick(() => this.child.emit('error', error));
      else this.single(envelope.msg, handle);
    });
  }

  /** Keeps a message until somebody listens, even beyond the end of the channel. */
  keep(message, handle) {
    this.pending.push([message, handle]);
    // Again and again: the program may have removed all listeners.
    this.child.removeListener('newListener', this.flushSoon);
    this.child.on('newListener', this.flushSoon);
  }

  // -------------------------------------------------------------- the end

  closed() {
    const { child } = this;
    child.connected = false;
    child.channel = null;
    process.nextTick(() => {
      try {
        child.emit('disconnect');
        for (const sockets of this.sentSockets.values()) sockets.disconnected();
      } finally {
        corked.delete(this.native);
        this.onClosed(child);
      }
    });
  }
}

/** The native end of a channel whose process did not start: nobody is at the other end, which is told as soon as may be. */
class DeadEnd {
  #isClosed = false;

  constructor() {
    setImmediate(() => this.disconnect());
  }

  get fd() { return -1; }

  send() { return errno.EPIPE; }

  disconnect() {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.owner.closed();
  }

  ref() {}

  unref() {}
}

function sendError(status) {
  if (status === CP_ECHANNELCLOSED) return new codes.ERR_IPC_CHANNEL_CLOSED();
  return errnoException(status === CP_ETOOBIG ? errno.ENOBUFS : status, 'write');
}

/** Each message has its own tick; they come in order, also behind those that wait already. */
function deliver(link, message, handle) {
  const { child, pending } = link;
  if (pending.length > 0 || child.listenerCount('message') === 0) link.keep(message, handle);
  else child.emit('message', message, handle);
}

function deliverLast(link, message, handle) {
  uncork(link.native);
  deliver(link, message, handle);
}

function deliverInternal(link, message, handle) {
  for (const sockets of link.sentSockets.values()) sockets.answered(message);
  link.child.emit('internalMessage', message, handle);
}

/** A listener has come, maybe for messages. */
function flush(link) {
  if (link.pending.length === 0 || link.child.listenerCount('message') === 0) return;
  const waiting = link.pending;
  link.pending = [];
  link.child.removeListener('newListener', link.flushSoon);
  for (const [message, handle] of waiting) process.nextTick(deliver, link, message, handle);
}

// ---------------------------------------------------------------- the child's methods

/** send(message[, handle[, options]][, callback]) */
function send(message, handle, options, callback) {
  if (typeof handle === 'function') {
    callback = handle;
    handle = options = undefined;
  } else if (typeof options === 'function') {
    callback = options;
    options = undefined;
  } else if (options !== undefined) {
    validate.validateObject(options, 'options');
  }
  if (this.connected) return this._send(message, handle, options, callback);
  const error = new codes.ERR_IPC_CHANNEL_CLOSED();
  this[kLink].fail(error, typeof callback === 'function' ? callback : undefined);
  return false;
}

const TYPES = ['string', 'object', 'number', 'boolean'];

/** @param options  or whether to keep silent about errors. */
function sendNow(message, handle, options, callback) {
  if (message === undefined) throw new codes.ERR_MISSING_ARGS('message');
  if (!TYPES.includes(typeof message)) throw new codes.ERR_INVALID_ARG_TYPE('message', TYPES, message);
  const settings = typeof options === 'boolean' ? { swallowErrors: options } : options ?? {};
  return this[kLink].post(message, handle, settings, typeof callback === 'function' ? callback : undefined);
}

function disconnect() {
  if (!this.connected) {
    this.emit('error', new codes.ERR_IPC_DISCONNECTED());
    return;
  }
  this.connected = false;
  this._disconnect();
}

/** What was sent is written before the end, and what has come is delivered. */
function disconnectNow() {
  this.channel = null;
  this[kLink].native.disconnect();
}

const text = '_channel is deprecated. Use ChildProcess.channel instead.';
const deprecatedChannel = {
  get: deprecate(function() { return this.channel; }, text, 'DEP0129'),
  set: deprecate(function(value) { this.channel = value; }, text, 'DEP0129'),
  configurable: true,
  enumerable: false,
};

/**
 * Gives a child its channel.
 * @param native    undefined if the process did not start.
 * @param onClosed  called with the child after 'disconnect', once.
 */
function setUpChannel(child, native, serialization, onClosed) {
  const end = native ?? new DeadEnd();
  const link = new Link(child, end, serialization, onClosed);
  end.owner = link;
  child.channel = new Control(end);
  Object.defineProperty(child, kLink, { value: link });
  if (version.hasDeprecatedChannel) Object.defineProperty(child, '_channel', deprecatedChannel);
  child._handleQueue = null;
  child._pendingMessage = null;
  child.send = send;
  child._send = sendNow;
  child.connected = true;
  child.disconnect = disconnect;
  child._disconnect = disconnectNow;
}

// ---------------------------------------------------------------- what the native side says

function throwSoon(error) {
  process.nextTick(() => { throw error; });
}

const callbacks = {
  messages({ owner: link }, payloads, count) {
    link.batch(link.codec.decodeBatch(payloads, throwSoon, count));
  },

  message({ owner: link }, payload, internal, fd, type) {
    const message = link.codec.decode(payload);
    const envelope = envelopeOf(message);
    if (envelope !== undefined) link.withHandle(envelope, fd, type);
    else link.single(message, undefined);
  },

  sent({ owner: link }, status) {
    link.sent(status);
  },

  disconnect({ owner: link }) {
    link.closed();
  },

  /** Malformed input ends the program, unless it catches what nobody caught: as in Node. */
  channelError({ owner: link }, code, message) {
    if (code === CP_EMESSAGE) throw link.isJson ? new SyntaxError(message) : new Error(message);
    if (code === CP_EREPLY) {
      process.emitWarning('Handle did not reach the receiving process correctly', 'SentHandleNotReceivedWarning');
      return;
    }
    const error = code === CP_ETOOBIG ? new RangeError(message) : errnoException(code, 'recvmsg');
    process.nextTick(() => link.child.emit('error', error));
  },
};

module.exports = { callbacks, setUpChannel };
