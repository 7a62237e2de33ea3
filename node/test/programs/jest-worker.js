'use strict';
// jest-worker with processes: many calls, an error, a worker that dies in a call.

const { Worker } = require('jest-worker');
const { writeFileSync } = require('node:fs');
const { resolve } = require('node:path');

writeFileSync('work.js', `
  exports.square = (n) => n * n;
  exports.fail = (text) => { throw new TypeError(text); };
  exports.kind = () => typeof process.send;
  exports.die = () => process.exit(1);
  exports.large = (text) => text.length;
`);

async function main() {
  const farm = new Worker(resolve('work.js'), { numWorkers: 2, enableWorkerThreads: false, maxRetries: 0 });
  console.log((await Promise.all(Array.from({ length: 20 }, (_, i) => farm.square(i)))).join());
  console.log(await farm.kind());
  console.log(await farm.large('x'.repeat(2000000)));
  await farm.fail('on purpose').catch((error) => console.log(error.name, error.message));
  await farm.die().catch((error) => console.log(error.message));
  console.log(await farm.square(12));
  const { forceExited } = await farm.end();
  console.log('force exited:', forceExited);
}

main();
