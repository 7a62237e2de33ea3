'use strict';
// Runs test files, two at a time, against one module, and prints what failed and a line of totals.
//
//   node run.js MODULE [FILE...]      MODULE: ours, or node:child_process; FILE: part of a name, all without it

const fs = require('node:fs');
const path = require('node:path');
const { run } = require('node:test');

const fileDeadline = 100000;
const filesAtOnce = 2;
const [, , moduleName = 'ours', ...parts] = process.argv;
const isOurs = moduleName === 'ours';
const totals = { passed: 0, failed: 0, skipped: 0 };

// What only ours can do stands in files of its own.
function testFiles() {
  return fs.readdirSync(__dirname)
    .filter((name) => name.endsWith('.test.js') && (isOurs || !name.startsWith('extra-')))
    .filter((name) => parts.length === 0 || parts.some((part) => name.includes(part)))
    .sort();
}

function reportFailure(file, data) {
  const wrapper = data.details.error;
  const error = wrapper && wrapper.cause instanceof Error ? wrapper.cause : wrapper;
  console.log(`FAILED (${moduleName}) ${file}: ${data.name}`);
  console.log(String((error && error.stack) || error).replace(/^/gm, '    '));
}

function count(file, data, hasPassed) {
  if (data.nesting !== 0) return;
  if (data.skip !== undefined) {
    totals.skipped++;
    console.log(`skipped (${moduleName}) ${file}: ${data.name}: ${data.skip}`);
  } else if (hasPassed) {
    totals.passed++;
  } else {
    totals.failed++;
    reportFailure(file, data);
  }
}

function runFile(file) {
  return new Promise((resolve) => {
    const stream = run({ files: [path.join(__dirname, file)], timeout: fileDeadline });
    const failedBefore = totals.failed;
    let words = ''; // What the tests write to stderr is of use only beside a failure.
    stream.on('test:pass', (data) => count(file, data, true));
    stream.on('test:fail', (data) => count(file, data, false));
    stream.on('test:stderr', (data) => { words += data.message; });
    stream.on('end', () => {
      if (totals.failed > failedBefore) process.stdout.write(words);
      resolve();
    });
    stream.resume();
  });
}

async function main() {
  const started = Date.now();
  const files = testFiles();
  const waiting = files.values();
  const runWaiting = async () => {
    for (const file of waiting) await runFile(file);
  };
  await Promise.all(Array.from({ length: filesAtOnce }, runWaiting));
  const seconds = Math.round((Date.now() - started) / 1000);
  console.log(`${moduleName}: ${files.length} files in ${seconds} s, ${totals.skipped} skipped`);
  console.log(`${totals.passed} passed, ${totals.failed} failed`);
  process.exitCode = totals.failed === 0 && totals.passed > 0 ? 0 : 1;
}

if (isOurs) delete process.env.CHILD_PROCESS_MODULE;
else process.env.CHILD_PROCESS_MODULE = moduleName;
main();
