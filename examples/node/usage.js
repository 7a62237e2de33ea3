#!/usr/bin/env node
'use strict';
// What the steps of a job have cost, each for itself: the built-in module does not tell. A child counts as soon as it has
// ended, together with those of its own children that it has waited for.

const { once } = require('node:events');
const { spawn } = require('../../node'); // in your program: require('child-process-c')

const steps = {
  counting: ['sh', ['-c', 'i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done']],
  allocating: [process.execPath, ['-e', 'Buffer.alloc(300e6, 1)']],
  writing: ['sh', ['-c', 'head -c 100000000 /dev/zero | wc -c >/dev/null']],
  waiting: ['sleep', ['0.2']],
};

async function main() {
  console.log('step        user ms  system ms  max RSS MB  times it waited');
  for (const [name, [file, args]] of Object.entries(steps)) {
    const child = spawn(file, args, { stdio: 'ignore' });
    await once(child, 'exit');
    const { userCPUTime, systemCPUTime, maxRSS, voluntaryContextSwitches } = child.resourceUsage(); // microseconds, KiB
    const cells = [[userCPUTime / 1e3, 9], [systemCPUTime / 1e3, 11], [maxRSS / 1024, 12], [voluntaryContextSwitches, 17]];
    console.log(name.padEnd(10) + cells.map(([value, width]) => Math.round(value).toString().padStart(width)).join(''));
  }
}

main();
