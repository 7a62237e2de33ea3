'use strict';
// Starts children that would never end, one after the other and in all ways, until it is killed itself.

const path = require('node:path');
const { childProcess } = require('./module.js');

const ALIVE = 10; // at most; the oldest makes place
const options = { stdio: 'ignore', dieWithParent: process.argv[2] === 'die' };
const pipes = { ...options, stdio: 'pipe' };
const fork = { ...options, stdio: ['ignore', 'ignore', 'ignore', 'ipc'] };

const ways = [
  () => childProcess.spawn('/bin/sleep', ['1000'], options),
  () => childProcess.spawn('/bin/sleep', ['1000'], pipes),
  () => childProcess.execFile('/bin/sleep', ['1000'], pipes, () => {}),
  () => childProcess.fork(path.join(__dirname, 'paused.js'), fork),
];

const alive = [];
let started = 0;

function start() {
  alive.push(ways[started++ % ways.length]());
  if (alive.length > ALIVE) alive.shift().kill('SIGKILL');
  if (started === 1) process.stdout.write('started');
  setImmediate(start);
}

start();
