// Types of child-process-c: those of Node's child_process (from @types/node), with what this package adds.

/// <reference types="node" />

import * as base from 'node:child_process';
import { EventEmitter } from 'node:events';
import { Readable, Writable } from 'node:stream';
import { URL } from 'node:url';

export * from 'node:child_process';

// ---------------------------------------------------------------- what is added

/** Why a process ended. */
export type EndReason =
  | 'exited' // by itself
  | 'signalled' // by a signal that kill() or somebody else sent
  | 'timeout' // options.timeout passed
  | 'aborted' // options.signal was triggered
  | 'maxBuffer' // more output than options.maxBuffer
  | 'error' // it never started
  | 'lost'; // its status was taken by another wait in this program

/** What a process used, and those of its descendants that it waited for. */
export type ChildResourceUsage = Pick<NodeJS.ResourceUsage,
  | 'userCPUTime' | 'systemCPUTime' | 'maxRSS' | 'minorPageFault' | 'majorPageFault' | 'fsRead' | 'fsWrite'
  | 'voluntaryContextSwitches' | 'involuntaryContextSwitches'>;

/** Options beside Node's, of every function that starts a process. */
export interface ExtraOptions {
  /** Whatever this package or kill() sends reaches the descendants, too. */
  killTree?: boolean | undefined;
  /** The child gets this signal, or SIGKILL for true, when the thread that started it ends. */
  dieWithParent?: boolean | NodeJS.Signals | number | undefined;
  /** Milliseconds after the exit to wait for pipes that others hold open; 0: for ever. */
  drainTimeout?: number | undefined;
  /** Milliseconds from the killSignal of a timeout, an abort or maxBuffer to SIGKILL; 0: never. */
  grace?: number | undefined;
  /** stderr goes where stdout goes, in the order that it is written in. */
  mergeStderr?: boolean | undefined;
  /** Added to its nice value, -39 to 39; below 0 needs a privilege. */
  nice?: number | undefined;
  /** Its file mode creation mask: a number, or octal digits. */
  umask?: number | string | undefined;
  /** What it may use: setrlimit(2). */
  rlimits?: ResourceLimits | undefined;
}

/** A limit is a number, Infinity for none, or [soft, hard]. */
export type ResourceLimit = number | readonly [soft: number, hard: number];

/** By the names of setrlimit(2): { nofile: 1024, as: [2 ** 30, Infinity] }. */
export type ResourceLimits = {
  readonly [name in 'as' | 'core' | 'cpu' | 'data' | 'fsize' | 'locks' | 'memlock' | 'msgqueue' | 'nice' | 'nofile'
    | 'nproc' | 'rss' | 'rtprio' | 'rttime' | 'sigpending' | 'stack']?: ResourceLimit | undefined;
};

/** Properties of a ChildProcess beside Node's. */
export interface ChildExtras {
  /** Why it ended; null while it runs. */
  readonly endReason: EndReason | null;
  /** What it has used; undefined before 'exit'. */
  resourceUsage(): ChildResourceUsage | undefined;
  /** Sends a signal, SIGTERM by default, to it and all its descendants; true if it could be sent. */
  killTree(signal?: NodeJS.Signals | number): boolean;
}

/** Of errors of processes that could not be started. */
export interface ErrorExtras {
  /** The step that failed: 'chdir', 'execve', 'pipe', ... */
  stage?: string;
}

// ---------------------------------------------------------------- what is extended

export class ChildProcess extends base.ChildProcess {}
export interface ChildProcess extends ChildExtras {}

export type ChildProcessWithoutNullStreams = base.ChildProcessWithoutNullStreams & ChildExtras;
export type ChildProcessByStdio<I extends Writable | null, O extends Readable | null, E extends Readable | null> =
  base.ChildProcessByStdio<I, O, E> & ChildExtras;

export interface PromiseWithChild<T> extends Promise<T> {
  child: ChildProcess;
}

export interface ExecException extends base.ExecException, ErrorExtras {}
export type ExecFileException = base.ExecFileException & ErrorExtras;

export interface CommonSpawnOptions extends base.CommonSpawnOptions, ExtraOptions {}
export interface SpawnOptions extends base.SpawnOptions, ExtraOptions {}
export interface SpawnOptionsWithoutStdio extends base.SpawnOptionsWithoutStdio, ExtraOptions {}
export interface SpawnOptionsWithStdioTuple<
  I extends base.StdioNull | base.StdioPipe,
  O extends base.StdioNull | base.StdioPipe,
  E extends base.StdioNull | base.StdioPipe,
> extends base.SpawnOptionsWithStdioTuple<I, O, E>, ExtraOptions {}
export interface ExecOptions extends base.ExecOptions, ExtraOptions {}
export interface ExecOptionsWithStringEncoding extends base.ExecOptionsWithStringEncoding, ExtraOptions {}
export interface ExecOptionsWithBufferEncoding extends base.ExecOptionsWithBufferEncoding, ExtraOptions {}
export interface ExecFileOptions extends base.ExecFileOptions, ExtraOptions {}
export interface ExecFileOptionsWithStringEncoding extends base.ExecFileOptionsWithStringEncoding, ExtraOptions {}
export interface ExecFileOptionsWithBufferEncoding extends base.ExecFileOptionsWithBufferEncoding, ExtraOptions {}
export interface ForkOptions extends base.ForkOptions, ExtraOptions {}
export interface SpawnSyncOptions extends base.SpawnSyncOptions, ExtraOptions {}
export interface SpawnSyncOptionsWithStringEncoding extends base.SpawnSyncOptionsWithStringEncoding, ExtraOptions {}
export interface SpawnSyncOptionsWithBufferEncoding extends base.SpawnSyncOptionsWithBufferEncoding, ExtraOptions {}
export interface ExecSyncOptions extends base.ExecSyncOptions, ExtraOptions {}
export interface ExecSyncOptionsWithStringEncoding extends base.ExecSyncOptionsWithStringEncoding, ExtraOptions {}
export interface ExecSyncOptionsWithBufferEncoding extends base.ExecSyncOptionsWithBufferEncoding, ExtraOptions {}
export interface ExecFileSyncOptions extends base.ExecFileSyncOptions, ExtraOptions {}
export interface ExecFileSyncOptionsWithStringEncoding
  extends base.ExecFileSyncOptionsWithStringEncoding, ExtraOptions {}
export interface ExecFileSyncOptionsWithBufferEncoding
  extends base.ExecFileSyncOptionsWithBufferEncoding, ExtraOptions {}

export interface SpawnSyncReturns<T> extends base.SpawnSyncReturns<T> {
  error?: Error & ErrorExtras;
  /** Not enumerable, as resourceUsage: what is printed and compared is what Node has. */
  readonly endReason: EndReason;
  /** All zero if it did not start. */
  readonly resourceUsage: ChildResourceUsage;
}

/** What Node gives where it gives a Buffer; newer types say that its memory is not shared. */
type Bytes = ReturnType<typeof Buffer.from>;
type Text = string | Bytes;
type Arguments = readonly string[];
type MaybeArguments = Arguments | null | undefined;
type Callback<E, T> = (error: E | null, stdout: T, stderr: T) => void;

// ---------------------------------------------------------------- spawn

// One by one, as Node's: a generic function would not be assignable to `typeof import('child_process').spawn`.
type P = base.StdioPipe;
type N = base.StdioNull;
type Ends<I extends P | N, O extends P | N, E extends P | N> = SpawnOptionsWithStdioTuple<I, O, E>;
type ByStdio<I extends Writable | null, O extends Readable | null, E extends Readable | null> =
  ChildProcessByStdio<I, O, E>;

export function spawn(command: string, options?: SpawnOptionsWithoutStdio): ChildProcessWithoutNullStreams;
export function spawn(command: string, options: Ends<P, P, P>): ByStdio<Writable, Readable, Readable>;
export function spawn(command: string, options: Ends<P, P, N>): ByStdio<Writable, Readable, null>;
export function spawn(command: string, options: Ends<P, N, P>): ByStdio<Writable, null, Readable>;
export function spawn(command: string, options: Ends<N, P, P>): ByStdio<null, Readable, Readable>;
export function spawn(command: string, options: Ends<P, N, N>): ByStdio<Writable, null, null>;
export function spawn(command: string, options: Ends<N, P, N>): ByStdio<null, Readable, null>;
export function spawn(command: string, options: Ends<N, N, P>): ByStdio<null, null, Readable>;
export function spawn(command: string, options: Ends<N, N, N>): ByStdio<null, null, null>;
export function spawn(command: string, options: SpawnOptions): ChildProcess;
export function spawn(
  command: string,
  args?: Arguments,
  options?: SpawnOptionsWithoutStdio,
): ChildProcessWithoutNullStreams;
export function spawn(command: string, args: Arguments, options: Ends<P, P, P>): ByStdio<Writable, Readable, Readable>;
export function spawn(command: string, args: Arguments, options: Ends<P, P, N>): ByStdio<Writable, Readable, null>;
export function spawn(command: string, args: Arguments, options: Ends<P, N, P>): ByStdio<Writable, null, Readable>;
export function spawn(command: string, args: Arguments, options: Ends<N, P, P>): ByStdio<null, Readable, Readable>;
export function spawn(command: string, args: Arguments, options: Ends<P, N, N>): ByStdio<Writable, null, null>;
export function spawn(command: string, args: Arguments, options: Ends<N, P, N>): ByStdio<null, Readable, null>;
export function spawn(command: string, args: Arguments, options: Ends<N, N, P>): ByStdio<null, null, Readable>;
export function spawn(command: string, args: Arguments, options: Ends<N, N, N>): ByStdio<null, null, null>;
export function spawn(command: string, args: Arguments, options: SpawnOptions): ChildProcess;

// ---------------------------------------------------------------- exec, execFile, fork

export function exec(command: string, callback?: Callback<ExecException, string>): ChildProcess;
export function exec(
  command: string,
  options: ExecOptionsWithBufferEncoding,
  callback?: Callback<ExecException, Bytes>,
): ChildProcess;
export function exec(
  command: string,
  options: ExecOptionsWithStringEncoding,
  callback?: Callback<ExecException, string>,
): ChildProcess;
export function exec(
  command: string,
  options: ExecOptions | null | undefined,
  callback?: Callback<ExecException, Text>,
): ChildProcess;
export namespace exec {
  interface Output<T> {
    stdout: T;
    stderr: T;
  }
  function __promisify__(command: string): PromiseWithChild<Output<string>>;
  function __promisify__(command: string, options: ExecOptionsWithBufferEncoding): PromiseWithChild<Output<Bytes>>;
  function __promisify__(command: string, options: ExecOptionsWithStringEncoding): PromiseWithChild<Output<string>>;
  function __promisify__(command: string, options: ExecOptions | null | undefined): PromiseWithChild<Output<Text>>;
}

export function execFile(file: string, callback?: Callback<ExecFileException, string>): ChildProcess;
export function execFile(
  file: string,
  args: MaybeArguments,
  callback?: Callback<ExecFileException, string>,
): ChildProcess;
export function execFile(
  file: string,
  options: ExecFileOptionsWithBufferEncoding,
  callback?: Callback<ExecFileException, Bytes>,
): ChildProcess;
export function execFile(
  file: string,
  args: MaybeArguments,
  options: ExecFileOptionsWithBufferEncoding,
  callback?: Callback<ExecFileException, Bytes>,
): ChildProcess;
export function execFile(
  file: string,
  options: ExecFileOptionsWithStringEncoding,
  callback?: Callback<ExecFileException, string>,
): ChildProcess;
export function execFile(
  file: string,
  args: MaybeArguments,
  options: ExecFileOptionsWithStringEncoding,
  callback?: Callback<ExecFileException, string>,
): ChildProcess;
export function execFile(
  file: string,
  options: ExecFileOptions | null | undefined,
  callback: Callback<ExecFileException, Text> | null | undefined,
): ChildProcess;
export function execFile(
  file: string,
  args: MaybeArguments,
  options: ExecFileOptions | null | undefined,
  callback: Callback<ExecFileException, Text> | null | undefined,
): ChildProcess;
export namespace execFile {
  type Output<T> = exec.Output<T>;
  function __promisify__(file: string, args?: MaybeArguments): PromiseWithChild<Output<string>>;
  function __promisify__(file: string, options: ExecFileOptionsWithBufferEncoding): PromiseWithChild<Output<Bytes>>;
  function __promisify__(
    file: string,
    args: MaybeArguments,
    options: ExecFileOptionsWithBufferEncoding,
  ): PromiseWithChild<Output<Bytes>>;
  function __promisify__(file: string, options: ExecFileOptionsWithStringEncoding): PromiseWithChild<Output<string>>;
  function __promisify__(
    file: string,
    args: MaybeArguments,
    options: ExecFileOptionsWithStringEncoding,
  ): PromiseWithChild<Output<string>>;
  function __promisify__(file: string, options: ExecFileOptions | null | undefined): PromiseWithChild<Output<Text>>;
  function __promisify__(
    file: string,
    args: MaybeArguments,
    options: ExecFileOptions | null | undefined,
  ): PromiseWithChild<Output<Text>>;
}

export function fork(modulePath: string | URL, options?: ForkOptions): ChildProcess;
export function fork(modulePath: string | URL, args?: Arguments, options?: ForkOptions): ChildProcess;

// ---------------------------------------------------------------- the synchronous functions

export function spawnSync(command: string): SpawnSyncReturns<Bytes>;
export function spawnSync(command: string, options: SpawnSyncOptionsWithStringEncoding): SpawnSyncReturns<string>;
export function spawnSync(command: string, options: SpawnSyncOptionsWithBufferEncoding): SpawnSyncReturns<Bytes>;
export function spawnSync(command: string, options?: SpawnSyncOptions): SpawnSyncReturns<Text>;
export function spawnSync(command: string, args: Arguments): SpawnSyncReturns<Bytes>;
export function spawnSync(
  command: string,
  args: Arguments,
  options: SpawnSyncOptionsWithStringEncoding,
): SpawnSyncReturns<string>;
export function spawnSync(
  command: string,
  args: Arguments,
  options: SpawnSyncOptionsWithBufferEncoding,
): SpawnSyncReturns<Bytes>;
export function spawnSync(command: string, args?: Arguments, options?: SpawnSyncOptions): SpawnSyncReturns<Text>;

export function execSync(command: string): Bytes;
export function execSync(command: string, options: ExecSyncOptionsWithStringEncoding): string;
export function execSync(command: string, options: ExecSyncOptionsWithBufferEncoding): Bytes;
export function execSync(command: string, options?: ExecSyncOptions): Text;

export function execFileSync(file: string): Bytes;
export function execFileSync(file: string, options: ExecFileSyncOptionsWithStringEncoding): string;
export function execFileSync(file: string, options: ExecFileSyncOptionsWithBufferEncoding): Bytes;
export function execFileSync(file: string, options?: ExecFileSyncOptions): Text;
export function execFileSync(file: string, args: Arguments): Bytes;
export function execFileSync(file: string, args: Arguments, options: ExecFileSyncOptionsWithStringEncoding): string;
export function execFileSync(file: string, args: Arguments, options: ExecFileSyncOptionsWithBufferEncoding): Bytes;
export function execFileSync(file: string, args?: Arguments, options?: ExecFileSyncOptions): Text;

// ---------------------------------------------------------------- ProcessPool

/** Options of a pool; the others are those of fork(). */
export interface ProcessPoolOptions extends Omit<ForkOptions, 'timeout' | 'signal' | 'drainTimeout' | 'mergeStderr'> {
  /** Workers at most; default 4; 0: as many as there are CPUs for this process. */
  size?: number | undefined;
  /** Workers that are kept; default: size, or 0 with idleTimeout. */
  minSize?: number | undefined;
  /** Milliseconds without a task after which a worker beyond minSize leaves; 0: it stays. */
  idleTimeout?: number | undefined;
  /** 'plain': a message is a task, the next one that comes back its result. 'envelope': see child-process-c/worker. */
  protocol?: 'plain' | 'envelope' | undefined;
  /** Tasks that a worker has at a time, with 'envelope'; default 1. */
  inFlight?: number | undefined;
  /** Results are told in the order of execute(). */
  ordered?: boolean | undefined;
  /** Milliseconds that a worker may take for a task, or it is killed; 0: for ever. */
  timeout?: number | undefined;
  /** Tasks that took too long are tried again, too. */
  retryTimeouts?: boolean | undefined;
  /** How often a task is tried again when its worker has died; default 2. */
  maxRetries?: number | undefined;
  /** Tasks that may wait; 0: any number. */
  maxQueue?: number | undefined;
  /** More waiting tasks than that set needsDrain; default 1024. */
  highWaterMark?: number | undefined;
  /** 'drain' comes when no more than that wait; default: a quarter of highWaterMark. */
  lowWaterMark?: number | undefined;
  /** Tasks after which a worker is replaced; 0: never. */
  maxTasks?: number | undefined;
  /** Milliseconds after which a worker is replaced; 0: never. */
  maxAge?: number | undefined;
  /** Bytes of memory beyond which a worker is replaced; 0: any. */
  maxRss?: number | undefined;
  /** The first message of a worker says that it is ready for tasks. */
  readyMessage?: boolean | undefined;
  /** Milliseconds until a worker must be ready; default 30,000. */
  startTimeout?: number | undefined;
  /** Workers that end without an answer, one after the other, until the pool gives up; default 10. */
  maxFailedStarts?: number | undefined;
  /** Arguments behind the module. */
  args?: readonly string[] | undefined;
}

export interface TaskOptions {
  /** Cancels the task: it is taken from the queue, or its worker is told (envelope), or killed. */
  signal?: AbortSignal | undefined;
  /** Milliseconds; 0: the pool's. */
  timeout?: number | undefined;
  maxRetries?: number | undefined;
  /** Higher ones are begun first; default 0. */
  priority?: number | undefined;
  /** Tasks with the same key go to the same worker. */
  key?: string | undefined;
  /** With 'envelope': what the worker tells before its result. */
  onProgress?: ((value: any) => void) | undefined;
}

export interface MapOptions extends TaskOptions {
  /**
   * Tasks that travel in one message, {$chunk: tasks}, with 'envelope' and workers that serve(); default 1. They have one
   * timeout, and errors of theirs have only `code` and `cause`.
   */
  chunk?: number | undefined;
  /** Messages that are under way at a time; default: two for each task that the workers can have. */
  concurrency?: number | undefined;
}

/** The methods of T as they are called from here; `then`, `toJSON` and what every object has are none. */
export type RemoteMethods<T> = {
  readonly [K in Exclude<keyof T, 'then' | 'toJSON' | keyof Object> as T[K] extends (...args: any) => any ? K : never]: T[K] extends (...args: infer A) => infer R
    ? (...args: A) => Promise<Awaited<R>>
    : never;
};

/** What a promise of execute() is rejected with; an AbortError after its signal; a TypeError for what cannot be sent. */
export interface ProcessPoolError extends Error {
  code:
    | 'ERR_POOL_REPLY' // the worker answered with an error, which is the cause
    | 'ERR_POOL_WORKER' // its worker died, once more often than maxRetries allows
    | 'ERR_POOL_TIMEOUT' // it took longer than its timeout
    | 'ERR_POOL_CLOSED' // the pool was destroyed before it was done
    | 'ERR_POOL_FAILED' // the workers do not start
    | 'ERR_POOL_QUEUE_FULL' // maxQueue tasks wait already
    | 'ERR_POOL_MESSAGE_SIZE' // the task, or its result, is too large
    | 'ERR_POOL_SEND'; // it could not be sent to a worker
  /** How the last worker ended; null: by a signal, or it has not. */
  exitCode?: number | null;
  signal?: NodeJS.Signals | null;
  /** The end of what it wrote to stderr. */
  stderr?: string;
  /** How often a worker was given the task. */
  attempts?: number;
  pid?: number | undefined;
}

export interface PoolWorker {
  /** 1 to size; the worker that replaces it has the same, and finds it as CHILD_PROCESS_WORKER_ID in its environment. */
  id: number;
  pid: number | undefined;
  state: 'starting' | 'ready' | 'leaving';
  /** Tasks that it has now, and has answered. */
  running: number;
  done: number;
  /** It leaves for maxTasks, maxAge, maxRss or recycle(). */
  recycled: boolean;
}

export interface PoolWorkerChange extends Omit<PoolWorker, 'state'> {
  state: PoolWorker['state'] | 'ended';
  exitCode: number | null;
  signalCode: NodeJS.Signals | null;
  /** Why it ended, if that is not as it should be. */
  error: string | undefined;
}

export interface ProcessPoolStats {
  /** Tasks now; held: done, but an earlier one is not (ordered). */
  waiting: number;
  running: number;
  held: number;
  /** Workers that are ready, and of them without a task. */
  workers: number;
  idle: number;
  /** Tasks since the start. */
  submitted: number;
  succeeded: number;
  failed: number;
  retried: number;
  timedOut: number;
  cancelled: number;
  /** Messages that belonged to no task. */
  stray: number;
  /** Workers since the start. */
  started: number;
  crashed: number;
  recycled: number;
  shrunk: number;
  /** Milliseconds, of all tasks together. */
  queuedTime: number;
  runTime: number;
  /** The share of the time of its workers in which they had tasks, 0 to 1. */
  utilization: number;
  /** How long the tasks waited for their last worker, and how long that took. */
  queuedTimes: TimePercentiles;
  runTimes: TimePercentiles;
}

/** Milliseconds; 0: there was no task. min and max are exact, the others at most 1/32 too long. */
export interface TimePercentiles {
  min: number;
  p50: number;
  p75: number;
  p90: number;
  p99: number;
  max: number;
}

export interface ProcessPoolReport {
  /** Tasks that were not done. */
  aborted: number;
  /** Workers that had to be sent the killSignal, and those of them that took SIGKILL. */
  terminated: number;
  killed: number;
}

export interface ProcessPoolEvents {
  /** After needsDrain was true: go on. */
  drain: [];
  /** The last task has had its outcome. */
  idle: [];
  worker: [worker: PoolWorkerChange];
  /** A message that is no answer. */
  message: [message: any, worker: { id: number; pid: number }];
  /** With `silent`. */
  stdout: [bytes: Bytes, worker: { pid: number }];
  stderr: [bytes: Bytes, worker: { pid: number }];
  /** The pool gives up: its workers do not start. Nobody has to listen. */
  error: [error: ProcessPoolError];
}

/** A pool of forked workers. */
export class ProcessPool extends EventEmitter {
  constructor(modulePath: string | URL, size?: number | ProcessPoolOptions);
  /** Gives a task to a worker. The promise has the worker's answer: its message, or with 'envelope' its `result`. */
  execute<T = any>(task: base.Serializable | null, options?: TaskOptions): Promise<T>;
  /**
   * The results of all tasks, in their order, as they are asked for; no more tasks are read ahead than `concurrency` says.
   * The first failure ends it, as leaving the loop does: what is under way is cancelled, but a chunk that has been begun may
   * be done to its end.
   */
  map<R = any, T = any>(tasks: Iterable<T> | AsyncIterable<T>, options?: MapOptions): AsyncGenerator<R, void, undefined>;
  /** The methods that the workers serve(): each call is a task, with these options. With 'envelope'. */
  proxy<T extends object = Record<string, (...args: any[]) => any>>(options?: TaskOptions): RemoteMethods<T>;
  /** Ends the pool; graceful: what was submitted is done first, for `timeout` milliseconds at most. */
  destroy(options?: { graceful?: boolean | undefined; timeout?: number | undefined }): Promise<ProcessPoolReport>;
  /** Cancels all tasks that have had no outcome yet: they are rejected with an AbortError whose cause is the reason. */
  cancelAll(reason?: unknown): void;
  /**
   * Sends a message that is no task to each worker that is ready, and says how many there are. With 'plain' they must not
   * answer it; with 'envelope' it must have no `id`.
   */
  broadcast(message: base.Serializable): number;
  /** Replaces all workers; each ends what it has begun, and its successor is started first. */
  recycle(): void;
  readonly size: number;
  readonly workers: PoolWorker[];
  readonly stats: ProcessPoolStats;
  /** More than highWaterMark tasks wait: go on after 'drain'. */
  readonly needsDrain: boolean;
  /** The pool keeps the program running until it is destroyed ... */
  ref(): this;
  /** ... or only while it has tasks. */
  unref(): this;

  on<E extends keyof ProcessPoolEvents>(event: E, listener: (...values: ProcessPoolEvents[E]) => void): this;
  once<E extends keyof ProcessPoolEvents>(event: E, listener: (...values: ProcessPoolEvents[E]) => void): this;
  off<E extends keyof ProcessPoolEvents>(event: E, listener: (...values: ProcessPoolEvents[E]) => void): this;
}
export interface ProcessPool extends AsyncDisposable {}
