// Compiled, never run: child-process-c/promises and child-process-c/register.

import type { ChildProcess, EndReason } from 'child-process-c';
import { type EndedError, type Result, exec, execFile, fork, spawn } from 'child-process-c/promises';
import { builtin } from 'child-process-c/register';

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true : false;
function is<T extends true>(): T | void {}
type Bytes = ReturnType<typeof Buffer.from>;

export async function main(encoding: BufferEncoding | 'buffer') {
  const running = spawn('sort', ['-r'], { input: 'a\nb\n', grace: 100, killTree: true });
  const child: ChildProcess = running.child;
  child.killTree();
  const result: Result<string> = await running;
  const reason: EndReason = result.endReason;
  const used: number | undefined = result.resourceUsage?.maxRSS;
  is<Same<typeof result.code, number | null>>();

  is<Same<Awaited<ReturnType<typeof spawnBytes>>, Bytes>>();
  const { stdout } = await exec('ls', { encoding: 'latin1', reject: false });
  is<Same<typeof stdout, string>>();
  const either = await execFile('ls', { encoding });
  is<Same<typeof either.stdout, string | Bytes>>();
  is<Same<typeof either.stdout, Awaited<typeof either>['stderr']>>();
  await execFile('ls', null, { maxBuffer: 10, input: Buffer.from('a'), signal: new AbortController().signal });
  await fork('worker.js', { silent: true, dieWithParent: true });
  await fork(new URL('file:///worker.js'), ['a'], { serialization: 'advanced', encoding: null });

  const { error } = await exec('false', { reject: false });
  if (error) describe(error);
  builtin.spawn('ls');

  // @ts-expect-error: text or bytes
  await exec('cat', { input: 3 });
  // @ts-expect-error: no such option
  await spawn('ls', [], { nothing: 1 });
  // @ts-expect-error: no callbacks here
  await exec('ls', () => {});
  // @ts-expect-error: they are Node's
  builtin.spawn = spawn;
  return { reason, used };
}

async function spawnBytes() {
  return (await spawn('ls', { encoding: 'buffer' })).stdout;
}

function describe({ code, stage, stderr, signal }: EndedError<string>) {
  const parts: (string | number | null | undefined)[] = [code, stage, stderr, signal];
  return parts.join(' ');
}
