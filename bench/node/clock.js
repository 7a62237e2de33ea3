// clock.js - repeats what is measured until its time is over.
'use strict';

const WARM_UP = 0.3; // of the budget
const LEAST = 3; // times, however long one takes

const us = (start) => (performance.now() - start) * 1000;

// Runs `once` for so many milliseconds; returns how often it ran and how long that took.
async function repeat(budget, least, once) {
  const start = performance.now();
  let times = 0;
  do {
    await once();
    times++;
  } while (times < least || performance.now() - start < budget);
  return { times, us: us(start) };
}

// Microseconds that one run of `once` takes, after a warm-up.
async function perRun(budget, once) {
  await repeat(budget * WARM_UP, 1, once);
  const { times, us: total } = await repeat(budget * (1 - WARM_UP), LEAST, once);
  return total / times;
}

// The same for a function that returns nothing to wait for.
async function perCall(budget, once) {
  return perRun(budget, () => { once(); });
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return (sorted[Math.floor(middle)] + sorted[Math.ceil(middle)]) / 2;
}

// Runs `once`, which resolves with an object of numbers, for the budget; the median of each number.
async function medians(budget, once) {
  const seen = [];
  await repeat(budget * WARM_UP, 1, once);
  await repeat(budget * (1 - WARM_UP), LEAST, async () => { seen.push(await once()); });
  const entries = Object.keys(seen[0]).map((key) => [key, median(seen.map((one) => one[key]))]);
  return Object.fromEntries(entries);
}

module.exports = { LEAST, WARM_UP, medians, perCall, perRun, repeat, us };
