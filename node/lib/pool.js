'use strict';

// A pool of forked workers: tasks go to those that are free, and each has its outcome as a promise.

const { AsyncResource } = require('async_hooks');
const EventEmitter = require('events');
const { AbortGroups } = require('./abort-groups');
const codecs = require('./codec');
const { codes, explain, genericError } = require('./errors');
const { native } = require('./native');
const { aborted, closedError, detailsOf, isReply, poolError, refusal, replyError, unreadable } = require('./pool-errors');
const { mapTasks } = require('./pool-map');
const { readEnd, readPool, readTask } = require('./pool-options');
const { remoteMethods } = require('./pool-proxy');
const { signalName } = require('./signals');
const validate = require('./validate');

const kResults = Symbol('results');
const kFailure = Symbol('failure');
const kProgress = Symbol('progress');
const kEvent = Symbol('event');
const kMessage = Symbol('message');
const kDrain = Symbol('drain');
const kClosed = Symbol('closed');

native.setCallbacks({
  poolResults({ owner }, ...answers) { owner[kResults](answers); },
  poolFailure({ owner }, ...failure) { owner[kFailure](...failure); },
  poolProgress({ owner }, slot, payload) { owner[kProgress](slot, payload); },
  poolWorker({ owner }, ...facts) { owner[kEvent]('worker', describeChange(...facts)); },
  poolMessage({ owner }, payload, place, pid) { owner[kMessage](payload, { id: place + 1, pid }); },
  poolOutput({ owner }, fd, bytes, pid) { owner[kEvent](fd === 1 ? 'stdout' : 'stderr', bytes, { pid }); },
  poolDrain({ owner }) { owner[kDrain](); },
  poolIdle({ owner }) { owner[kEvent]('idle'); },
  poolError({ owner }, message) { owner[kEvent]('error', poolError(native.codes.CP_EPOOL, message)); },
  poolClosed({ owner }, aborted, terminated, killed) { owner[kClosed]({ aborted, terminated, killed }); },
});

// ---------------------------------------------------------------- workers

const STATES = ['none', 'starting', 'ready', 'leaving', 'ended'];

function describeChange(place, state, pid, running, done, recycled, exitCode, signum, error) {
  const signalCode = signalName(signum);
  return { id: place + 1, state, pid: pid || undefined, running, done, recycled, exitCode, signalCode, error };
}

function describeWorker(place, [pid, running, done, recycled, state]) {
  return { id: place + 1, state: STATES[state], pid: pid || undefined, running, done, recycled: recycled === 1 };
}

const STATS = [
  'waiting', 'running', 'held', 'workers', 'idle', 'submitted', 'succeeded', 'failed', 'retried', 'timedOut', 'cancelled',
  'stray', 'started', 'crashed', 'recycled', 'shrunk', 'queuedTime', 'runTime', 'utilization',
];
const PERCENTILES = ['min', 'p50', 'p75', 'p90', 'p99', 'max'];

const named = (names, numbers) => Object.fromEntries(names.map((name, i) => [name, numbers[i]]));

function nameStats(numbers) {
  const queued = STATS.length;
  const run = queued + PERCENTILES.length;
  return {
    ...named(STATS, numbers),
    queuedTimes: named(PERCENTILES, numbers.subarray(queued, run)),
    runTimes: named(PERCENTILES, numbers.subarray(run)),
  };
}

// ---------------------------------------------------------------- tasks

// One function for all promises: a closure for each would cost as much as the promise.
let resolveLast;
let rejectLast;
function takeResolvers(resolve, reject) {
  resolveLast = resolve;
  rejectLast = reject;
}

/** Who waits for a task. */
class Waiter {
  id = 0; // the library's number of it
  group = undefined; // of those that have the same signal
  onProgress = undefined;

  constructor(resolve, reject) {
    this.resolve = resolve;
    this.reject = reject;
  }
}

// ---------------------------------------------------------------- the class

class ProcessPool extends EventEmitter {
  #native = new native.Pool();
  #codec;
  #hasEnvelope;
  #inFlight;
  #size;
  #waiters = []; // by slot, which the native side hands back with the outcome
  #free = []; // slots
  #submitted = 0;
  #needsDrain = false;
  #signals = new AbortGroups((waiter, signal) => this.#abandon(waiter, aborted(signal)));
  #ended = null; // the promise of destroy()
  #resolveEnded;
  #lastStats = null;

  constructor(modulePath, options) {
    super();
    const plan = readPool(modulePath, options);
    this.#codec = codecs[plan.advanced ? 'advanced' : 'json'];
    this.#hasEnvelope = plan.hasEnvelope;
    this.#inFlight = plan.inFlight || 1;
    this.#native.owner = this;
    const rc = this.#native.open(plan);
    if (rc < 0) throw openError(this.#native.failure());
    this.#size = this.#native.size();
    this.on('newListener', (name) => { if (name === 'idle') this.#native.watchIdle(); });
  }

  // -------------------------------------------------------------- tasks

  /** Gives a task to a worker that is free, or to the first that will be. */
  execute(task, options) {
    const promise = new Promise(takeResolvers);
    const waiter = new Waiter(resolveLast, rejectLast);
    try {
      if (options === undefined) this.#submit(waiter, task);
      else this.#submitWith(waiter, task, readTask(options));
    } catch (error) {
      waiter.reject(error);
    }
    return promise;
  }

  /** The results of all tasks, in their order, as they are asked for. `chunk` tasks travel in one message. */
  map(tasks, options = {}) {
    validate.validateObject(options, 'options');
    if (options.chunk > 1) this.#needEnvelope('options.chunk', options.chunk);
    return mapTasks(this, tasks, options, this.#inFlight);
  }

  /** The methods that the workers serve(), as functions that return promises. */
  proxy(options) {
    this.#needEnvelope('options.protocol', 'plain');
    return remoteMethods(this, options);
  }

  #needEnvelope(name, value) {
    if (!this.#hasEnvelope) throw new codes.ERR_INVALID_ARG_VALUE(name, value, "needs a pool with protocol 'envelope'");
  }

  #encode(task) {
    if (task === undefined) throw new codes.ERR_MISSING_ARGS('task');
    return this.#codec.encode(task);
  }

  #submit(waiter, task) {
    const payload = this.#encode(task); // may run the program's code: the slot is chosen after it
    const slot = this.#nextSlot();
    this.#accept(this.#native.submit(payload, slot), waiter, slot);
  }

  #submitWith(waiter, task, options) {
    const { signal, onProgress, timeout, maxRetries, priority, key } = options;
    if (signal?.aborted) throw aborted(signal);
    const payload = this.#encode(task);
    const slot = this.#nextSlot();
    const hasProgress = onProgress !== undefined;
    const rc = this.#native.submit(payload, slot, timeout, maxRetries, priority, key, hasProgress);
    this.#accept(rc, waiter, slot);
    if (hasProgress) waiter.onProgress = AsyncResource.bind(onProgress);
    if (signal) this.#signals.join(signal, waiter);
  }

  #nextSlot() {
    return this.#free.length > 0 ? this.#free[this.#free.length - 1] : this.#waiters.length;
  }

  #accept(rc, waiter, slot) {
    if (rc < 0) throw this.#ended !== null ? closedError() : refusal(rc, this.#native.failure());
    if (this.#free.length > 0) this.#free.pop();
    this.#waiters[slot] = waiter;
    waiter.id = ++this.#submitted;
    if (rc === 1) this.#needsDrain = true;
  }

  /** The promise does not wait until the worker has left it: that may take a while. */
  #abandon(waiter, error) {
    this.#native.cancel(waiter.id);
    this.#signals.leave(waiter);
    waiter.reject(error);
  }

  /** Cancels all tasks that have had no outcome yet. */
  cancelAll(reason) {
    for (const waiter of this.#waiters)
      if (waiter !== undefined) this.#abandon(waiter, aborted({ reason }));
  }

  /** Whom the slot belonged to. */
  #take(slot) {
    const waiter = this.#waiters[slot];
    this.#waiters[slot] = undefined;
    this.#free.push(slot);
    if (waiter.group !== undefined) this.#signals.leave(waiter);
    return waiter;
  }

  // -------------------------------------------------------------- outcomes

  /** Slots and payloads by turns. */
  [kResults](answers) {
    let at = 0; // in the inbox
    for (let i = 0; i < answers.length; i += 2) {
      const payload = answers[i + 1];
      const start = at;
      if (typeof payload === 'number') at += payload;
      this.#answer(this.#take(answers[i]), payload, start);
    }
  }

  #answer(waiter, payload, start) {
    try {
      const message = this.#codec.decode(payload, start);
      waiter.resolve(this.#hasEnvelope ? message.result : message);
    } catch (error) {
      waiter.reject(unreadable(error));
    }
  }

  [kFailure](slot, status, sentence, payload, ...end) {
    const waiter = this.#take(slot);
    const details = detailsOf(...end);
    if (!isReply(status)) {
      waiter.reject(poolError(status, sentence, details));
      return;
    }
    try {
      waiter.reject(replyError(this.#codec.decode(payload).error, details));
    } catch (error) {
      waiter.reject(unreadable(error));
    }
  }

  /** What cannot be read says nothing about how far the task is. */
  [kProgress](slot, payload) {
    let progress;
    try {
      progress = this.#codec.decode(payload);
    } catch {
      return;
    }
    this.#waiters[slot].onProgress(progress);
  }

  // -------------------------------------------------------------- events

  /** Who does not listen to errors is told of them by the promises. */
  [kEvent](name, ...values) {
    if (this.listenerCount(name) > 0) this.emit(name, ...values);
  }

  [kMessage](payload, worker) {
    if (this.listenerCount('message') === 0) return;
    let message;
    try {
      message = this.#codec.decode(payload);
    } catch (error) {
      this[kEvent]('error', unreadable(error));
      return;
    }
    this.emit('message', message, worker);
  }

  [kDrain]() {
    this.#needsDrain = false;
    this.emit('drain');
  }

  // -------------------------------------------------------------- the end

  /** Ends the pool; graceful: what was submitted is done first, for `timeout` milliseconds at most. Resolves with a report. */
  destroy(options) {
    const { graceful, timeout } = readEnd(options);
    this.#ended ??= new Promise((resolve) => { this.#resolveEnded = resolve; });
    this.#native.close(graceful, timeout);
    return this.#ended;
  }

  [kClosed](report) {
    this.#lastStats = this.stats;
    this.#resolveEnded(report);
  }

  // -------------------------------------------------------------- asking

  /** How many workers there are at most. */
  get size() { return this.#size; }

  /** More than highWaterMark tasks wait: go on after 'drain'. */
  get needsDrain() { return this.#needsDrain; }

  /** The workers that there are now. */
  get workers() {
    const places = Array.from({ length: this.#size }, (_, place) => [place, this.#native.worker(place)]);
    return places.filter(([, facts]) => facts !== undefined).map(([place, facts]) => describeWorker(place, facts));
  }

  /** What has been done; times in milliseconds. */
  get stats() {
    return this.#lastStats ?? nameStats(this.#native.stats());
  }

  // -------------------------------------------------------------- the rest

  /** Sends a message that is no task to each worker that is ready. Returns how many there are. */
  broadcast(message) {
    if (message === undefined) throw new codes.ERR_MISSING_ARGS('message');
    const rc = this.#native.broadcast(this.#codec.encode(message));
    if (rc < 0) throw refusal(rc, this.#native.failure());
    return rc;
  }

  /** Replaces all workers, each by one that is started first. */
  recycle() {
    this.#native.recycle();
  }

  /** The pool keeps the program running until it is destroyed ... */
  ref() {
    this.#native.ref();
    return this;
  }

  /** ... or only while it has tasks. */
  unref() {
    this.#native.unref();
    return this;
  }
}

function openError(sentence) {
  return explain(genericError('The options of the pool make no sense', { code: 'ERR_INVALID_ARG_VALUE' }),
    { stage: 'options', message: sentence });
}

if (Symbol.asyncDispose !== undefined) {
  Object.defineProperty(ProcessPool.prototype, Symbol.asyncDispose, {
    async value() { await this.destroy(); },
    configurable: true,
    writable: true,
  });
}

module.exports = { ProcessPool };
