'use strict';

// child_process with promises: each function resolves with all that is known of a process that has ended.

const api = require('./index.js');
const { Execution, readSettings } = require('./lib/exec');
const { codes } = require('./lib/errors');

function checkInput(input) {
  if (input == null || typeof input === 'string' || ArrayBuffer.isView(input)) return;
  throw new codes.ERR_INVALID_ARG_TYPE('options.input', ['string', 'Buffer', 'TypedArray', 'DataView'], input);
}

function feed({ stdin }, { input, encoding }) {
  if (input == null || !stdin) return;
  // A child that ends before it has read all of it is no failure: its status tells whether it was content.
  stdin.on('error', () => {});
  const bytes = typeof input === 'string' || input instanceof Uint8Array ? input :
    new Uint8Array(input.buffer, input.byteOffset, input.byteLength);
  stdin.end(bytes, Buffer.isEncoding(encoding) ? encoding : 'utf8');
}

/** What a process that has ended was; `code` is null if a signal ended it, or if it never started. */
function describe(child, stdout, stderr) {
  return {
    pid: child.pid,
    code: child.exitCode >= 0 ? child.exitCode : null,
    signal: child.signalCode,
    stdout,
    stderr,
    endReason: child.endReason,
    resourceUsage: child.resourceUsage(),
  };
}

/** The error keeps its own `code`: the exit status, or a name as 'ENOENT' or 'ABORT_ERR'. */
function addTo(error, result) {
  const { code } = error;
  return Object.assign(error, result, code === undefined ? {} : { code });
}

/**
 * The promise of one run, settled when the process has ended and its streams are closed, after an abort too.
 * @param start  starts it and gets the callback of execFile(); returns the child. What it throws rejects the promise.
 */
function run(options, start) {
  let child;
  const promise = new Promise((resolve, reject) => {
    checkInput(options.input);
    child = start((error, stdout, stderr) => closed.then(() => {
      const result = describe(child, stdout, stderr);
      if (error === null) resolve(result);
      else if (options.reject === false) resolve({ ...result, error: addTo(error, result) });
      else reject(addTo(error, result));
    }));
    const closed = new Promise((told) => child.once('close', told));
    feed(child, options);
  });
  promise.child = child;
  return promise;
}

function order(args, options) {
  if (args == null || Array.isArray(args)) return [args ?? [], options ?? {}];
  return typeof args === 'object' ? [[], args] : [args, options ?? {}];
}

/** Gathers what a process of spawn() or fork() writes, with the limits of execFile(). */
function gather(words, options, start, callback) {
  const settings = readSettings(options);
  // The timeout is the gatherer's: it knows then why the process ended.
  const child = start({ ...options, timeout: undefined });
  void new Execution(child, words.join(' '), settings, callback);
  return child;
}

function exec(command, options) {
  return run(options ?? {}, (callback) => api.exec(command, options ?? {}, callback));
}

function execFile(file, args, options) {
  [args, options] = order(args, options);
  return run(options, (callback) => api.execFile(file, args, options, callback));
}

function spawn(file, args, options) {
  [args, options] = order(args, options);
  return run(options, (callback) =>
    gather([file, ...args], options, (settings) => api.spawn(file, args, settings), callback));
}

function fork(modulePath, args, options) {
  [args, options] = order(args, options);
  return run(options, (callback) =>
    gather([modulePath, ...args], options, (settings) => api.fork(modulePath, args, settings), callback));
}

module.exports = { exec, execFile, fork, spawn };
