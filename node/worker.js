'use strict';

// For workers of a ProcessPool with protocol 'envelope': tasks with numbers, errors, progress and cancelling. No addon: any
// Node can run it. The protocol itself stands in child_process.h.

const { serialize } = require('v8');

/** What a task knows beside its message. The controller is made when somebody asks for the signal. */
class Task {
  #controller = undefined;
  #isCancelled = false;
  #reason = undefined;

  constructor(id) {
    this.id = id;
    this.progress = (value) => send({ id, progress: value ?? null });
  }

  /** Triggered when nobody waits for the result any more. */
  get signal() {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#isCancelled) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  static isCancelled(task) {
    return task.#isCancelled;
  }

  static cancel(task, reason) {
    task.#isCancelled = true;
    task.#reason = reason;
    task.#controller?.abort(reason);
  }
}

const ignore = () => {};

/** A pool that has gone needs no answers. */
function send(message) {
  if (process.connected) process.send(message, undefined, undefined, ignore);
}

/** As an object: the properties of an Error are not enumerable, and JSON would have none of them. */
function describe(error) {
  if (!(error instanceof Error)) return { message: String(error) };
  const { name, message, stack } = error;
  return { ...error, name, message, stack };
}

function fail(id, error) {
  try {
    send({ id, error: describe(error) });
  } catch {
    send({ id, error: { message: String(error?.message ?? error) } }); // one of its properties cannot be sent
  }
}

/** JSON drops what it has no text for, and a message without a result would be none. */
function sendable(result) {
  if (typeof result === 'function' || typeof result === 'symbol') throw new TypeError(`a ${typeof result} cannot be sent`);
  return result === undefined ? null : result;
}

/** The pool's map() puts several tasks into a message: a task with this property alone is such a chunk. */
const isChunk = (task) => Array.isArray(task?.$chunk) && Object.keys(task).length === 1;

function isSendable(outcome, write) {
  try {
    write(outcome);
    return true;
  } catch {
    return false;
  }
}

/** Sends the outcomes of a chunk. One that cannot be sent takes none along: its error says so, or what its task has thrown. */
function finishChunk(id, outcomes) {
  try {
    send({ id, result: outcomes });
  } catch (cause) {
    // The channel does not say how it is serialized: where all can be cloned, it is JSON that cannot.
    const write = outcomes.every((outcome) => isSendable(outcome, serialize)) ? JSON.stringify : serialize;
    const replace = ({ error }) => ({ error: { message: String(error?.message ?? cause.message) } });
    send({ id, result: outcomes.map((outcome) => (isSendable(outcome, write) ? outcome : replace(outcome))) });
  }
}

/** Each has its own result or error. */
async function workOnChunk(work, tasks, context) {
  const results = [];
  for (const task of tasks) {
    if (Task.isCancelled(context)) break;
    try {
      results.push({ result: sendable(await work(task, context)) });
    } catch (error) {
      results.push({ error: describe(error) });
    }
  }
  return results;
}

/** What the pool's proxy() calls. Whatever every object has is no method of this one. */
function callMethod(methods, { method, args }) {
  const isKnown = typeof method === 'string' && method in methods && !(method in Object.prototype);
  if (!isKnown || typeof methods[method] !== 'function') throw new TypeError(`the worker has no method '${method}'`);
  return methods[method](...args);
}

/** The task that is in the message: see the header. */
function unwrap({ id, ...task }) {
  return Object.hasOwn(task, 'task') ? task.task : task;
}

/** A task that has been answered in the meantime is not cancelled any more. */
function cancel(task) {
  if (task !== undefined) Task.cancel(task, new Error('the task was cancelled'));
}

/**
 * Answers tasks with what `work(task, { id, signal, progress })` returns, or what its promise becomes. What it throws
 * rejects the promise of the pool's execute(). `work` may also be an object of methods, for the pool's proxy(). `onMessage`
 * gets what is no task: the pool's broadcast().
 */
function serve(work, { onMessage } = {}) {
  const running = new Map();
  const answer = typeof work === 'function' ? work : (task) => callMethod(work, task);

  async function run(message) {
    const { id } = message;
    const context = new Task(id);
    running.set(id, context);
    try {
      const task = unwrap(message);
      if (isChunk(task)) finishChunk(id, await workOnChunk(answer, task.$chunk, context));
      else send({ id, result: sendable(await answer(task, context)) });
    } catch (error) {
      fail(id, error);
    } finally {
      running.delete(id);
    }
  }

  process.on('message', (message) => {
    const hasId = typeof message?.id === 'number';
    if (hasId && message.cancel === true) cancel(running.get(message.id)); // a task with such a property comes in an envelope
    else if (hasId) run(message);
    else onMessage?.(message);
  });
  process.on('disconnect', () => {
    for (const task of running.values()) Task.cancel(task, new Error('the pool is gone'));
  });
}

module.exports = { serve };
