// spawn.js - starts programs on request, in Node.js or Bun. See worker.h for the protocol.
'use strict';
const childProcess = require('node:child_process');
const readline = require('node:readline');

const isBun = typeof Bun !== 'undefined';
// A global: what only this file's scope knew would be collected.
globalThis.ballast = [];
for (let i = 0; i < 8 * Number(process.argv[2]); i++) globalThis.ballast.push(Buffer.alloc(128 * 1024 * 1024, 1));

const list = (stdio) => [stdio, stdio, stdio];

function nodeSync(path, stdio) {
  if (childProcess.spawnSync(path, [], { stdio }).status !== 0) throw new Error(`${path} failed`);
}

// Resolves with the milliseconds that the call itself took.
function nodeAsync(path, stdio) {
  return new Promise((resolve, reject) => {
    const start = performance.now();
    const child = childProcess.spawn(path, [], { stdio });
    const call = performance.now() - start;
    child.stdout?.resume();
    child.stderr?.resume();
    child.on('error', reject);
    child.on('close', () => resolve(call));
  });
}

function bunSync(path, stdio) {
  if (Bun.spawnSync([path], { stdio: list(stdio) }).exitCode !== 0) throw new Error(`${path} failed`);
}

async function bunAsync(path, stdio) {
  const start = performance.now();
  const child = Bun.spawn([path], { stdio: list(stdio) });
  const call = performance.now() - start;
  const ends = stdio === 'pipe' ? [child.stdout.bytes(), child.stderr.bytes()] : [];
  await Promise.all([child.exited, ...ends]);
  return call;
}

const sync = isBun ? bunSync : nodeSync;
const async = isBun ? bunAsync : nodeAsync;

// Microseconds per spawn.
async function measure(kind, stdio, n, path) {
  let calls = 0;
  const start = performance.now();
  for (let i = 0; i < n; i++) {
    if (kind === 'sync') sync(path, stdio);
    else calls += await async(path, stdio);
  }
  return ((kind === 'stall' ? calls : performance.now() - start) / n) * 1000;
}

async function main() {
  console.log(isBun ? `ready bun ${Bun.version} Bun.spawnSync Bun.spawn`
    : `ready node ${process.versions.node} spawnSync spawn`);
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const [, kind, stdio, n, path] = /^(\S+) (\S+) (\d+) (.*)$/.exec(line);
    console.log(await measure(kind, stdio, Number(n), path));
  }
}

main();
