'use strict';
// What this process holds, and whether it grows: heap and resident memory as ratios, what can be counted exactly.

const assert = require('node:assert');
const fs = require('node:fs');

const MOST_GROWTH = { heap: 1.1, rss: 1.1 };
const FEW = 5; // readings at each end that are compared by their medians

function field(name) {
  const status = fs.readFileSync('/proc/self/status', 'utf8');
  return Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)[1]);
}

// Zombies are listed too.
function children() {
  return fs.readdirSync('/proc/self/task').flatMap((task) => {
    try {
      return fs.readFileSync(`/proc/self/task/${task}/children`, 'utf8').trim().split(' ').filter(Boolean);
    } catch {
      return []; // The thread is gone.
    }
  });
}

const turn = () => new Promise((resolve) => { setImmediate(resolve); });

// Finalizers run in turns of their own, and may let go of more.
async function collect() {
  for (let i = 0; i < 3; i++) {
    globalThis.gc();
    await turn();
  }
}

async function read() {
  await collect();
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  return {
    heap: heapUsed + external + arrayBuffers, rss: field('VmRSS') * 1024,
    fds: fs.readdirSync('/proc/self/fd').length, children: children().length, threads: field('Threads'),
    handles: process.getActiveResourcesInfo().length,
  };
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

const mib = (bytes) => `${(bytes / 1024 / 1024).toFixed(1)} MiB`;

function checkRatio(name, before, after) {
  const ratio = after / before;
  console.log(`  ${name.padEnd(9)} ${mib(before)} -> ${mib(after)}, ${ratio.toFixed(3)} times`);
  assert.ok(ratio <= MOST_GROWTH[name], `${name} grew ${ratio.toFixed(3)} times, ${MOST_GROWTH[name]} at most`);
}

function checkCount(name, before, after) {
  console.log(`  ${name.padEnd(9)} ${before} -> ${after}`);
  assert.ok(after <= before, `${name}: ${before} before, ${after} after`);
}

// Runs `step(i)` so many times and compares what is held after the first tenth, when all code and all pools are warm,
// with what is held at the end.
async function flat(title, steps, step) {
  console.log(title);
  const readings = [];
  const warm = Math.ceil(steps / 10);
  for (let i = 0; i < steps; i++) {
    await step(i);
    if (i + 1 >= warm) readings.push(await read());
  }
  const [first, last] = [readings.slice(0, FEW), readings.slice(-FEW)];
  const ends = (name) => [first, last].map((some) => median(some.map((one) => one[name])));
  for (const name of ['heap', 'rss']) checkRatio(name, ...ends(name));
  for (const name of ['fds', 'children', 'threads', 'handles']) checkCount(name, ...ends(name));
}

module.exports = { children, collect, flat };
