'use strict';
// Preloaded before a sample: gives it its globals and, when it is no program of its own, runs it.

const fs = require('node:fs');
const path = require('node:path');
const vm = require('node:vm');

const name = process.env.SAMPLE_NAME;
delete process.env.SAMPLE_NAME; // It is this process that runs the sample, and not its children.

function define(values) {
  for (const key of Object.keys(values)) {
    Object.defineProperty(globalThis, key, { value: values[key], configurable: true, writable: true });
  }
}

function runInAsyncFunction(text) {
  const AsyncFunction = (async () => {}).constructor;
  return new AsyncFunction('require', text)(require);
}

/** Its definitions can be seen by what runs behind it. */
function runAsScript(text, after) {
  define({ require: require('node:module').createRequire(path.join(process.cwd(), 'main.js')) });
  vm.runInThisContext(text, { filename: 'main.js' });
  if (after) vm.runInThisContext(after);
}

if (name !== undefined) {
  const sample = require('./samples.js')[name];
  if (sample.globals) define(sample.globals(require('node:child_process')));
  const text = () => fs.readFileSync('main.js', 'utf8');
  if (sample.mode === 'script') runAsScript(text(), sample.after);
  else if (sample.mode === 'async') runInAsyncFunction(text());
  else if (sample.after) setImmediate(() => vm.runInThisContext(sample.after));
}
