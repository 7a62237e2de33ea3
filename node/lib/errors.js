'use strict';

// Errors as Node makes them: code, name, message, and a stack that begins with "TypeError [ERR_...]: ".

const os = require('os');
const { format, inspect, getSystemErrorName } = require('util');

const codes = {};

function define(code, Base, describe) {
  // Called with `new`, but what comes out is a plain TypeError, RangeError or Error.
  codes[code] = function NodeError(...args) {
    const error = new Base(describe(...args));
    const { name } = error;
    Object.defineProperty(error, 'name', { value: `${name} [${code}]`, configurable: true, writable: true });
    Error.captureStackTrace(error, NodeError);
    void error.stack; // the header is made when the stack is first read
    delete error.name;
    Object.defineProperty(error, 'toString', {
      value() { return `${this.name} [${code}]: ${this.message}`; },
      configurable: true,
      enumerable: false,
      writable: true,
    });
    error.code = code;
    return error;
  };
}

// ---------------------------------------------------------------- wording

const TYPES = new Set(['string', 'function', 'number', 'object', 'Function', 'Object', 'boolean', 'bigint', 'symbol']);

function join(words, conjunction = 'or') {
  if (words.length < 3) return words.join(` ${conjunction} `);
  return `${words.slice(0, -1).join(', ')}, ${conjunction} ${words[words.length - 1]}`;
}

function describeTypes(expected) {
  const types = [];
  const classes = [];
  const others = [];
  for (const word of Array.isArray(expected) ? expected : [expected]) {
    if (TYPES.has(word)) types.push(word.toLowerCase());
    else if (/^[A-Z][a-zA-Z0-9]*$/.test(word)) classes.push(word);
    else others.push(word);
  }
  const at = types.indexOf('object');
  if (at !== -1 && classes.length > 0) {
    types.splice(at, 1);
    classes.push('Object');
  }
  const parts = [];
  if (types.length > 0) parts.push(`${types.length > 1 ? 'one of type' : 'of type'} ${join(types)}`);
  if (classes.length > 0) parts.push(`an instance of ${join(classes)}`);
  if (others.length > 1) parts.push(`one of ${join(others)}`);
  if (others.length === 1) parts.push(/^[A-Z]/.test(others[0]) ? `an ${others[0]}` : others[0]);
  return parts.join(' or ');
}

const LONGEST = 28;
const cut = (text) => (text.length > LONGEST ? `${text.slice(0, LONGEST - 3)}...` : text);

function describeString(value) {
  const text = cut(value);
  return text.includes("'") ? JSON.stringify(text) : `'${text}'`;
}

function describeActual(value) {
  if (value == null) return String(value);
  if (typeof value === 'function') return `function ${value.name}`;
  if (typeof value === 'object')
    return value.constructor?.name ? `an instance of ${value.constructor.name}` : inspect(value, { depth: -1 });
  const text = typeof value === 'string' ? describeString(value) : cut(inspect(value, { colors: false }));
  return `type ${typeof value} (${text})`;
}

const kindOf = (name) => (name.includes('.') ? 'property' : 'argument');

function withSeparators(digits) {
  return digits.replace(/\B(?=(\d{3})+$)/g, '_');
}

function describeNumber(value) {
  if (Number.isInteger(value) && Math.abs(value) > 2 ** 32) return withSeparators(String(value));
  return inspect(value);
}

define('ERR_INVALID_ARG_TYPE', TypeError, (name, expected, actual) => {
  const subject = name.endsWith(' argument') ? `The ${name}` : `The "${name}" ${kindOf(name)}`;
  return `${subject} must be ${describeTypes(expected)}. Received ${describeActual(actual)}`;
});
define('ERR_INVALID_ARG_VALUE', TypeError, (name, value, reason = 'is invalid') => {
  const text = inspect(value);
  return `The ${kindOf(name)} '${name}' ${reason}. Received ${text.length > 128 ? `${text.slice(0, 128)}...` : text}`;
});
define('ERR_OUT_OF_RANGE', RangeError, (name, range, received) =>
  `The value of "${name}" is out of range. It must be ${range}. Received ${describeNumber(received)}`);
define('ERR_UNKNOWN_SIGNAL', TypeError, (signal) => format('Unknown signal: %s', signal));
define('ERR_MISSING_ARGS', TypeError, (...names) =>
  `The ${join(names.map((name) => `"${name}"`), 'and')} argument${names.length > 1 ? 's' : ''} must be specified`);
define('ERR_INVALID_SYNC_FORK_INPUT', TypeError, (text) =>
  `Asynchronous forks do not support Buffer, TypedArray, DataView or string input: ${text}`);
define('ERR_INVALID_HANDLE_TYPE', TypeError, () => 'This handle type cannot be sent');
define('ERR_IPC_CHANNEL_CLOSED', Error, () => 'Channel closed');
define('ERR_IPC_DISCONNECTED', Error, () => 'IPC channel is already disconnected');
define('ERR_IPC_ONE_PIPE', Error, () => 'Child process can have only one IPC pipe');
define('ERR_IPC_SYNC_FORK', Error, () => 'IPC cannot be used with synchronous forks');
define('ERR_CHILD_PROCESS_IPC_REQUIRED', Error, (name) =>
  `Forked processes must have an IPC channel, missing value 'ipc' in ${name}`);
define('ERR_CHILD_PROCESS_STDIO_MAXBUFFER', RangeError, (name) => `${name} maxBuffer length exceeded`);
define('ERR_CHILD_CLOSED_BEFORE_REPLY', Error, () => 'Child closed before reply received');
define('ERR_ACCESS_DENIED', Error, (message) => message);

// ---------------------------------------------------------------- errors with properties

/** The kernel's error numbers, negative as libuv has them. */
const errno = Object.fromEntries(Object.entries(os.constants.errno).map(([name, number]) => [name, -number]));

/** What a system call said: "spawn ls ENOENT", with errno (negative), code and syscall. */
function errnoException(errno, syscall) {
  const code = getSystemErrorName(errno);
  const error = new Error(`${syscall} ${code}`);
  Error.captureStackTrace(error, errnoException);
  error.errno = errno;
  error.code = code;
  error.syscall = syscall;
  return error;
}

function genericError(message, properties) {
  return Object.assign(new Error(message), properties);
}

class AbortError extends Error {
  constructor(message = 'The operation was aborted', options = undefined) {
    super(message, options);
    this.code = 'ABORT_ERR';
    this.name = 'AbortError';
  }
}

/** Adds what Node's errors do not say: the step that failed, and why, in words. console.log() shows the cause. */
function explain(error, failure) {
  if (failure === undefined) return error;
  Object.defineProperty(error, 'stage', { value: failure.stage, configurable: true, writable: true });
  const cause = new Error(failure.message);
  cause.stack = `Error: ${failure.message}`; // its own place tells nothing: it is the error's
  Object.defineProperty(error, 'cause', { value: cause, configurable: true, writable: true });
  return error;
}

module.exports = { codes, errno, errnoException, genericError, AbortError, explain };
