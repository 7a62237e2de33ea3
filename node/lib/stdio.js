'use strict';

// options.stdio: what the child finds at each of its file descriptors.

const { inspect } = require('util');
const { codes } = require('./errors');
const { isNative } = require('./handles');
const { native } = require('./native');

const { ERR_INVALID_ARG_VALUE, ERR_INVALID_SYNC_FORK_INPUT, ERR_IPC_ONE_PIPE, ERR_IPC_SYNC_FORK } = codes;
const { PIPE, OVERLAPPED, IPC, IGNORE, FD, SAME_AS } = native.stdio;

const WORDS = new Set(['ignore', 'pipe', 'overlapped', 'inherit']);
const HANDLES = new Set(['Pipe', 'TTY', 'TCP', 'UDP']); // what a child can inherit

/** 'pipe' for all three, and so on. */
function expand(word) {
  if (!WORDS.has(word)) throw new ERR_INVALID_ARG_VALUE('stdio', word);
  return [word, word, word];
}

const handleOf = (stream) => [stream.handle, stream._handle].find((handle) => isNative(handle, HANDLES));

// A 'pipe' at fd 0, 1 or 2 is a pipe(2), where Node has a socket pair: it is faster, and a child can open /dev/stdin. Who wants
// to read and write the same stream says 'overlapped', or uses another fd.

/** One entry: {kind, fd, stream}; null: nothing for this fd, which the sync forms allow. */
function entryOf(value, index, isSync) {
  value ??= index < 3 ? 'pipe' : 'ignore';
  if (value === 'ignore') return { kind: IGNORE, fd: -1 };
  if (value === 'pipe' || (typeof value === 'number' && value < 0)) return { kind: PIPE, fd: -1 };
  if (value === 'overlapped') return { kind: OVERLAPPED, fd: -1 };
  if (value === 'ipc') return { kind: IPC, fd: -1 };
  if (value === 'inherit') return { kind: FD, fd: index };
  if (typeof value === 'number') return { kind: FD, fd: value };
  const isBytes = ArrayBuffer.isView(value) || typeof value === 'string';
  if (isBytes && isSync) return null;
  if (isBytes) throw new ERR_INVALID_SYNC_FORK_INPUT(inspect(value));
  if (typeof value.fd === 'number') return { kind: FD, fd: value.fd };
  const handle = handleOf(value);
  if (handle === undefined) throw new ERR_INVALID_ARG_VALUE('stdio', value);
  return { kind: FD, fd: handle.fd, stream: value, handle };
}

const isPipe = ({ kind }) => kind === PIPE || kind === OVERLAPPED;
const isChannel = ({ kind }) => kind === IPC;

/** A channel may come only if there is a loop to read it, and none before it. */
function checkChannel(before, isSync) {
  if (isSync) throw new ERR_IPC_SYNC_FORK();
  if (before.some(isChannel)) throw new ERR_IPC_ONE_PIPE();
}

/** The entries of options.stdio; at least three. `mergeStderr` makes fd 2 what fd 1 is. */
function readStdio(stdio, { isSync = false, mergeStderr = false } = {}) {
  if (typeof stdio === 'string') stdio = expand(stdio);
  else if (!Array.isArray(stdio)) throw new ERR_INVALID_ARG_VALUE('stdio', stdio);
  const entries = [];
  for (let i = 0; i < Math.max(stdio.length, 3); i++) {
    const entry = entryOf(stdio[i], i, isSync);
    if (entry === null) continue;
    if (isChannel(entry)) checkChannel(entries, isSync);
    entries.push(entry);
  }
  if (mergeStderr) entries[2] = { kind: SAME_AS, fd: 1 };
  return entries;
}

/** The table that the native side reads, and writes the fds of pipes into: kind and fd of each entry. */
function makeTable(entries) {
  const table = new Int32Array(entries.length * 2);
  entries.forEach(({ kind, fd }, i) => {
    table[2 * i] = kind;
    table[2 * i + 1] = fd;
  });
  return table;
}

module.exports = { expand, isChannel, isPipe, makeTable, readStdio };
