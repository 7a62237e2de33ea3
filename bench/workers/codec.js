// codec.js - turns the bytes of files into values and back on request, in Node.js. See worker.h for the protocol; a
// request is "VERB FILE N", N in MB.
'use strict';
const fs = require('node:fs');
const readline = require('node:readline');
const v8 = require('node:v8');

const verbs = {
  'clone-read': [(bytes) => bytes, (bytes) => v8.deserialize(bytes)],
  'clone-write': [(bytes) => v8.deserialize(bytes), (value) => v8.serialize(value)],
  'json-read': [(bytes) => bytes.toString(), (text) => JSON.parse(text)],
  'json-write': [(bytes) => JSON.parse(bytes.toString()), (value) => JSON.stringify(value)],
};

let held; // so that nothing is left out

// MB a second. A value that has been parsed once is kept with its file.
const inputs = new Map();
function measure(verb, file, mb) {
  const [prepare, run] = verbs[verb];
  const key = `${verb} ${file}`;
  if (!inputs.has(key)) {
    const bytes = fs.readFileSync(file);
    inputs.set(key, { length: bytes.length, value: prepare(bytes) });
  }
  const { length, value } = inputs.get(key);
  const times = Math.max(1, Math.ceil((mb * 1e6) / length));
  const start = performance.now();
  for (let i = 0; i < times; i++) held = run(value);
  return (times * length * 1000) / 1e6 / (performance.now() - start);
}

async function main() {
  console.log(`ready node ${process.versions.node} v8 v8`);
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const [verb, file, mb] = line.split(' ');
    console.log(measure(verb, file, Number(mb)));
  }
  if (held === undefined) console.error('nothing was asked for');
}

main();
