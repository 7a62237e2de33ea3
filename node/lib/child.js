'use strict';

// A started process: its events, its streams, and the ways to end it.

const EventEmitter = require('events');
const net = require('net');
const diagnostics = require('diagnostics_channel');
const { clearTimeout, setTimeout } = require('timers');
const { setUpChannel, callbacks: channelCallbacks } = require('./channel');
const { codes, errno, errnoException, explain } = require('./errors');
const { readMachineUse } = require('./machine-use');
const { native } = require('./native');
const { environmentOf } = require('./options');
const { signalName, signalNumber } = require('./signals');
const { isChannel, isPipe, makeTable, readStdio } = require('./stdio');
const validate = require('./validate');
const version = require('./version');

const created = diagnostics.channel('child_process');
const traced = version.tracesSpawn ? diagnostics.tracingChannel('child_process.spawn') : { hasSubscribers: false };

const kUsedAsStdio = Symbol('the child reads it');
const kExit = Symbol('exit');
const kStop = Symbol('stop');

// What the kernel refuses for want of something is an event; what the caller got wrong is thrown.
const TOLD_BY_EVENT = new Set([errno.EACCES, errno.EAGAIN, errno.EMFILE, errno.ENFILE, errno.ENOENT]);
const WITHOUT_STREAMS = new Set([errno.EMFILE, errno.ENFILE]);

native.setCallbacks({
  exit(process, ...end) { process.owner[kExit](...end); },
  ...channelCallbacks,
});

// ---------------------------------------------------------------- streams

/** The class of Node's pipe handles has no public name. A socket makes one before it looks at the path, which is none here. */
function pipeClass() {
  const socket = new net.Socket();
  try {
    socket.connect({ path: true });
  } catch {
    return socket._handle.constructor;
  } finally {
    socket.destroy();
  }
}

let Pipe; // found when the first pipe is opened: most processes open none

/** Our end of a pipe, as Node makes it: a net.Socket. */
function makeSocket(table, i) {
  Pipe ??= pipeClass();
  const handle = new Pipe(0);
  // What is left in the table the native side closes. Nothing comes in between, not even the end of a worker.
  const fd = table[2 * i + 1];
  table[2 * i + 1] = -1;
  const rc = handle.open(fd);
  if (rc < 0) {
    native.closeFd(fd);
    throw errnoException(rc, 'open');
  }
  return new net.Socket({ handle, readable: i > 0 });
}

/** One for each entry; null where it is no pipe. */
function makeSockets(table, entries) {
  return entries.map((entry, i) => (isPipe(entry) && table[2 * i + 1] >= 0 ? makeSocket(table, i) : null));
}

/** The child reads from it now: whatever we read would be missing there. */
function handOver({ stream, handle }) {
  handle.reading = false;
  handle.readStop();
  stream.pause();
  stream.readableFlowing = false;
  stream._readableState.reading = false;
  stream[kUsedAsStdio] = true;
}

/** Nobody wanted to read them while the process ran: the rest is read all the same, so that their end is seen. */
function drain(stdio) {
  for (const stream of stdio ?? [])
    if (stream?.readable && !stream[kUsedAsStdio]) stream.resume();
}

// ---------------------------------------------------------------- the plan

function checkPermission(file) {
  if (process.permission === undefined || process.permission.has('child')) return;
  const hint = version.saysWhatIsDenied ? '. Use --allow-child-process to manage permissions.' : '';
  throw Object.assign(new codes.ERR_ACCESS_DENIED(`Access to this API has been restricted${hint}`),
    { permission: 'ChildProcess', resource: version.saysWhatIsDenied ? file : '' });
}

/** Holes in a list count, too. */
const asText = (list) => Array.from(list, (item) => `${item}`);

/** Nobody could ask for a variable that has no name; the library refuses those. */
const isNamed = (pair) => pair.indexOf('=') > 0;

/** Ids have 32 bits without a sign: -2 is what some systems call nobody. */
const idOf = (id) => (id === (id | 0) ? id >>> 0 : id ?? undefined);

/** What the native side needs to start a process, here or in spawnSync(). */
function makePlan(options, entries, env) {
  const dies = options.dieWithParent;
  const killTree = Boolean(options.killTree);
  // In the background a child that reads the terminal would be stopped.
  const readsOurInput = entries[0]?.fd === 0;
  return {
    file: options.file,
    args: options.args === undefined ? [] : asText(options.args),
    cwd: options.cwd || undefined, // '' is none, as in Node
    env: env && asText(env).filter(isNamed),
    stdio: makeTable(entries),
    detached: Boolean(options.detached),
    uid: idOf(options.uid),
    gid: idOf(options.gid),
    processGroup: killTree && !options.detached && !readsOurInput,
    dieWithParent: dies ? signalNumber(dies === true ? 'SIGKILL' : dies) : 0,
    advanced: options.serialization === 'advanced',
    machineUse: readMachineUse(options),
  };
}

// ---------------------------------------------------------------- the class

class ChildProcess extends EventEmitter {
  constructor() {
    super();
    this._closesNeeded = 1;
    this._closesGot = 0;
    this.connected = false;
    this.signalCode = null;
    this.exitCode = null;
    this.killed = false;
    this.spawnfile = null;
    this.endReason = null;
    this._handle = new native.Process();
    this._handle.owner = this;
    if (created.hasSubscribers) created.publish({ process: this });
  }

  #process = null; // outlives _handle, for what is asked after the end
  #killsTree = false;
  #stopReason = null;
  #grace = 0;
  #graceTimer = undefined;
  #drainTimeout = 0;
  #drainTimer = undefined;

  spawn(options) {
    validate.validateObject(options, 'options');
    const entries = readStdio(options.stdio || 'pipe', { isSync: false, mergeStderr: options.mergeStderr });
    validate.validateOneOf(options.serialization, 'options.serialization', [undefined, 'json', 'advanced']);
    const env = environmentOf(options);
    this.#readOptions(options);
    if (traced.hasSubscribers) traced.start.publish({ process: this, options });
    checkPermission(options.file);
    const rc = this.#start(makePlan(options, entries, env), entries);
    if (WITHOUT_STREAMS.has(rc)) return rc;
    if (entries.some(isChannel)) this.#openChannel(options.serialization || 'json');
    return rc;
  }

  /** The streams are made while the kernel starts the program: both take a while. */
  #start(plan, entries) {
    const begun = this._handle.spawn(plan);
    const sockets = begun < 0 ? [] : makeSockets(plan.stdio, entries);
    const rc = begun < 0 ? begun : this._handle.started();
    const isToldOrRuns = rc >= 0 || TOLD_BY_EVENT.has(rc);
    if (!isToldOrRuns || WITHOUT_STREAMS.has(rc)) sockets.forEach((socket) => socket?.destroy());
    if (rc < 0) this.#refused(rc);
    else this.#started(rc);
    if (!WITHOUT_STREAMS.has(rc)) this.#adopt(sockets, entries);
    return Math.min(rc, 0);
  }

  #readOptions(options) {
    validate.validateString(options.file, 'options.file');
    this.spawnfile = options.file;
    if (options.args !== undefined) validate.validateArray(options.args, 'options.args');
    this.spawnargs = options.args ?? [];
    this.#killsTree = Boolean(options.killTree);
    this.#grace = options.grace ?? 0;
    this.#drainTimeout = options.drainTimeout ?? 0;
    this.#process = this._handle;
  }

  #started(pid) {
    this.pid = pid;
    if (traced.hasSubscribers) traced.end.publish({ process: this });
    process.nextTick(() => this.emit('spawn'));
  }

  #refused(rc) {
    const failure = this._handle.failure();
    if (traced.hasSubscribers) traced.error.publish({ process: this, error: explain(errnoException(rc, 'spawn'), failure) });
    this.pid = undefined;
    if (TOLD_BY_EVENT.has(rc)) {
      process.nextTick(() => this.#failed(rc, failure));
      return;
    }
    this._handle.close();
    this._handle = null;
    throw explain(errnoException(rc, 'spawn'), failure);
  }

  #adopt(sockets, entries) {
    entries.filter(({ stream }) => stream !== undefined).forEach(handOver);
    this.stdio = sockets;
    [this.stdin, this.stdout, this.stderr] = sockets;
    for (const socket of sockets.slice(1)) {
      if (socket === null) continue;
      this._closesNeeded++;
      socket.on('close', () => this.#oneClosed());
    }
  }

  #openChannel(serialization) {
    this._closesNeeded++;
    setUpChannel(this, this._handle.channel(), serialization, () => this.#oneClosed());
  }

  // -------------------------------------------------------------- the end

  #oneClosed() {
    if (++this._closesGot !== this._closesNeeded) return;
    clearTimeout(this.#drainTimer);
    this.emit('close', this.exitCode, this.signalCode);
  }

  #leaveHandle() {
    clearTimeout(this.#graceTimer);
    this.stdin?.destroy();
    this._handle.close();
    this._handle = null;
  }

  #ended() {
    process.nextTick(drain, this.stdio);
    if (this.#drainTimeout > 0)
      this.#drainTimer = setTimeout(() => this.stdio.forEach((stream) => stream?.destroy()), this.#drainTimeout);
    this.#oneClosed();
  }

  #failed(rc, failure) {
    this.exitCode = rc;
    this.endReason = 'error';
    this.#leaveHandle();
    const error = explain(errnoException(rc, `spawn ${this.spawnfile}`), failure);
    error.path = this.spawnfile;
    error.spawnargs = this.spawnargs.slice(1);
    this.emit('error', error);
    this.#ended();
  }

  [kExit](code, signum, reason) {
    if (reason === 'error') {
      this.#failed(code, this._handle.failure()); // the kernel took so long that spawn() had returned
      return;
    }
    this.exitCode = code;
    this.signalCode = signalName(signum);
    this.endReason = this.#stopReason ?? reason;
    this.#leaveHandle();
    this.emit('exit', this.exitCode, this.signalCode);
    this.#ended();
  }

  // -------------------------------------------------------------- signals

  /** Sends a signal to it; with options.killTree to its descendants, too. */
  kill(signal) {
    const number = signal === 0 ? 0 : signalNumber(signal === undefined ? 'SIGTERM' : signal);
    return this.#send(number, this.#killsTree && number !== 0);
  }

  /** Sends a signal to it and to all its descendants. */
  killTree(signal = 'SIGTERM') {
    return this.#send(signalNumber(signal), true);
  }

  #send(number, toTree) {
    if (!this._handle) return false;
    const rc = toTree ? this._handle.killTree(number) : this._handle.kill(number);
    if (rc === 0) {
      this.killed = true;
      return true;
    }
    if (rc === errno.EINVAL || rc === errno.ENOSYS) throw errnoException(rc, 'kill');
    if (rc !== errno.ESRCH) this.emit('error', errnoException(rc, 'kill'));
    return false;
  }

  /** A kill that the library itself has a reason for: 'timeout', 'aborted', 'maxBuffer'. SIGKILL follows after options.grace. */
  [kStop](signal, reason) {
    if (!this.kill(signal)) return false;
    this.#stopReason ??= reason;
    if (this.#grace > 0 && this.#graceTimer === undefined)
      this.#graceTimer = setTimeout(() => this.kill('SIGKILL'), this.#grace);
    return true;
  }

  /** What it has used, as process.resourceUsage() has it; undefined before 'exit'. */
  resourceUsage() {
    return readUsage(this.#process?.usage());
  }

  ref() {
    this._handle?.ref();
  }

  unref() {
    this._handle?.unref();
  }
}

if (Symbol.dispose !== undefined) {
  Object.defineProperty(ChildProcess.prototype, Symbol.dispose, {
    value: function dispose() {
      if (!this.killed) this.kill();
    },
    configurable: true,
    writable: true,
  });
}

const USAGE = [
  'userCPUTime', 'systemCPUTime', 'maxRSS', 'minorPageFault', 'majorPageFault', 'fsRead', 'fsWrite',
  'voluntaryContextSwitches', 'involuntaryContextSwitches',
];

/** The numbers of the native side, named as in process.resourceUsage(). */
function readUsage(numbers) {
  if (numbers === undefined) return undefined;
  return Object.fromEntries(USAGE.map((name, i) => [name, numbers[i]]));
}

module.exports = { ChildProcess, checkPermission, kStop, makePlan, readUsage };
