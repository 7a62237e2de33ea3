#!/usr/bin/env node
'use strict';
// How long spawn() keeps the event loop, beside more and more memory: the built-in copies the page tables of all of it for
// each child. Says what it has measured, here and now: the fastest of 21 each, and the ratio of the two modules.
//
//   beside_buffers.js [MB]     1024 by default

const builtin = require('node:child_process');
const { once } = require('node:events');
const ours = require('../../node'); // in your program: require('child-process-c')

const ROUNDS = 21;

async function timeSpawn({ spawn }) {
  const started = process.hrtime.bigint();
  const child = spawn('/bin/true', { stdio: 'ignore' });
  const microseconds = Number(process.hrtime.bigint() - started) / 1e3;
  await once(child, 'close');
  return microseconds;
}

// In turns, so that both see the same machine.
async function compare(megabytes) {
  const times = [[], []];
  for (let i = 0; i < ROUNDS; i++)
    for (const [which, module] of [builtin, ours].entries()) times[which].push(await timeSpawn(module));
  const [theirs, own] = times.map((numbers) => Math.min(...numbers));
  const cells = [`${megabytes} MB`, `${theirs.toFixed()} us`, `${own.toFixed()} us`, `${(theirs / own).toFixed(1)}x`];
  console.log(cells.map((cell) => cell.padStart(12)).join(''));
}

async function main(megabytes) {
  console.log(['buffers', 'built-in', 'this', 'ratio'].map((cell) => cell.padStart(12)).join(''));
  await compare(0);
  const buffers = Array.from({ length: megabytes }, () => Buffer.alloc(1e6, 1));
  await compare(buffers.length);
}

main(Number(process.argv[2] ?? 1024));
