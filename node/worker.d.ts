// Types of child-process-c/worker.

/** What a task knows beside its message. */
export interface TaskContext {
  /** The pool's number of the task: 1, 2, 3, ... */
  readonly id: number;
  /** Triggered when nobody waits for the result any more. */
  readonly signal: AbortSignal;
  /** Tells how far it is: the onProgress of its execute(). */
  readonly progress: (value: unknown) => void;
}

/**
 * Makes this process a worker of a ProcessPool with protocol 'envelope'. What `work` returns, or its promise becomes, is the
 * result; undefined becomes null. What it throws rejects the promise of execute(). `onMessage` gets what is no task.
 */
export function serve<T = any>(
  work: (task: T, context: TaskContext) => unknown,
  options?: { onMessage?: ((message: any) => void) | undefined },
): void;

/** The same, with the methods that are called by the pool's proxy(). `this` is the object. */
export function serve(
  methods: object,
  options?: { onMessage?: ((message: any) => void) | undefined },
): void;
