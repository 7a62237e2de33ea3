#!/usr/bin/env node
'use strict';
// A program starts a daemon, which inherits the output and never closes it. The program has ended, but exec() waits for the
// daemon, and execSync() stops the whole process for it. drainTimeout gives the output up so many milliseconds after the exit.

const { exec, spawnSync } = require('../../node'); // in your program: require('child-process-c')

const command = 'sleep 300 & echo "the daemon is $!"';

function endDaemon(stdout) {
  const pid = Number(/\d+/.exec(stdout)[0]);
  console.log(`   the daemon runs on: ${process.kill(pid, 0)}`);
  process.kill(pid);
}

console.log('spawnSync:');
const { stdout, status, error } = spawnSync(command, { shell: true, encoding: 'utf8', drainTimeout: 100 });
console.log(`   status ${status}, error ${error}, ${stdout.trim()}`);
endDaemon(stdout);

console.log('exec:');
exec(command, { drainTimeout: 100 }, (error, stdout) => {
  console.log(`   error ${error}, ${stdout.trim()}`);
  endDaemon(stdout);
});
