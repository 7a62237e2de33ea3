// Compiled, never run: what the functions take and give.

import * as builtin from 'node:child_process';
import { Readable, Writable } from 'node:stream';
import { promisify } from 'node:util';
import * as ours from 'child-process-c';
import {
  ChildProcess, type ChildResourceUsage, type EndReason, exec, execFile, execFileSync, execSync, fork, spawn, spawnSync,
} from 'child-process-c';

/** True if the two types are the same one. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true : false;
function is<T extends true>(): T | void {}
type Bytes = ReturnType<typeof Buffer.from>;

// ---------------------------------------------------------------- in the place of the built-in

const functions: Pick<typeof builtin,
  'spawn' | 'exec' | 'execFile' | 'fork' | 'spawnSync' | 'execSync' | 'execFileSync'> = ours;
const child: builtin.ChildProcess = new ChildProcess();
const options: ours.SpawnOptions = { cwd: '/', stdio: 'inherit' } satisfies builtin.SpawnOptions;
const fromBuiltin: ours.SpawnOptions = {} as builtin.SpawnOptions;
const message: ours.Serializable = 1;
const entry: ours.StdioOptions = ['pipe', 'ignore', 1];

// ---------------------------------------------------------------- spawn

const plain = spawn('ls', ['-l']);
is<Same<typeof plain.stdout, Readable>>();
const usage: ChildResourceUsage | undefined = plain.resourceUsage();
const seconds: number = plain.resourceUsage()!.userCPUTime / 1e6;
const reason: EndReason | null = plain.endReason;
const sent: boolean = plain.killTree('SIGKILL') && plain.killTree(9) && plain.killTree();
const asOurs: ChildProcess = plain.on('exit', () => {});

const all = { killTree: true, dieWithParent: true, drainTimeout: 100, grace: 1000, mergeStderr: true, nice: 5, umask: '077' };
spawn('ls', all);
spawn('ls', [], { ...all, dieWithParent: 'SIGTERM', timeout: 1000, signal: new AbortController().signal });
is<Same<ReturnType<typeof spawn>, ChildProcess>>();

const partly = spawn('ls', [], { stdio: ['pipe', 'ignore', 'inherit'], killTree: true });
is<Same<typeof partly.stdin, Writable>>();
is<Same<typeof partly.stdout, null>>();
is<Same<typeof partly.stderr, null>>();
partly.killTree();
const piped = spawn('ls', { stdio: [null, undefined, 'overlapped'] });
is<Same<typeof piped.stdout, Readable>>();
const inherited = spawn('ls', [], { stdio: 'inherit' });
is<Same<typeof inherited.stdout, Readable | null>>();

// @ts-expect-error: no such option
spawn('ls', [], { killTrees: true });
// @ts-expect-error: a time is a number
spawn('ls', [], { grace: '1s' });
// @ts-expect-error: no such signal
spawn('ls', [], { dieWithParent: 'SIGNOTHING' });
// @ts-expect-error: no such signal
plain.killTree('SIGNOTHING');
// @ts-expect-error: it may not be known yet
plain.resourceUsage().userCPUTime;
// @ts-expect-error: not for writing
plain.endReason = 'exited';
// @ts-expect-error: no such reason
if (plain.endReason === 'tired') throw plain;
// @ts-expect-error: it has none
partly.stdout.read();
// @ts-expect-error: Node has no such method
child.killTree();

// ---------------------------------------------------------------- exec, execFile

exec('ls', (error, stdout) => {
  is<Same<typeof stdout, string>>();
  const stage: string | undefined = error?.stage;
});
exec('ls', { encoding: 'buffer', killTree: true }, (error, stdout) => is<Same<typeof stdout, Bytes>>());
exec('ls', { encoding: 'latin1', mergeStderr: true }, (error, stdout) => is<Same<typeof stdout, string>>());
exec('ls', { grace: 10 }, (error, stdout) => is<Same<typeof stdout, string>>()).killTree();
execFile('ls', ['-l'], { drainTimeout: 10 }, (error, stdout) => {
  is<Same<typeof stdout, string>>();
  const code: string | number | null | undefined = error?.code;
});
execFile('ls', { encoding: null }, (error, stdout) => is<Same<typeof stdout, Bytes>>());
// @ts-expect-error: a switch is true or false
exec('ls', { mergeStderr: 1 }, () => {});
exec('ls', { rlimits: { nofile: 64, as: [2 ** 30, Infinity] } }, () => {});
// @ts-expect-error
exec('ls', { rlimits: { files: 64 } }, () => {});

async function promises() {
  const running = promisify(exec)('ls', { dieWithParent: true });
  running.child.killTree();
  is<Same<Awaited<typeof running>['stdout'], string>>();
  const { stdout } = await promisify(execFile)('ls', ['-l'], { encoding: 'buffer', killTree: true });
  is<Same<typeof stdout, Bytes>>();
  // @ts-expect-error: no such option
  await promisify(execFile)('ls', [], { nothing: 1 });
}

// ---------------------------------------------------------------- fork

const worker = fork('worker.js', ['a'], { serialization: 'advanced', killTree: true, execArgv: [] });
worker.send({ a: 1 });
worker.on('message', () => worker.killTree());
fork(new URL('file:///worker.js'), { dieWithParent: 9 });
// @ts-expect-error: no such serialization
fork('worker.js', { serialization: 'xml' });

// ---------------------------------------------------------------- sync

const result = spawnSync('ls', ['-l'], { encoding: 'utf8', grace: 5 });
is<Same<typeof result.stdout, string>>();
const ended: EndReason = result.endReason;
const faults: number = result.resourceUsage.majorPageFault;
const failedAt: string | undefined = result.error?.stage;
is<Same<ReturnType<typeof bytesOfSync>, Bytes>>();
function bytesOfSync() {
  return spawnSync('ls', { killTree: true }).stdout;
}
const text: string = execSync('ls', { encoding: 'utf8', mergeStderr: true });
const bytes: Bytes = execFileSync('ls', ['-l'], { drainTimeout: 1 });
// @ts-expect-error: no such option
execSync('ls', { timeOut: 1 });

export {
  asOurs, bytes, ended, entry, failedAt, faults, fromBuiltin, functions, message, options, promises, reason, seconds,
  sent, text, usage,
};
