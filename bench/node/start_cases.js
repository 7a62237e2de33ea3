// start_cases.js - what starting children costs.
'use strict';
const path = require('node:path');
const { medians, perCall, perRun, us } = require('./clock.js');

const TRUE = '/bin/true';
const MANY = 200;
const LARGE = [0, 2]; // GiB

// Resolves when the child and its pipes are gone; `started` is told when the call has returned.
function spawned(cp, stdio, started) {
  return new Promise((resolve, reject) => {
    const child = cp.spawn(TRUE, [], { stdio });
    started?.();
    child.stdout?.resume();
    child.stderr?.resume();
    child.on('error', reject);
    child.on('close', (code) => (code === 0 ? resolve() : reject(new Error(`${TRUE} ended with ${code}`))));
  });
}

// The time inside spawn(), and the longest time between two turns of the loop until the child is gone.
async function stallOf(cp, stdio) {
  let call;
  let last = performance.now();
  let gap = 0;
  let watching = true;
  const watch = () => {
    gap = Math.max(gap, us(last));
    last = performance.now();
    if (watching) setImmediate(watch);
  };
  setImmediate(watch);
  const start = performance.now();
  await spawned(cp, stdio, () => { call = us(start); });
  watching = false;
  return { stall: call, gap };
}

function spawnSync(cp, stdio) {
  const { status, error } = cp.spawnSync(TRUE, [], { stdio });
  if (error) throw error;
  if (status !== 0) throw new Error(`${TRUE} ended with ${status}`);
}

const calledBack = (start) => new Promise((resolve, reject) => {
  start((error) => (error ? reject(error) : resolve()));
});

const forked = (cp) => new Promise((resolve, reject) => {
  const start = performance.now();
  const child = cp.fork(path.join(__dirname, 'child.js'), ['hello']);
  let first;
  child.on('error', reject);
  child.once('message', () => {
    first = us(start);
    child.kill('SIGKILL');
  });
  child.on('close', () => resolve({ time: first }));
});

const microseconds = (name, metric = 'time') => ({ name, metric, unit: 'us' });

function both(make) {
  return ['ignore', 'pipe'].map(make);
}

const startCases = [
  ...both((stdio) => ({
    name: `spawn ${stdio}`, rows: [microseconds(`spawn ${stdio}`)], gib: LARGE, native: true,
    run: async (cp, budget) => ({ time: await perRun(budget, () => spawned(cp, stdio)) }),
  })),
  ...both((stdio) => ({
    name: `stall ${stdio}`, gib: LARGE, native: true,
    rows: [microseconds(`stall ${stdio}`, 'stall'), microseconds(`longest gap ${stdio}`, 'gap')],
    run: (cp, budget) => medians(budget, () => stallOf(cp, stdio)),
  })),
  {
    name: 'many', rows: [{ name: `spawn ${MANY} at once`, metric: 'rate', unit: 'children/s' }], native: true,
    async run(cp, budget) {
      const round = () => Promise.all(Array.from({ length: MANY }, () => spawned(cp, 'ignore')));
      return { rate: (MANY * 1e6) / await perRun(budget, round) };
    },
  },
  ...both((stdio) => ({
    name: `spawnSync ${stdio}`, rows: [microseconds(`spawnSync ${stdio}`)], gib: LARGE, native: true,
    run: async (cp, budget) => ({ time: await perCall(budget, () => spawnSync(cp, stdio)) }),
  })),
  {
    name: 'execSync', rows: [microseconds('execSync')],
    run: async (cp, budget) => ({ time: await perCall(budget, () => cp.execSync('true')) }),
  },
  {
    name: 'exec', rows: [microseconds('exec')], gib: LARGE,
    run: async (cp, budget) => ({ time: await perRun(budget, () => calledBack((done) => cp.exec('true', done))) }),
  },
  {
    name: 'execFile', rows: [microseconds('execFile')],
    run: async (cp, budget) => ({ time: await perRun(budget, () => calledBack((done) => cp.execFile(TRUE, done))) }),
  },
  {
    name: 'fork', rows: [microseconds('fork to first message')],
    run: (cp, budget) => medians(budget * 2, () => forked(cp)),
  },
];

module.exports = { startCases };
