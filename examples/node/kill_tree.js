#!/usr/bin/env node
'use strict';
// kill() ends the shell, and what the shell has started runs on. killTree() ends all of it, even what has left for a session
// of its own, where a signal to the process group does not come.

const { spawn } = require('../../node'); // in your program: require('child-process-c')

// Everything that it starts holds the output open: when 'close' comes, nobody is left.
function startTree() {
  return spawn('sh', ['-c', 'setsid sleep 300 & echo $!; wait'], { stdio: ['ignore', 'pipe', 'inherit'] });
}

function tryKill() {
  const child = startTree();
  let grandchild;
  child.stdout.on('data', (pid) => {
    grandchild = Number(pid);
    child.kill();
  });
  child.on('exit', (code, signal) => {
    console.log(`kill(): the shell has ended by ${signal}, its child lives: ${process.kill(grandchild, 0)}`);
    process.kill(grandchild);
  });
  child.on('close', tryKillTree);
}

function tryKillTree() {
  const child = startTree();
  child.stdout.on('data', () => child.killTree());
  child.on('exit', (code, signal) => console.log(`killTree(): the shell has ended by ${signal}`));
  child.on('close', () => console.log('killTree(): and nothing of it is left'));
}

tryKill();
