// Compiled, never run: ProcessPool and child-process-c/worker.

import { ProcessPool, type ProcessPoolError, type ProcessPoolReport } from 'child-process-c';
import { serve } from 'child-process-c/worker';

export async function main() {
  const pool = new ProcessPool('worker.js', 4);
  const other = new ProcessPool(new URL('file:///worker.js'), {
    size: 2, minSize: 1, idleTimeout: 1000, protocol: 'envelope', inFlight: 4, ordered: true, timeout: 100, maxRss: 1e9,
    serialization: 'advanced', execArgv: [], args: ['a'], silent: true, killSignal: 'SIGINT', grace: 100, killTree: true,
  });
  const any = await pool.execute({ a: 1 });
  const text: string = await other.execute<string>(1, {
    signal: new AbortController().signal, timeout: 1, maxRetries: 0, priority: -1, key: 'k', onProgress: (value) => value.n,
  });
  await other.execute(null);
  other.on('worker', ({ state, exitCode, error }) => state === 'ended' && (exitCode ?? error));
  other.once('stdout', (bytes, { pid }) => bytes.length + pid);
  other.on('error', ({ code, stderr }) => code === 'ERR_POOL_FAILED' && stderr);
  const report: ProcessPoolReport = await pool.ref().unref().destroy({ graceful: true, timeout: 10 });
  const { waiting, runTime } = pool.stats;
  const busy = pool.workers.filter(({ running, state }) => running > 0 && state === 'ready');
  pool.recycle();
  const reached: number = pool.broadcast({ level: 2 });
  pool.cancelAll('why');
  for await (const sum of other.map<number>([1, 2], { chunk: 2, concurrency: 4, signal: new AbortController().signal })) sum.toFixed();
  const remote = other.proxy<{ add(a: number, b: number): number; slow(): Promise<string>; constant: number }>({ timeout: 5 });
  const sum: number = await remote.add(1, 2);
  const slow: string = await remote.slow();
  await other.proxy().whatever(sum, slow);
  const median: number = pool.stats.runTimes.p50 + pool.stats.utilization;
  await other[Symbol.asyncDispose]();

  // @ts-expect-error: no such method
  remote.constant();
  // @ts-expect-error: two numbers
  remote.add('1');

  // @ts-expect-error: no such protocol
  new ProcessPool('worker.js', { protocol: 'xml' });
  // @ts-expect-error: no such option
  pool.execute(1, { prio: 1 });
  // @ts-expect-error: no such event
  pool.on('nothing', () => {});
  return { any, text, report, waiting, runTime, median, busy, reached, needsDrain: pool.needsDrain, size: pool.size };
}

export function describe(error: ProcessPoolError) {
  return [error.code, error.exitCode, error.signal, error.attempts, error.stderr];
}

serve(async (task: number, { id, signal, progress }) => {
  progress(id);
  return signal.aborted ? undefined : task * 2;
});
serve(() => 1, { onMessage: (message) => message.level });
serve({ add: (a: number, b: number) => a + b }, { onMessage: () => {} });
// @ts-expect-error: a function, or methods
serve(1);
