#!/usr/bin/env node
'use strict';
// A program that knows nothing of this package moves to it by one flag: `node -r child-process-c/register app.js`. Run here
// without and with it: the same program, by require() and by import, says why a start has failed only with it.

const { execFileSync, spawn } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');

async function app() {
  const [error] = await once(spawn('ls', { cwd: '/no/such/directory' }), 'error');
  console.log(`   ${error.message}: ${error.cause?.message ?? 'which of the two files is missing?'}`);
  const imported = await import('node:child_process');
  console.log(`   import gives the same spawn: ${imported.spawn === spawn}`);
}

function run(name, ...flags) {
  console.log(name);
  execFileSync(process.execPath, [...flags, __filename, 'app'], { stdio: 'inherit' });
}

if (process.argv[2] === 'app') {
  app();
} else {
  run('node app.js');
  run('node -r child-process-c/register app.js', '-r', path.join(__dirname, '../../node/register.js'));
}
