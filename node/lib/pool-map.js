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

function iteratorOf(tasks) {
  const begin = tasks?.[Symbol.asyncIterator] ?? tasks?.[Symbol.iterator];
  if (typeof begin !== 'function') throw new codes.ERR_INVALID_ARG_TYPE('tasks', ['Iterable', 'AsyncIterable'], tasks);
  return begin.call(tasks);
}

/** The tasks of one message, and afterwards their results. */
class Batch {
  constructor(pool, tasks, isChunk, options) {
    this.isChunk = isChunk;
    this.answer = pool.execute(isChunk ? { $chunk: tasks } : tasks[0], options);
    this.answer.catch(ignore); // it is told when its turn has come
  }

  /** Each one's own: a task that has failed takes none along. */
  async* results() {
    const answer = await this.answer;
    if (!this.isChunk) {
      yield answer;
      return;
    }
    if (!Array.isArray(answer)) throw new Error('a chunk was not answered by serve() of child-process-c/worker');
    for (const one of answer) {
      if (Object.hasOwn(one, 'error')) throw replyError(one.error);
      yield one.result;
    }
  }
}

/** Reads tasks ahead of the results that are asked for. */
class Run {
  #pool;
  #iterator;
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
    this.#concurrency = readCount(options, 'concurrency', pool.size * perWorker * PER_WORKER);
    this.#iterator = iteratorOf(tasks);
    validate.validateAbortSignal(signal, 'options.signal');
    const own = this.#cancel.signal;
    this.#signal = signal;
    this.#options = { ...rest, signal: signal ? AbortSignal.any([signal, own]) : own };
  }

  #changed() {
    this.#wake();
    return new Promise((resolve) => { this.#wake = resolve; });
  }

  /** The next tasks, fewer at the end. */
  async #read() {
    const tasks = [];
    while (tasks.length < this.#chunk && !this.#isOver) {
      const { value, done } = await this.#iterator.next();
      if (done) this.#isOver = true;
      else tasks.push(value);
    }
    return tasks;
  }

  async #feed() {
    try {
      while (!this.#isOver) {
        if (this.#batches.length >= this.#concurrency) {
          await this.#changed();
          continue;
        }
        const tasks = await this.#read();
        if (tasks.length > 0 && !this.#cancel.signal.aborted)
          this.#batches.push(new Batch(this.#pool, tasks, this.#chunk > 1, this.#options));
        this.#wake();
      }
    } catch (error) {
      this.#failure = { error };
      this.#isOver = true;
    }
    this.#wake();
  }

  /** What is under way is cancelled, and the iterator told, if nobody wants the rest. */
  #end() {
    const wasOver = this.#isOver;
    this.#isOver = true;
    this.#cancel.abort();
    this.#wake();
    if (!wasOver) Promise.resolve(this.#iterator.return?.()).catch(ignore);
  }

  async* results() {
    const wake = () => this.#wake();
    this.#signal?.addEventListener('abort', wake);
    this.#feed();
    try {
      for (;;) {
        if (this.#signal?.aborted) throw aborted(this.#signal);
        if (this.#batches.length > 0) {
          yield* this.#batches[0].results();
          this.#batches.shift();
          this.#wake();
        } else if (this.#isOver) {
          if (this.#failure !== undefined) throw this.#failure.error;
          return;
        } else {
          await this.#changed();
        }
      }
    } finally {
      this.#signal?.removeEventListener('abort', wake);
      this.#end();
    }
  }
}

/** @param perWorker  tasks that a worker has at a time. */
function mapTasks(pool, tasks, options, perWorker) {
  return new Run(pool, tasks, options, perWorker).results();
}

module.exports = { mapTasks };
