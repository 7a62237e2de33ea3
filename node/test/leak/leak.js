'use strict';
// Starts many children and sends many messages, and tells what stayed: run with --expose-gc, MODULE as its argument.

const path = require('node:path');
const cp = require(process.argv[2]);
const { measure } = require('./measure.js');

const echo = path.join(__dirname, '..', 'fixtures', 'child.js');
const spawnsPerRound = 100;
const messagesPerRound = 2500;
const rounds = 4;

function spawnOne() {
  return new Promise((resolve) => cp.spawn('true').on('close', resolve));
}

async function spawnMany() {
  for (let i = 0; i < spawnsPerRound; i += 10) await Promise.all(Array.from({ length: 10 }, spawnOne));
  for (let i = 0; i < 10; i++) cp.spawnSync('true');
  await new Promise((resolve) => cp.spawn('no-such-command').on('error', () => {}).on('close', resolve));
}

async function sendMany() {
  const child = cp.fork(echo, ['echo']);
  let left = messagesPerRound;
  const done = new Promise((resolve) => child.on('message', () => --left === 0 && resolve()));
  for (let i = 0; i < messagesPerRound; i++) child.send({ i, text: 'some text that takes memory' }, () => {});
  await done;
  const ended = new Promise((resolve) => child.on('exit', resolve));
  child.disconnect();
  await ended;
}

async function main() {
  const measured = [];
  for (let round = 0; round < rounds; round++) {
    await spawnMany();
    await sendMany();
    measured.push(await measure());
  }
  console.log(JSON.stringify(measured));
}

main();
