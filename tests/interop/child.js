// child.js - the forked side of the tests whose parent is a C program: node child.js VERB [ARGUMENT...]
'use strict';
const dgram = require('dgram');
const fs = require('fs');
const net = require('net');
const util = require('util');
const {same, table} = require('./values.js');

const [verb, ...args] = process.argv.slice(2);

// Stands still until the parent ends stdin.
function block() {
  const byte = Buffer.alloc(1);
  while (fs.readSync(0, byte) > 0);
}

// Where a closing handle, or a message of the program's, is met.
const end = (handle) => handle.close !== undefined ? handle.close() : handle.destroy();
const listenOnStdinEnd = (then) => process.stdin.on('end', then).resume();

const verbs = {
  // Its number of values, the values, each of them once more as it came back, and what was wrong with these.
  values(serialization) {
    const rows = table(serialization), wrong = [];
    let next = 0;
    process.send(rows.length);
    process.on('message', (actual) => {
      const [name, , expected] = rows[next++];
      if (!same(serialization, name, actual, expected)) wrong.push(`${name}: ${util.inspect(actual).slice(0, 200)}`);
      process.send(actual);
      if (next === rows.length) process.send(wrong, () => process.disconnect());
    });
    for (const [, value] of rows) process.send(value);
  },

  // [source, value]: whether the value is what the source says. An end of it: 'end'.
  sources() {
    const wrong = [];
    process.on('message', (message) => {
      if (message === 'end') return process.send(wrong, () => process.disconnect());
      const [source, actual] = message, expected = eval(`(${source})`);
      if (!util.isDeepStrictEqual(actual, expected)) wrong.push(`${source}: ${util.inspect(actual)}`);
    });
  },

  echo() {
    process.on('message', (message, handle) => process.send(message, handle));
  },

  count() {
    let counted = 0;
    process.on('message', (message) => {
      counted++;
      if (message === 'count') process.send(counted);
    });
  },

  // Counts, but its loop stands still until stdin ends.
  'block-and-count'() {
    verbs.count();
    block();
  },

  // Stands still, and dies of what comes then.
  'block-and-exit'() {
    block();
    process.exit(5);
  },

  // Listens only when stdin has ended.
  late() {
    listenOnStdinEnd(verbs.count);
  },

  idle() {},

  'listen-unref'() {
    process.on('message', () => {});
    process.channel.unref();
  },

  'ref'() {
    process.channel.ref();
  },

  once() {
    process.once('message', (message) => process.send(['got', message]));
  },

  'send-and-exit'(count, bytes) {
    for (let i = 0; i < count; i++) process.send('x'.repeat(bytes));
    process.exit(3);
  },

  'send-and-disconnect'(count, bytes) {
    for (let i = 0; i < count; i++) process.send('x'.repeat(bytes));
    process.disconnect();
  },

  disconnect() {
    process.on('message', () => process.disconnect());
  },

  // What it has seen when the parent disconnects is told on stdout.
  events() {
    const seen = [];
    process.on('message', (message) => seen.push(typeof message === 'string' && message.length > 99 ? message.length : message));
    process.on('disconnect', () => process.stdout.write(`${seen.concat('disconnect', process.connected)}`));
  },

  throw() {
    process.on('message', () => { throw new Error('thrown on purpose'); });
  },

  callback() {
    process.send('first', (error) => process.send(['callback', error]));
    process.on('message', () => {});
  },

  // How it was told about the channel, and what of it is left for its children.
  environment() {
    process.send([new Map([[1, 2]]), Object.keys(process.env).filter((name) => /^NODE_CHANNEL|^CHILD_PROCESS/.test(name))]);
  },

  // Sends until it is told not to, then, when that is through, the number.
  flood(bytes) {
    const text = 'x'.repeat(bytes);
    let sent = 1;
    while (process.send(text, sent === 0 ? undefined : () => {})) sent++;
    process.send(sent, () => process.disconnect());
  },

  // The worker of the reference's example of correlation ids.
  request() {
    process.on('message', (message) => {
      const {id, cmd, data} = message;
      if (cmd === 'exit') process.exit(3);
      if (cmd === 'ignore') return;
      if (cmd === 'fail') return process.send({id, error: 'no'});
      const result = data.reduce((sum, n) => sum + n, 0);
      const reply = () => process.send({id: message.id, result});
      if (cmd === 'later') setImmediate(reply);
      else reply();
    });
  },

  // The reference's example: it has the server, too.
  server() {
    process.on('message', (message, server) => {
      if (message === 'server') server.on('connection', (socket) => socket.end('handled by child'));
      process.once('disconnect', () => server.close());
      process.send('listening');
    });
  },

  // The reference's example of sockets and priorities.
  socket(priority) {
    process.on('message', (message, socket) => {
      if (message === 'socket' && socket) socket.end(`Request handled with ${priority} priority`);
    });
  },

  // Answers what is written to the sockets that it gets, until their end.
  'socket-echo'() {
    process.on('message', (message, socket) => socket.on('data', (data) => socket.write(`echo:${data}`)).on('end', () => socket.end()));
  },

  // Reads what the pipe that it gets brings, and sends that.
  'pipe-read'() {
    process.on('message', (message, socket) => {
      let text = '';
      socket.on('data', (data) => { text += data; }).on('close', () => process.send(text));
    });
  },

  udp() {
    process.on('message', (message, socket) => {
      socket.on('message', (data, from) => socket.send(`echo:${data}`, from.port, from.address));
      process.once('disconnect', () => socket.close());
    });
  },

  // Handles of its own for the parent, which gets [kind, address].
  offer(kind, path) {
    process.on('disconnect', () => process.exit(0));
    if (kind === 'server') {
      const server = net.createServer((socket) => socket.end('handled by child')).listen(0, '127.0.0.1', () => process.send([kind, server.address().port], server));
    } else if (kind === 'unix-server') {
      const server = net.createServer().listen(path, () => process.send([kind, path], server, () => {}));
    } else if (kind === 'udp') {
      const socket = dgram.createSocket('udp4').bind(0, '127.0.0.1', () => process.send([kind, socket.address().port], socket));
    } else { // socket, keep, unix-socket: the end that accepted it
      const server = net.createServer({pauseOnConnect: true}, (socket) => {
        process.send([kind, 0], socket, {keepOpen: kind === 'keep'});
        if (kind === 'keep') socket.write('from the child, ');
        else socket.on('close', () => {});
      });
      const connect = () => net.connect(kind === 'unix-socket' ? path : server.address()).on('data', (data) => process.send(`${data}`));
      if (kind === 'unix-socket') server.listen(path, connect);
      else server.listen(0, '127.0.0.1', connect);
    }
  },

  // As many messages as there come, some with handles, in order both ways.
  mixed(count) {
    const wrong = [], total = Number(count);
    let next = 0;
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      const socket = dgram.createSocket('udp4').bind(0, '127.0.0.1', () => {
        for (let i = 0; i < total; i++) process.send({i}, i % 6 === 0 ? server : i % 6 === 3 ? socket : undefined);
      });
      process.on('message', (message, handle) => {
        if (message.i !== next) wrong.push(`${message.i} instead of ${next}`);
        if ((handle !== undefined) !== (next % 3 === 0)) wrong.push(`${next}: a handle: ${handle !== undefined}`);
        if (handle !== undefined) end(handle);
        if (++next === total) process.send({i: total, wrong});
      });
      process.on('disconnect', () => { server.close(); socket.close(); });
    });
  },
};

verbs[verb](...args);
