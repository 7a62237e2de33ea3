'use strict';

// exec and execFile: spawn, and the output gathered for a callback.

const { getSystemErrorName, promisify } = require('util');
const { clearTimeout, setTimeout } = require('timers');
const { kStop } = require('./child');
const { codes, genericError } = require('./errors');
const { normalizeExec, normalizeExecFile } = require('./options');
const { spawn } = require('./spawn');
const validate = require('./validate');
const version = require('./version');

const DEFAULTS = { encoding: 'utf8', timeout: 0, maxBuffer: 1024 * 1024, killSignal: 'SIGTERM', cwd: null, env: null, shell: false };

// The options that reach spawn(), as in Node: not stdio, detached, argv0, and the timeout is kept here.
const FORWARDED = [
  'cwd', 'env', 'gid', 'shell', 'signal', 'uid', 'killTree', 'dieWithParent', 'drainTimeout', 'grace', 'mergeStderr',
  'nice', 'umask', 'rlimits',
];

/** What one stream has said, up to the limit. */
class Capture {
  #stream;
  #chunks = [];
  #bytes = 0;

  /** @param {() => void} overflow  told once more than `limit` bytes have come */
  constructor(stream, encoding, limit, overflow) {
    this.#stream = stream;
    if (stream === null || stream === undefined) return;
    if (encoding) stream.setEncoding(encoding);
    stream.on('data', limit === Infinity ? (chunk) => this.#chunks.push(chunk) : (chunk) => this.#add(chunk, limit, overflow));
  }

  // The limit counts bytes, but text is cut in characters: so Node does, and nobody gets half a character.
  #add(chunk, limit, overflow) {
    const encoding = this.#stream.readableEncoding;
    const room = limit - this.#bytes;
    const length = encoding ? Buffer.byteLength(chunk, encoding) : chunk.length;
    this.#bytes += length;
    if (length <= room) {
      this.#chunks.push(chunk);
      return;
    }
    this.#chunks.push(chunk.slice(0, Math.max(room, 0)));
    overflow();
  }

  result(encoding) {
    return encoding || this.#stream?.readableEncoding ? this.#chunks.join('') : Buffer.concat(this.#chunks);
  }

  close() {
    this.#stream?.destroy();
  }
}

/** One run of execFile(): from its start to its callback. */
class Execution {
  #child;
  #command;
  #options;
  #callback;
  #encoding;
  #stdout;
  #stderr;
  #timer = undefined;
  #error = null;
  #killed = false;
  #isDone = false;

  constructor(child, command, options, callback) {
    const { encoding, maxBuffer, timeout } = options;
    this.#child = child;
    this.#command = command;
    this.#options = options;
    this.#callback = callback;
    this.#encoding = encoding !== 'buffer' && Buffer.isEncoding(encoding) ? encoding : null;
    if (timeout > 0) this.#timer = setTimeout(() => this.#kill('timeout'), timeout);
    this.#stdout = new Capture(child.stdout, this.#encoding, maxBuffer, () => this.#overflow('stdout'));
    this.#stderr = new Capture(child.stderr, this.#encoding, maxBuffer, () => this.#overflow('stderr'));
    child.addListener('close', (code, signal) => this.#finish(code, signal));
    child.addListener('error', (error) => this.#fail(error));
  }

  #overflow(name) {
    this.#error = new codes.ERR_CHILD_PROCESS_STDIO_MAXBUFFER(name);
    this.#kill('maxBuffer');
  }

  #closeStreams() {
    this.#stdout.close();
    this.#stderr.close();
  }

  #kill(reason) {
    this.#closeStreams();
    this.#killed = true;
    try {
      this.#child[kStop](this.#options.killSignal, reason);
    } catch (error) {
      this.#error = error;
      this.#finish();
    }
  }

  #fail(error) {
    this.#error = error;
    this.#closeStreams();
    this.#finish();
  }

  #describe(code, signal, stderr) {
    return genericError(`Command failed: ${this.#command}\n${stderr}`, {
      code: code < 0 ? getSystemErrorName(code) : code,
      killed: this.#child.killed || this.#killed,
      signal,
    });
  }

  #finish(code, signal) {
    if (this.#isDone) return;
    this.#isDone = true;
    clearTimeout(this.#timer);
    if (!this.#callback) return;
    const stdout = this.#stdout.result(this.#encoding);
    const stderr = this.#stderr.result(this.#encoding);
    if (!this.#error && code === 0 && signal === null) {
      this.#callback(null, stdout, stderr);
      return;
    }
    this.#error ??= this.#describe(code, signal, stderr);
    this.#error.cmd = this.#command;
    this.#callback(this.#error, stdout, stderr);
  }
}

/** What an Execution needs of the options, checked. */
function readSettings(options) {
  options = { __proto__: null, ...DEFAULTS, ...options };
  validate.validateTimeout(options.timeout);
  validate.validateMaxBuffer(options.maxBuffer);
  options.killSignal = validate.validateKillSignal(options.killSignal);
  return options;
}

/** Starts a program and hands all its output to the callback when it has ended. */
function execFile(file, args, options, callback) {
  ({ file, args, options, callback } = normalizeExecFile(file, args, options, callback));
  options = readSettings(options);
  const forwarded = {
    windowsHide: Boolean(options.windowsHide),
    windowsVerbatimArguments: Boolean(options.windowsVerbatimArguments),
  };
  for (const name of FORWARDED) forwarded[name] = options[name];
  const child = spawn(file, args, forwarded);
  void new Execution(child, [file, ...args].join(' '), options, callback);
  return child;
}

/** Runs a command in a shell and hands all its output to the callback when it has ended. */
function exec(command, options, callback) {
  const plan = normalizeExec(command, options, callback);
  return execFile(plan.file, plan.options, plan.callback);
}

/** util.promisify() of them: a promise of {stdout, stderr} that has the child, too. */
function promised(original) {
  const run = (...args) => {
    let settle;
    const promise = new Promise((resolve, reject) => { settle = { resolve, reject }; });
    // Not in there: what is wrong with the arguments is thrown, as by the function itself.
    promise.child = original(...args, (error, stdout, stderr) => {
      if (error === null) settle.resolve({ stdout, stderr });
      else settle.reject(Object.assign(error, { stdout, stderr }));
    });
    return promise;
  };
  return Object.defineProperty(run, 'name', { value: version.nameOfPromisified(original.name) });
}

for (const original of [exec, execFile])
  Object.defineProperty(original, promisify.custom, { value: promised(original), enumerable: false });

module.exports = { exec, execFile, Execution, readSettings };
