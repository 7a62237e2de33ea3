'use strict';

// pool.map(): the results of many tasks in their order, with so many under way at a time.

const { codes } = require('./errors');
const { aborted, replyError } = require('./pool-errors');
const validate = require('./validate');

const MOST = 2 ** 31 - 1;
const PER_WORKER = 2; // messages: one that it has, and one that waits for it

const ignore = () => {};

function readCount(options, name, otherwise) {
  const value = options[name] ?? otherwise;
  validate.validateInteger(value, `options.${name}`, 1, MOST);
  return value;
}

const beginningOf = (tasks) => tasks?.[Symbol.asyncIterator] ?? tasks?.[Symbol.iterator];

function validateTasks(tasks) {
  if (typeof beginningOf(tasks) !== 'function')
    throw new codes.ERR_INVALID_ARG_TYPE('tasks', ['Iterable', 'AsyncIterable'], tasks);
}

/** The tasks of one message, and afterwards their results. */
class Batch {
  #isChunk;
  #answer;

  constructor(pool, tasks, isChunk, options) {
    if (tasks.includes(undefined)) throw new codes.ERR_MISSING_ARGS('task');
    this.#isChunk = isChunk;
    this.#answer = pool.execute(isChunk ? { $chunk: tasks } : tasks[0], options);
    this.#answer.catch(ignore); // it is told when its turn has come
  }

  /** Each with its own result or error: a task that has failed takes none along. */
  async outcomes() {
    const answer = await this.#answer;
    if (!this.#isChunk) return [{ result: answer }];
    if (!Array.isArray(answer)) throw new Error('a chunk was not answered by serve() of child-process-c/worker');
    return answer;
  }
}

/** Reads tasks ahead of the results that are asked for. */
class Run {
  #pool;
  #tasks;
  #iterator; // once results are asked for
  #chunk;
  #concurrency;
  #options;
  #signal; // the program's
  #cancel = new AbortController();
  #batches = []; // in order
  #isOver = false; // no more tasks come
  #failure = undefined; // of the tasks' iterator
  #wake = ignore; // who waits for a change

  constructor(pool, tasks, options, perWorker) {
    const { chunk, concurrency, signal, ...rest } = options;
    this.#pool = pool;
    this.#chunk = readCount(options, 'chunk', 1);
    this.#concurrency = readCount(options, 'concurrency', Math.min(pool.size * perWorker * PER_WORKER, MOST));
    validateTasks(tasks);
    validate.validateAbortSignal(signal, 'options.signal');
    this.#tasks = tasks;
    this.#signal = signal;
    this.#options = { ...rest, signal: this.#cancel.signal };
  }

  #changed() {
    this.#wake();
    return new Promise((resolve) => { this.#wake = resolve; });
  }

  /** No more tasks come, because of this error. */
  #fail(error) {
    this.#failure = { error };
    this.#isOver = true;
  }

  /** The next tasks, fewer at the end. What was read before a failure is done. */
  async #read() {
    const tasks = [];
    try {
      while (tasks.length < this.#chunk && !this.#isOver) {
        const { value, done } = await this.#iterator.next();
        if (done) this.#isOver = true;
        else tasks.push(typeof value?.then === 'function' ? await value : value); // as `for await` does
      }
    } catch (error) {
      this.#fail(error);
    }
    return tasks;
  }

  #send(tasks) {
    if (tasks.length === 0 || this.#cancel.signal.aborted) return;
    try {
      this.#batches.push(new Batch(this.#pool, tasks, this.#chunk > 1, this.#options));
    } catch (error) {
      this.#fail(error);
    }
  }

  async #feed() {
    while (!this.#isOver) {
      if (this.#batches.length < this.#concurrency) this.#send(await this.#read());
      else await this.#changed();
      this.#wake();
    }
  }

  /** What is under way is cancelled, and the iterator told, if nobody wants the rest. */
  #end() {
    const wasOver = this.#isOver;
    this.#isOver = true;
    this.#cancel.abort();
    this.#wake();
    if (!wasOver) (async () => this.#iterator.return?.())().catch(ignore);
  }

  /** The next outcomes; none: that is all. */
  async #next() {
    while (this.#batches.length === 0) {
      if (this.#isOver) {
        if (this.#failure !== undefined) throw this.#failure.error;
        return undefined;
      }
      await this.#changed();
      this.#checkSignal();
    }
    return this.#batches[0].outcomes();
  }

  #checkSignal() {
    if (this.#signal?.aborted) throw aborted(this.#signal);
  }

  async* #outcomes() {
    for (let batch = await this.#next(); batch !== undefined; batch = await this.#next()) {
      for (const outcome of batch) {
        this.#checkSignal();
        yield outcome;
      }
      this.#batches.shift();
      this.#wake();
    }
  }

  async* results() {
    const abort = () => {
      this.#cancel.abort(this.#signal.reason);
      this.#wake();
    };
    this.#checkSignal();
    this.#signal?.addEventListener('abort', abort);
    try {
      this.#iterator = beginningOf(this.#tasks).call(this.#tasks);
      this.#feed();
      for await (const outcome of this.#outcomes()) {
        if (Object.hasOwn(outcome, 'error')) throw replyError(outcome.error);
        yield outcome.result;
      }
    } finally {
      this.#signal?.removeEventListener('abort', abort);
      if (this.#iterator !== undefined) this.#end();
    }
  }
}

/** @param perWorker  tasks that a worker has at a time. */
function mapTasks(pool, tasks, options, perWorker) {
  return new Run(pool, tasks, options, perWorker).results();
}

module.exports = { mapTasks };
