// pool.js - pools of processes in Node.js, on request. See worker.h for the protocol; the first argument names the pool,
// the second is the directory with the packages, the third the number of workers.
//
// A request is `MILLISECONDS WINDOW N`: N tasks of so much work, so many submitted at a time; the answer is tasks a second.
'use strict';
const path = require('node:path');
const readline = require('node:readline');

const [, , name, packages, workers] = process.argv;
const size = Number(workers);
const worker = (file) => path.join(__dirname, 'pool', file);
const installed = (file) => path.join(packages, file);

const versionOf = (file) => require(installed(`${file}/package.json`)).version;

function ours(options) {
  const { ProcessPool } = require('../../node/index.js');
  const pool = new ProcessPool(worker(options.protocol === 'envelope' ? 'envelope.js' : 'plain.js'),
    { size, maxQueue: 0, ...options });
  return { run: (task) => pool.execute(task), version: process.versions.node };
}

const pools = {
  'drop-in': () => ours({}),
  'drop-in-envelope': () => ours({ protocol: 'envelope', inFlight: 100 }),
  async tinypool() {
    const { default: Tinypool } = await import(installed('tinypool/dist/index.js'));
    const pool = new Tinypool({
      filename: worker('tinypool.mjs'), runtime: 'child_process', minThreads: size, maxThreads: size });
    return { run: (task) => pool.run(task), version: versionOf('tinypool') };
  },
  workerpool() {
    const module = installed('workerpool');
    const pool = require(module).pool(worker('workerpool.js'), {
      workerType: 'process', minWorkers: size, maxWorkers: size,
      forkOpts: { env: { ...process.env, BENCH_WORKERPOOL: module } } });
    return { run: (task) => pool.exec('work', [task]), version: versionOf('workerpool') };
  },
  'jest-worker'() {
    const { Worker } = require(installed('jest-worker'));
    const pool = new Worker(worker('jest.js'), { numWorkers: size, exposedMethods: ['work'] });
    return { run: (task) => pool.work(task), version: versionOf('jest-worker') };
  },
};

// Resolves when all tasks are done, `window` of them submitted at a time.
function runAll(run, ms, window, count) {
  return new Promise((resolve, reject) => {
    let submitted = 0;
    let done = 0;
    const next = () => {
      submitted++;
      run({ ms, n: submitted }).then(take, reject);
    };
    const take = (answer) => {
      if (answer.ms !== ms) reject(new Error('an answer is not what was sent'));
      if (++done === count) resolve();
      else if (submitted < count) next();
    };
    while (submitted < Math.min(window, count)) next();
  });
}

async function main() {
  const { run, version } = await pools[name]();
  await runAll(run, 0, size * 4, size * 50);
  console.log(`ready ${name} ${version} processes processes`);
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const [ms, window, count] = line.split(' ').map(Number);
    const start = performance.now();
    await runAll(run, ms, window, count);
    console.log((count * 1000) / (performance.now() - start));
  }
  process.exit(0);
}

main();
