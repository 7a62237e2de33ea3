'use strict';

// spawnSync, execSync, execFileSync.

const { debuglog } = require('util');
const { checkPermission, makePlan, readUsage } = require('./child');
const { codes, errnoException, explain, genericError } = require('./errors');
const { native } = require('./native');
const { environmentOf, normalizeExec, normalizeExecFile, normalizeSpawn } = require('./options');
const { signalName } = require('./signals');
const { isPipe, readStdio } = require('./stdio');
const validate = require('./validate');
const version = require('./version');

const debug = debuglog('child_process');
const DEFAULT_MAX_BUFFER = 1024 * 1024;

function readInput({ input, encoding }) {
  if (!input) return undefined;
  if (typeof input === 'string') return Buffer.from(input, encoding === 'buffer' ? undefined : encoding);
  if (ArrayBuffer.isView(input)) return new Uint8Array(input.buffer, input.byteOffset, input.byteLength);
  throw new codes.ERR_INVALID_ARG_TYPE('options.stdio[0]', ['Buffer', 'TypedArray', 'DataView', 'string'], input);
}

/** 0 and Infinity: no limit, unlike for exec(). */
function limitOf(maxBuffer) {
  return maxBuffer > 0 ? maxBuffer : Infinity;
}

function makeSyncPlan(options) {
  const entries = readStdio(options.stdio || 'pipe', { isSync: true, mergeStderr: options.mergeStderr });
  const plan = makePlan(options, entries, environmentOf(options));
  plan.input = isPipe(entries[0]) ? readInput(options) : undefined;
  plan.timeout = options.timeout ?? 0;
  plan.killSignal = validate.validateKillSignal(options.killSignal) ?? 0;
  plan.maxBuffer = limitOf(options.maxBuffer);
  plan.grace = options.grace ?? 0;
  plan.drainTimeout = options.drainTimeout ?? 0;
  return plan;
}

function decode(output, encoding) {
  if (output === null || !encoding || encoding === 'buffer') return output;
  return output.map((bytes) => (bytes === null ? null : bytes.toString(encoding)));
}

function describeFailure(ended, { file, args }) {
  const error = errnoException(ended.errno, `spawnSync ${file}`);
  error.path = file;
  error.spawnargs = args.slice(1);
  return ended.stage ? explain(error, ended) : error;
}

/** The properties in Node's order; what Node does not have is not enumerable. */
function makeResult(ended, options) {
  const output = decode(ended.output, options.encoding);
  const absent = version.syncFailureHasNull ? null : undefined;
  const result = ended.errno === 0 ? {} : { error: describeFailure(ended, options) };
  Object.assign(result, {
    status: ended.status,
    signal: signalName(ended.signal),
    output,
    pid: ended.pid,
    stdout: output === null ? absent : output[1],
    stderr: output === null ? absent : output[2],
  });
  return Object.defineProperties(result, {
    endReason: { value: ended.reason === 'max_buffer' ? 'maxBuffer' : ended.reason, enumerable: false },
    resourceUsage: { value: readUsage(ended.usage), enumerable: false },
  });
}

/** Starts a process and waits until it has ended and all its output is read. */
function spawnSync(file, args, options) {
  options = normalizeSpawn(file, args, options);
  options.maxBuffer ??= DEFAULT_MAX_BUFFER;
  debug('spawnSync', options);
  validate.validateTimeout(options.timeout);
  validate.validateMaxBuffer(options.maxBuffer);
  const plan = makeSyncPlan(options);
  checkPermission(options.file);
  return makeResult(native.spawnSync(plan), options);
}

function failureOf(result, nameCommand) {
  if (result.error) return Object.assign(result.error, result);
  if (result.status === 0) return undefined;
  const stderr = result.stderr?.length > 0 ? `\n${result.stderr}` : '';
  return genericError(`Command failed: ${nameCommand()}${stderr}`, result);
}

function runOrThrow(file, args, options, nameCommand) {
  const result = spawnSync(file, args, options);
  if (!options.stdio && result.stderr) process.stderr.write(result.stderr);
  const error = failureOf(result, nameCommand);
  if (error) throw error;
  return result.stdout;
}

function execFileSync(file, args, options) {
  // execFile() would take it for the callback, which there is none of here.
  if (typeof options === 'function' && (args == null || Array.isArray(args))) validate.validateObject(options, 'options');
  ({ file, args, options } = normalizeExecFile(file, args, options));
  return runOrThrow(file, args, options, () => [options.argv0 || file, ...args].join(' '));
}

function execSync(command, options) {
  const plan = normalizeExec(command, options, null);
  return runOrThrow(plan.file, [], plan.options, () => command);
}

module.exports = { execFileSync, execSync, spawnSync };
