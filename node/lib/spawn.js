'use strict';

const { addAbortListener } = require('events');
const { clearTimeout, setTimeout } = require('timers');
const { debuglog } = require('util');
const { ChildProcess, kStop } = require('./child');
const { AbortError } = require('./errors');
const { normalizeSpawn } = require('./options');
const validate = require('./validate');
const version = require('./version');

const debug = debuglog('child_process');

function stop(child, signal, reason) {
  try {
    return child[kStop](signal, reason);
  } catch (error) {
    child.emit('error', error);
    return false;
  }
}

function limitTime(child, timeout, killSignal) {
  const timer = setTimeout(stop, timeout, child, killSignal, 'timeout');
  child.once(version.timeoutLastsUntilClose ? 'close' : 'exit', () => clearTimeout(timer));
}

function listenToAbort(child, signal, killSignal) {
  const abort = () => {
    if (stop(child, killSignal, 'aborted')) child.emit('error', new AbortError(undefined, { cause: signal.reason }));
  };
  if (signal.aborted) {
    process.nextTick(abort);
    return;
  }
  const listener = addAbortListener(signal, abort);
  child.once('exit', () => listener[Symbol.dispose]());
}

/** Starts a process and returns it at once. */
function spawn(file, args, options) {
  options = normalizeSpawn(file, args, options);
  validate.validateTimeout(options.timeout);
  validate.validateAbortSignal(options.signal, 'options.signal');
  const killSignal = validate.validateKillSignal(options.killSignal);
  const child = new ChildProcess();
  debug('spawn', options);
  child.spawn(options);
  if (options.timeout > 0) limitTime(child, options.timeout, killSignal);
  if (options.signal) listenToAbort(child, options.signal, killSignal);
  return child;
}

module.exports = { spawn };
