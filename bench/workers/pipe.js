// pipe.js - moves bytes out of a child on request, in Node.js or Bun. See worker.h for the protocol.
'use strict';
const { once } = require('node:events');
const fs = require('node:fs');
const childProcess = require('node:child_process');
const readline = require('node:readline');

const isBun = typeof Bun !== 'undefined';
const [, , writer, file] = process.argv;

const nodeWriter = (bytes, out = 'pipe') =>
  childProcess.spawn(writer, [String(bytes)], { stdio: ['ignore', out, 'inherit'] });

async function nodeToFile(bytes, path) {
  const child = nodeWriter(bytes);
  const target = fs.createWriteStream(path);
  child.stdout.pipe(target);
  await Promise.all([once(child, 'close'), once(target, 'close')]);
}

const node = {
  async callback(bytes) {
    let seen = 0;
    const child = nodeWriter(bytes);
    child.stdout.on('data', (chunk) => { seen += chunk.length; });
    await once(child, 'close');
    return seen;
  },
  null: (bytes) => nodeToFile(bytes, '/dev/null'),
  file: (bytes) => nodeToFile(bytes, file),
  async join(bytes) {
    const child = nodeWriter(bytes);
    const reader = childProcess.spawn('/bin/cat', [], { stdio: ['pipe', 'ignore', 'inherit'] });
    child.stdout.pipe(reader.stdin);
    await Promise.all([once(child, 'close'), once(reader, 'close')]);
  },
  capture(bytes) {
    const options = { stdio: ['ignore', 'pipe', 'inherit'], maxBuffer: Infinity };
    return childProcess.spawnSync(writer, [String(bytes)], options).stdout.length;
  },
};

const bunWriter = (bytes, stdout = 'pipe') =>
  Bun.spawn([writer, String(bytes)], { stdin: 'ignore', stdout, stderr: 'inherit' });

const bun = {
  async callback(bytes) {
    let seen = 0;
    const child = bunWriter(bytes);
    for await (const chunk of child.stdout) seen += chunk.length;
    await child.exited;
    return seen;
  },
  async join(bytes) {
    const child = bunWriter(bytes);
    const reader = Bun.spawn(['/bin/cat'], { stdin: child.stdout, stdout: 'ignore', stderr: 'inherit' });
    await Promise.all([child.exited, reader.exited]);
  },
  capture(bytes) {
    const options = { stdin: 'ignore', stdout: 'pipe', stderr: 'inherit' };
    return Bun.spawnSync([writer, String(bytes)], options).stdout.length;
  },
};

// MiB a second; 0: this runtime has no such way; negative: bytes were lost.
async function measure(route, mib) {
  const move = (isBun ? bun : node)[route];
  if (!move) return 0;
  const bytes = mib * 1024 * 1024;
  const start = performance.now();
  const seen = await move(bytes);
  return seen === undefined || seen === bytes ? (mib * 1000) / (performance.now() - start) : -1;
}

async function main() {
  console.log(isBun ? `ready bun ${Bun.version} Bun.spawnSync Bun.spawn`
    : `ready node ${process.versions.node} spawnSync spawn`);
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const [route, mib] = line.split(' ');
    console.log(await measure(route, Number(mib)));
  }
}

main();
