'use strict';

// Sockets of a net.Server that were sent to a child: the server asks here how many of them the child has open.

const EventEmitter = require('events');
const { codes } = require('./errors');

const GET_COUNT = 'NODE_SOCKET_GET_COUNT';
const COUNT = 'NODE_SOCKET_COUNT';
const NOTIFY_CLOSE = 'NODE_SOCKET_NOTIFY_CLOSE';
const ALL_CLOSED = 'NODE_SOCKET_ALL_CLOSED';

/** The sockets of one server in one child. net.Server knows it by getConnections(), close() and 'exit'. */
class SentSockets extends EventEmitter {
  #ask;
  #waiting = [];

  /** @param ask  sends a message of the protocol; false: the child is not connected. */
  constructor(child, key, ask) {
    super();
    this.key = key;
    this.#ask = ask;
    child.once('exit', () => this.emit('exit', this));
  }

  getConnections(callback) {
    this.#request(GET_COUNT, COUNT, (error, answer) => {
      if (error) callback(error);
      else callback(null, answer.count);
    });
  }

  close(callback) {
    this.#request(NOTIFY_CLOSE, ALL_CLOSED, callback);
  }

  #request(cmd, answer, callback) {
    if (this.#ask({ cmd, key: this.key })) this.#waiting.push({ answer, callback });
    else callback(new codes.ERR_CHILD_CLOSED_BEFORE_REPLY());
  }

  /** A message of the child. Each question for a count has its answer; that all are closed is said only once. */
  answered(message) {
    if (message.key !== this.key) return;
    const heard = message.cmd === COUNT ? this.#take(COUNT, 1) : this.#take(message.cmd, Infinity);
    for (const { callback } of heard) callback(null, message);
  }

  #take(cmd, most) {
    const taken = this.#waiting.filter(({ answer }) => answer === cmd).slice(0, most);
    if (taken.length > 0) this.#waiting = this.#waiting.filter((request) => !taken.includes(request));
    return taken;
  }

  /** The child is gone for us: nobody will answer. */
  disconnected() {
    const lost = this.#waiting;
    this.#waiting = [];
    for (const { callback } of lost) callback(new codes.ERR_CHILD_CLOSED_BEFORE_REPLY());
  }
}

module.exports = { SentSockets };
