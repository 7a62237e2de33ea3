// Types of child-process-c/promises.

import { URL } from 'node:url';
import {
  ChildResourceUsage, EndReason, ErrorExtras, ExecFileOptions, ExecOptions, ForkOptions, PromiseWithChild, SpawnOptions,
} from './index';

/** A process that has ended. */
export interface Ended<T> {
  /** Undefined if it did not start. */
  pid: number | undefined;
  /** The exit status; null if a signal ended it, or if it did not start. */
  code: number | null;
  signal: NodeJS.Signals | null;
  /** '' or an empty Buffer where stdio gives it no pipe. */
  stdout: T;
  stderr: T;
  endReason: EndReason;
  resourceUsage: ChildResourceUsage | undefined;
}

/** What a promise is rejected with: exec()'s error. Its `code` is the exit status, or the name of what went wrong. */
export interface EndedError<T> extends Error, Omit<Ended<T>, 'code'>, ErrorExtras {
  code: number | string | null;
  cmd: string;
  killed?: boolean;
  errno?: number;
  syscall?: string;
  path?: string;
  spawnargs?: string[];
}

/** What it is resolved with; `error` is there only with `reject: false`, and only if something is wrong. */
export interface Result<T> extends Ended<T> {
  error?: EndedError<T>;
}

export interface PromiseOptions {
  /** false: the promise is resolved for failures, too, and the result's `error` says what is wrong. */
  reject?: boolean | undefined;
  /** Written to stdin, which is then ended. Without it stdin is yours: promise.child.stdin. */
  input?: string | NodeJS.ArrayBufferView | null | undefined;
  /** Of stdout and stderr; default 'utf8'. */
  encoding?: BufferEncoding | 'buffer' | null | undefined;
  /** Bytes of each of stdout and stderr; default 1 MiB. */
  maxBuffer?: number | undefined;
}

type Decoded<E> = E extends 'buffer' | null ? ReturnType<typeof Buffer.from> : string;
type Output<O> = 'encoding' extends keyof O ? Decoded<O['encoding']> : string;
type Run<O> = PromiseWithChild<Result<Output<O>>>;
type With<O> = Omit<O, keyof PromiseOptions> & PromiseOptions;
type Arguments = readonly string[] | null;

export function exec<const O extends With<ExecOptions> = {}>(command: string, options?: O): Run<O>;

export function execFile<const O extends With<ExecFileOptions> = {}>(file: string, options?: O): Run<O>;
export function execFile<const O extends With<ExecFileOptions> = {}>(
  file: string,
  args?: Arguments,
  options?: O,
): Run<O>;

export function spawn<const O extends With<SpawnOptions> = {}>(file: string, options?: O): Run<O>;
export function spawn<const O extends With<SpawnOptions> = {}>(file: string, args?: Arguments, options?: O): Run<O>;

export function fork<const O extends With<ForkOptions> = {}>(modulePath: string | URL, options?: O): Run<O>;
export function fork<const O extends With<ForkOptions> = {}>(
  modulePath: string | URL,
  args?: Arguments,
  options?: O,
): Run<O>;
