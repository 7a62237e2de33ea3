// rounds.js - measures one case in rounds: a fresh process for each subject in each round.
'use strict';
const { spawn } = require('node:child_process');
const path = require('node:path');

const TIMEOUT_MS = 120000;
const driver = path.join(__dirname, 'driver.js');

// The metrics of one run, or undefined when it failed.
function run(subject, one, gib, budget) {
  return new Promise((resolve) => {
    const args = [driver, subject.module, one.name, String(budget), String(gib)];
    const child = spawn(subject.program, args, {
      stdio: ['ignore', 'pipe', 'inherit'], timeout: TIMEOUT_MS, killSignal: 'SIGKILL',
    });
    let text = '';
    child.stdout.on('data', (chunk) => { text += chunk; });
    child.on('close', (code) => resolve(code === 0 ? JSON.parse(text) : undefined));
  });
}

// The value below which the part `part` of the sorted values lies.
function quantile(sorted, part) {
  const place = part * (sorted.length - 1);
  const below = Math.floor(place);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
}

function statistics(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return { middle: quantile(sorted, 0.5), q1: quantile(sorted, 0.25), q3: quantile(sorted, 0.75),
    min: sorted[0], max: sorted[sorted.length - 1] };
}

function rowOf(track, tracks, { name, metric, unit }, gib) {
  const reference = tracks.find(({ subject }) => subject.name === track.subject.to) ?? tracks[0];
  const values = track.seen.map((metrics) => metrics[metric]);
  const value = statistics(values);
  const ratio = statistics(values.map((one, round) => one / reference.seen[round][metric]));
  return {
    bench: 'node', case: `${name} rss=${gib}`, subject: track.subject.name, value: value.middle, unit,
    min: value.min, max: value.max, rounds: values.length,
    ratio: ratio.middle, to: reference.subject.name, ratio_q1: ratio.q1, ratio_q3: ratio.q3,
  };
}

// All rows of a case. A subject that fails once is left out.
async function measure(one, gib, subjects, { rounds, budget }) {
  let tracks = subjects.filter(({ native }) => !native || one.native).map((subject) => ({ subject, seen: [] }));
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < tracks.length; i++) {
      const track = tracks[(i + round) % tracks.length];
      track.seen.push(await run(track.subject, one, gib, budget));
    }
    for (const { subject } of tracks.filter(({ seen }) => !seen.at(-1))) {
      process.stderr.write(`${one.name}: ${subject.name} failed and is left out\n`);
    }
    tracks = tracks.filter(({ seen }) => seen.at(-1));
  }
  return one.rows.flatMap((row) => tracks.map((track) => rowOf(track, tracks, row, gib)));
}

module.exports = { measure };
