'use strict';

// The options of a pool and of its tasks, checked, and made into the plan that the native side opens it by.

const { checkPermission, makePlan } = require('./child');
const { codes } = require('./errors');
const { environmentOf, normalizeFork, normalizeSpawn } = require('./options');
const { readStdio } = require('./stdio');
const validate = require('./validate');

const DEFAULT_SIZE = 4; // as the class of the reference has it
const MOST_WORKERS = 4096;
const INT_MAX = 2 ** 31 - 1;
const NEVER = -1; // the library's CP_RETRY_NEVER: its 0 is the default
const KIB = 1024;

const COUNTS = ['minSize', 'inFlight', 'maxQueue', 'highWaterMark', 'lowWaterMark', 'maxTasks', 'maxRss', 'maxFailedStarts'];
const TIMES = ['idleTimeout', 'timeout', 'maxAge', 'startTimeout', 'grace'];
const SWITCHES = ['ordered', 'retryTimeouts', 'readyMessage', 'silent'];

function readCount(options, name, max = INT_MAX) {
  const value = options[name];
  if (value == null) return 0;
  validate.validateInteger(value, `options.${name}`, 0, max);
  return value;
}

function readRetries(options) {
  const value = options.maxRetries;
  return value != null && readCount(options, 'maxRetries') === 0 ? NEVER : value ?? 0;
}

function readSize({ size }) {
  if (size == null) return DEFAULT_SIZE;
  validate.validateInteger(size, 'options.size', 0, MOST_WORKERS);
  return size;
}

/** Bytes, in whole KiB: less than one is not no limit. */
function readRss(options) {
  return Math.ceil(readCount(options, 'maxRss', Number.MAX_SAFE_INTEGER) / KIB);
}

function readLimits(options) {
  const limits = { size: readSize(options), maxRetries: readRetries(options), maxRssKib: readRss(options) };
  for (const name of COUNTS) if (name !== 'maxRss') limits[name] = readCount(options, name);
  for (const name of TIMES) limits[name] = readCount(options, name, Number.MAX_SAFE_INTEGER);
  for (const name of SWITCHES) {
    if (options[name] != null) validate.validateBoolean(options[name], `options.${name}`);
    limits[name] = options[name] ?? false;
  }
  validate.validateOneOf(options.protocol, 'options.protocol', [undefined, 'plain', 'envelope']);
  limits.hasEnvelope = options.protocol === 'envelope';
  limits.killSignal = validate.validateKillSignal(options.killSignal) ?? 0;
  return limits;
}

/** How each worker is started: as by fork(). Without options.stdio the library decides. */
function readWorker(modulePath, given) {
  const { file, args, options } = normalizeFork(modulePath, given.args, given);
  const settings = normalizeSpawn(file, args, options);
  validate.validateOneOf(settings.serialization, 'options.serialization', [undefined, 'json', 'advanced']);
  checkPermission(settings.file);
  const entries = given.stdio == null ? [] : readStdio(settings.stdio);
  return makePlan(settings, entries, environmentOf(settings));
}

/** The plan of a pool. `given` is the second argument of its constructor. */
function readPool(modulePath, given = {}) {
  const options = typeof given === 'number' ? { size: given } : given;
  validate.validateObject(options, 'options');
  return { ...readWorker(modulePath, options), ...readLimits(options) };
}

function readProgress({ onProgress }) {
  if (onProgress !== undefined) validate.validateFunction(onProgress, 'options.onProgress');
  return onProgress;
}

function readPriority({ priority = 0 }) {
  validate.validateInteger(priority, 'options.priority', -INT_MAX - 1, INT_MAX);
  return priority;
}

function readKey({ key }) {
  if (key == null) return undefined;
  if (typeof key !== 'string') throw new codes.ERR_INVALID_ARG_TYPE('options.key', 'string', key);
  validate.validateNoNull(key, 'options.key');
  return key;
}

/** The options of one task. */
function readTask(options) {
  validate.validateObject(options, 'options');
  validate.validateAbortSignal(options.signal, 'options.signal');
  return {
    signal: options.signal,
    onProgress: readProgress(options),
    timeout: readCount(options, 'timeout', Number.MAX_SAFE_INTEGER),
    maxRetries: readRetries(options),
    priority: readPriority(options),
    key: readKey(options),
  };
}

/** The options of destroy(). */
function readEnd(options = {}) {
  validate.validateObject(options, 'options');
  const { graceful = false } = options;
  validate.validateBoolean(graceful, 'options.graceful');
  return { graceful, timeout: readCount(options, 'timeout', Number.MAX_SAFE_INTEGER) };
}

module.exports = { readEnd, readPool, readTask };
