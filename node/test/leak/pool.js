'use strict';
// Makes pools and gives them tasks, and tells what stayed: run with --expose-gc, MODULE as its argument.

const path = require('node:path');
const { ProcessPool } = require(process.argv[2]);
const { measure } = require('./measure.js');

const worker = path.join(__dirname, '..', 'fixtures', 'pool-worker.js');
const server = path.join(__dirname, '..', 'fixtures', 'pool-server.js');
const tasksPerRound = 1000;
const rounds = 3;

async function usePlain() {
  const pool = new ProcessPool(worker, { size: 1, maxRetries: 0, silent: true });
  const { signal } = new AbortController();
  const tasks = Array.from({ length: tasksPerRound }, (_, i) => pool.execute(i, { signal }));
  const failures = [pool.execute({ exit: 1 }), pool.execute({ never: 0 }, { timeout: 10 }), pool.execute(() => {})];
  await Promise.allSettled([...tasks, ...failures]);
  const late = pool.execute({ never: 0 });
  await Promise.allSettled([pool.destroy(), late]);
}

async function useServers() {
  const pool = new ProcessPool(server, { size: 1, protocol: 'envelope', inFlight: 16, serialization: 'advanced' });
  const onProgress = () => {};
  const taskOf = (i) => (i % 10 === 0 ? { progress: 2 } : { echo: 'text' });
  await Promise.all(Array.from({ length: tasksPerRound }, (_, i) => pool.execute(taskOf(i), { onProgress })));
  await pool.execute({ throw: 'x' }).catch(() => {});
  await pool.destroy({ graceful: true });
}

async function main() {
  const measured = [];
  for (let round = 0; round < rounds; round++) {
    await usePlain();
    await useServers();
    measured.push(await measure());
  }
  console.log(JSON.stringify(measured));
}

main();
