// driver.js - measures one case in this process, with the implementation that it is told, and prints what it found as
// one JSON object: {METRIC: VALUE, ...}.
//
//   RUNTIME driver.js MODULE CASE BUDGET_MS GIB
'use strict';
const { cases } = require('./cases.js');

const CHUNK_MIB = 64;
// A global: what only this file's scope knew would be collected.
globalThis.ballast = [];

// Buffers of so many GiB altogether, every page of them written.
function hold(gib) {
  const chunks = (gib * 1024) / CHUNK_MIB;
  for (let i = 0; i < chunks; i++) globalThis.ballast.push(Buffer.alloc(CHUNK_MIB * 1024 * 1024, 1));
}

async function main() {
  const [, , module, name, budget, gib] = process.argv;
  const found = cases.find((one) => one.name === name);
  if (!found) throw new Error(`no case is named ${name}`);
  const implementation = module === 'Bun.spawn' ? require('./bun.js') : require(module);
  hold(Number(gib));
  const metrics = await found.run(implementation, Number(budget));
  process.stdout.write(`${JSON.stringify(metrics)}\n`, () => process.exit(0));
}

main();
