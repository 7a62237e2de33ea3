'use strict';

// Servers, sockets and native handles <-> file descriptors that go along with a message.
//
// Node's classes of native handles have no public name. They are known by their shape here, and made by the functions
// that net and dgram have for themselves.

const dgram = require('dgram');
const net = require('net');
const { codes, errnoException } = require('./errors');
const { native } = require('./native');

const HANDLE = 'NODE_HANDLE';

// ---------------------------------------------------------------- native handles

const STREAMS = new Set(['TCP', 'Pipe']);
const DATAGRAMS = new Set(['UDP']);

/** Whether it is a handle of libuv of one of these classes: the class has a getter `fd`, and the methods of all handles. */
function isNative(handle, classes) {
  return typeof handle?.close === 'function' && typeof handle.hasRef === 'function' &&
    typeof handle.getAsyncId === 'function' && typeof handle.fd === 'number' && classes.has(handle.constructor?.name);
}

/** Terminals, TLS and the handles that a cluster worker has for a server of the primary cannot be sent. */
function fdOf(handle, classes) {
  if (!isNative(handle, classes)) throw new codes.ERR_INVALID_HANDLE_TYPE();
  return handle.fd;
}

function symbolOf(object, description) {
  return Object.getOwnPropertySymbols(object).find((symbol) => symbol.description === description);
}

/** What a dgram.Socket knows of itself: `_handle` would warn. */
function stateOf(socket) {
  return socket[symbolOf(socket, 'state symbol')];
}

// ---------------------------------------------------------------- sending

// The connection of an HTTP server: whoever has the socket now has a parser of his own. The parser's class and its pool
// are _http_common's, which newer versions of Node warn of.
function leaveHttp(socket) {
  const { parser, _httpMessage: message } = socket;
  if (typeof parser?.unconsume !== 'function' || typeof parser.remove !== 'function') return;
  if (parser._consumed) parser.unconsume();
  parser._consumed = false;
  parser.remove();
  parser.socket = parser.incoming = parser.outgoing = parser.onIncoming = null;
  setImmediate(() => parser.close()); // it may be at work: this may be the callback of a request
  socket.parser = null;
  message?.detachSocket(socket);
}

function ignore() {}

/** Our end of a socket that the child has from now on; the kernel has a duplicate of the fd. */
function giveUp(socket) {
  const { _handle: handle } = socket;
  handle.onread = ignore;
  socket._handle = null;
  socket.setTimeout(0);
  leaveHttp(socket);
  handle.close();
}

function packSocket(socket) {
  const { _handle: handle, server } = socket;
  if (!handle) return undefined;
  return {
    type: 'net.Socket',
    fd: fdOf(handle, STREAMS),
    fields: server ? { key: server._connectionKey } : {},
    sent(keepOpen, socketsOf) {
      if (server) {
        socketsOf(server);
        if (!keepOpen) server._connections--;
      }
      if (!keepOpen) giveUp(socket);
    },
  };
}

function packServer(server) {
  if (!server._handle) return undefined;
  return { type: 'net.Server', fd: fdOf(server._handle, STREAMS), fields: {}, sent: ignore };
}

function packBoundSocket(socket) {
  if (socket.isPipe) throw new codes.ERR_INVALID_HANDLE_TYPE();
  return {
    type: 'net.BoundSocket',
    fd: socket.fd(), // throws if it is bound no more
    fields: {},
    sent() { socket.close(); },
  };
}

function packDatagramSocket(socket) {
  const { handle } = stateOf(socket);
  if (!handle) return undefined;
  return { type: 'dgram.Socket', fd: fdOf(handle, DATAGRAMS), fields: { dgramType: socket.type }, sent: ignore };
}

const canSendBoundSockets = typeof net._TransferredBoundSocket === 'function';

/**
 * What to send for a handle: {type, fd, fields, sent}. `fields` belong to the message around the user's; `sent` is to be
 * called once it is on its way: sent(keepOpen, socketsOf), where socketsOf(server) notes that the child has sockets of it.
 * Undefined: there is no native handle (any more), the message goes alone.
 */
function pack(handle) {
  if (handle instanceof net.Socket) return packSocket(handle);
  if (handle instanceof net.Server) return packServer(handle);
  if (canSendBoundSockets && handle instanceof net.BoundSocket) return packBoundSocket(handle);
  if (handle instanceof dgram.Socket) return packDatagramSocket(handle);
  if (isNative(handle, STREAMS)) return { type: 'net.Native', fd: handle.fd, fields: {}, sent: ignore };
  if (isNative(handle, DATAGRAMS)) return { type: 'dgram.Native', fd: handle.fd, fields: {}, sent: ignore };
  throw new codes.ERR_INVALID_HANDLE_TYPE();
}

/** The message around the user's, which says what the handle is. */
function wrap(message, { type, fields }) {
  return { cmd: HANDLE, type, msg: message, ...fields };
}

// ---------------------------------------------------------------- receiving

/** Until one of these has succeeded the fd is ours to close, afterwards it is the handle's. */
function openStream(fd) {
  const handle = net._createServerHandle(null, null, null, fd);
  if (typeof handle !== 'number') return handle;
  native.closeFd(fd);
  throw errnoException(handle, 'open');
}

function openDatagram(fd) {
  const state = stateOf(dgram.createSocket('udp4'));
  const { handle } = state;
  state.handle = null;
  const rc = handle.open(fd);
  if (rc === 0) return handle;
  handle.close();
  native.closeFd(fd);
  throw errnoException(rc, 'open');
}

/** Listens by the handle alone, without a word to the primary if this is a worker of a cluster. */
function makeServer(fd, done) {
  const server = new net.Server();
  server._handle = openStream(fd);
  server.once('error', done);
  server.once('listening', () => {
    server.removeListener('error', done);
    done(null, server);
  });
  server._listen2(null, -1, -1, 0);
}

function makeDatagramSocket(fd, done, { dgramType }) {
  let socket;
  try {
    socket = dgram.createSocket(dgramType);
    socket.bind({ fd, exclusive: true }, () => done(null, socket));
  } catch (error) {
    socket?.close();
    native.closeFd(fd);
    throw error;
  }
}

function makeBoundSocket(fd, done) {
  const socket = new net._TransferredBoundSocket();
  const deserialize = symbolOf(net.BoundSocket.prototype, 'messaging_deserialize_symbol');
  socket[deserialize]({ handle: openStream(fd) });
  done(null, socket);
}

const makers = {
  '__proto__': null,
  'net.Native': (fd, done) => done(null, openStream(fd)),
  'net.Server': makeServer,
  'net.Socket': (fd, done) => done(null, new net.Socket({ handle: openStream(fd), readable: true, writable: true })),
  'dgram.Native': (fd, done) => done(null, openDatagram(fd)),
  'dgram.Socket': makeDatagramSocket,
};
if (canSendBoundSockets) makers['net.BoundSocket'] = makeBoundSocket;

/**
 * Makes of an fd what the message says. The fd is taken, also on failure.
 * @param envelope  the message around the user's.
 * @param done      done(error) or done(null, handle), at once or later.
 */
function unpack(fd, type, envelope, done) {
  const make = makers[type];
  try {
    if (make === undefined) {
      native.closeFd(fd);
      throw new codes.ERR_INVALID_HANDLE_TYPE();
    }
    make(fd, done, envelope);
  } catch (error) {
    done(error);
  }
}

/** The innermost envelope: a handle that Node sends once more is wrapped twice. */
function envelopeOf(message) {
  let envelope;
  while (message?.cmd === HANDLE) {
    envelope = message;
    message = message.msg;
  }
  return envelope;
}

module.exports = { envelopeOf, isNative, pack, unpack, wrap };
