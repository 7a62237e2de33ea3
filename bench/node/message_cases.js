// message_cases.js - what messages cost, and the bytes of a child's stdout.
'use strict';
const { once } = require('node:events');
const path = require('node:path');
const { WARM_UP, perRun, us } = require('./clock.js');
const { kinds, sendAll, windowOf } = require('./traffic.js');

const OUTPUT_MIB = 256;

function connect(cp, verb, key) {
  const { serialization } = kinds[key];
  return cp.fork(path.join(__dirname, 'child.js'), [verb, key], { serialization });
}

async function disconnect(child) {
  child.kill('SIGKILL');
  await once(child, 'close');
}

// Resolves with the answer.
function ask(child, message) {
  return new Promise((resolve, reject) => {
    child.once('message', resolve);
    child.send(message, (error) => { if (error) reject(error); });
  });
}

// `count` messages there and back, `window` of them under way at a time.
function exchange(child, kind, count, window) {
  const message = kind.make();
  return new Promise((resolve, reject) => {
    let sent = 0;
    let received = 0;
    const next = () => { if (sent++ < count) child.send(message); };
    const take = (answer) => {
      if (!kind.same(answer)) return reject(new Error('an answer is not what was sent'));
      if (++received < count) return next();
      child.removeListener('message', take);
      resolve();
    };
    child.on('message', take);
    for (let i = 0; i < window; i++) next();
  });
}

async function toChild(child, kind, count) {
  await sendAll(child, kind, count);
  if (await ask(child, 'end') !== count) throw new Error('messages are missing');
}

function fromChild(child, kind, count) {
  return new Promise((resolve, reject) => {
    let received = 0;
    const take = (message) => {
      if (!kind.same(message)) return reject(new Error('a message is not what was sent'));
      if (++received < count) return;
      child.removeListener('message', take);
      resolve();
    };
    child.on('message', take);
    child.send(count);
  });
}

// Messages a second: as many at a time as go through in a part of the budget.
async function rate(budget, few, run) {
  await run(few);
  const start = performance.now();
  let count = few;
  let total = 0;
  let measured = start;
  while (total === 0 || performance.now() - start < budget) {
    const before = performance.now();
    await run(count);
    const took = Math.max(performance.now() - before, 0.001);
    if (before - start < budget * WARM_UP) measured = performance.now();
    else total += count;
    count = Math.max(few, Math.round((count * budget * 0.2) / took));
  }
  return (total * 1e6) / us(measured);
}

// A case with a child that stays alive.
const withChild = (verb, key, measure) => async (cp, budget) => {
  const child = connect(cp, verb, key);
  await once(child, 'spawn');
  const metrics = await measure(child, budget);
  await disconnect(child);
  return metrics;
};

const perSecond = (name) => [{ name, metric: 'rate', unit: 'messages/s' }];

function casesOf([key, kind]) {
  const few = windowOf(kind);
  return [
    {
      name: `trip ${key}`, rows: [{ name: `round trip ${kind.title}`, metric: 'time', unit: 'us' }],
      run: withChild('echo', key, async (child, budget) => (
        { time: await perRun(budget, () => exchange(child, kind, 20, 1)) / 20 })),
    },
    {
      name: `echo ${key}`, rows: perSecond(`echo ${kind.title}, ${few} under way`),
      run: withChild('echo', key, async (child, budget) => (
        { rate: await rate(budget, few, (count) => exchange(child, kind, count, few)) })),
    },
    {
      name: `to ${key}`, rows: perSecond(`to the child ${kind.title}`),
      run: withChild('sink', key, async (child, budget) => (
        { rate: await rate(budget, few, (count) => toChild(child, kind, count)) })),
    },
    {
      name: `from ${key}`, rows: perSecond(`from the child ${kind.title}`),
      run: withChild('source', key, async (child, budget) => (
        { rate: await rate(budget, few, (count) => fromChild(child, kind, count)) })),
    },
  ];
}

// MB a second out of a child, from its first byte to 'close'.
async function output(cp) {
  const args = ['if=/dev/zero', 'bs=128k', `count=${OUTPUT_MIB * 8}`, 'status=none'];
  const child = cp.spawn('dd', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let bytes = 0;
  let start = 0;
  child.stdout.on('data', (chunk) => {
    start ||= performance.now();
    bytes += chunk.length;
  });
  await once(child, 'close');
  if (bytes !== OUTPUT_MIB * 1024 * 1024) throw new Error('bytes are missing');
  return { rate: bytes / us(start) };
}

const messageCases = [
  ...Object.entries(kinds).flatMap(casesOf),
  { name: 'stdout', rows: [{ name: `stdout ${OUTPUT_MIB} MiB`, metric: 'rate', unit: 'MB/s' }], run: output },
];

module.exports = { messageCases };
