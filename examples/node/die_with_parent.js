#!/usr/bin/env node
'use strict';
// A build is killed, by the OOM killer for instance, and has no time for a handler of 'exit'. With dieWithParent the kernel
// ends its compiler at the same moment; without it the compiler would run on, and nobody would know of it.

const { spawn } = require('../../node'); // in your program: require('child-process-c')

function build() {
  const compiler = spawn('sleep', ['300'], { dieWithParent: true, stdio: ['ignore', 'inherit', 'inherit'] });
  compiler.on('spawn', () => console.log('build: the compiler runs'));
}

// The compiler writes into the same pipe as the build: when 'close' comes, both are gone.
function main() {
  const child = spawn(process.execPath, [__filename, 'build'], { stdio: ['ignore', 'pipe', 'inherit'] });
  child.stdout.on('data', (line) => {
    process.stdout.write(line);
    child.kill('SIGKILL');
  });
  child.on('exit', (code, signal) => console.log(`the build has ended: ${signal}`));
  child.on('close', () => console.log('its compiler, too'));
}

if (process.argv[2] === 'build') build();
else main();
