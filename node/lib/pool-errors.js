'use strict';

// What a task of a pool is rejected with.

const { AbortError, errno } = require('./errors');
const { native: { codes } } = require('./native');
const { signalName } = require('./signals');

const NAMES = new Map([
  [codes.CP_EREPLY, 'ERR_POOL_REPLY'],         // the worker answered with an error, or with what cannot be read
  [codes.CP_EWORKER, 'ERR_POOL_WORKER'],       // its worker died, once more often than maxRetries allows
  [codes.CP_ETIMEDOUT, 'ERR_POOL_TIMEOUT'],    // it took longer than its timeout
  [codes.CP_EABORTED, 'ERR_POOL_CLOSED'],      // the pool was destroyed before it was done; a signal is an AbortError
  [codes.CP_EPOOL, 'ERR_POOL_FAILED'],         // the pool has given up: its workers do not start
  [errno.ENOBUFS, 'ERR_POOL_QUEUE_FULL'],      // maxQueue tasks wait already
  [codes.CP_ETOOBIG, 'ERR_POOL_MESSAGE_SIZE'], // the task, or its result, is too large
]);

const OTHER = 'ERR_POOL_SEND'; // it could not be sent to a worker: no memory, no descriptors, ...

/** The error of a status, with the library's words. */
function poolError(status, message, details) {
  return Object.assign(new Error(message), { code: NAMES.get(status) ?? OTHER }, details);
}

function closedError() {
  return poolError(codes.CP_EABORTED, 'the pool is closed');
}

/** Why a task was not taken. `sentence` is the library's. */
function refusal(status, sentence) {
  return poolError(status, sentence ?? 'the task cannot be sent');
}

/** What a worker answered instead of a result, as an error: a sentence, or the properties of one. */
function errorOf(answer) {
  if (answer === null || typeof answer !== 'object') return new Error(String(answer));
  const { message, stack, ...others } = answer;
  const error = Object.assign(new Error(String(message)), others);
  if (typeof stack === 'string') Object.defineProperty(error, 'stack', { value: stack, configurable: true, writable: true });
  return error;
}

/** The worker's own error is the cause. */
function replyError(answer, details) {
  const cause = errorOf(answer);
  const error = poolError(codes.CP_EREPLY, cause.message, details);
  error.cause = cause;
  return error;
}

function unreadable(cause) {
  const error = poolError(codes.CP_EREPLY, `the answer cannot be read: ${cause.message}`);
  error.cause = cause;
  return error;
}

function detailsOf(exitCode, signum, stderr, attempts, pid) {
  return { exitCode, signal: signalName(signum), stderr, attempts, pid: pid === 0 ? undefined : pid };
}

function aborted(signal) {
  return new AbortError(undefined, { cause: signal.reason });
}

const isReply = (status) => status === codes.CP_EREPLY;

module.exports = { aborted, closedError, detailsOf, isReply, poolError, refusal, replyError, unreadable };
