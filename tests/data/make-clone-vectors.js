#!/usr/bin/env node
// make-clone-vectors.js - makes clone_vectors.tsv: what Node itself writes for the values of clone-values.js.
//
//   node tests/data/make-clone-vectors.js NODE... > tests/data/clone_vectors.tsv
//
// One line for each case and each way to write it: the case; `channel` (captured from a real IPC channel), `v8`
// (v8.serialize()) or `record` (V8's own records for views); the major versions that wrote just these bytes; hex.
'use strict';
const {execFileSync, spawn} = require('child_process');
const v8 = require('v8');
const {record, recordValues, values} = require('./clone-values.js');

// The child is cat: what comes out is what went over the channel.
async function overChannel(messages) {
  const child = spawn('sh', ['-c', 'exec cat <&3'], {stdio: ['ignore', 'pipe', 'inherit', 'ipc'], serialization: 'advanced'});
  const chunks = [];
  child.stdout.on('data', (chunk) => chunks.push(chunk));
  const closed = new Promise((resolve) => child.stdout.on('close', resolve));
  for (const message of messages) await new Promise((resolve) => child.send(message, resolve));
  child.disconnect();
  await closed;
  const bytes = Buffer.concat(chunks);
  const payloads = [];
  for (let at = 0; at < bytes.length; at += 4 + bytes.readUInt32BE(at))
    payloads.push(bytes.subarray(at + 4, at + 4 + bytes.readUInt32BE(at)));
  return payloads;
}

async function capture() {
  const payloads = await overChannel(values.map(([, value]) => value));
  const rows = values.flatMap(([name, value], i) => [
    [name, 'channel', payloads[i].toString('hex')], [name, 'v8', v8.serialize(value).toString('hex')]]);
  rows.push(...recordValues.map(([name, value]) => [name, 'record', record(value).toString('hex')]));
  process.stdout.write(JSON.stringify(rows));
}

function merge(nodes) {
  const lines = new Map();
  for (const node of nodes) {
    const version = execFileSync(node, ['-p', 'process.versions.node.split(".")[0]'], {encoding: 'utf8'}).trim();
    const rows = JSON.parse(execFileSync(node, [__filename], {encoding: 'utf8', maxBuffer: 1 << 28}));
    for (const [name, way, hex] of rows) {
      if (hex.length > 2048) continue;
      const key = `${name}\t${way}\t${hex}`;
      if (!lines.has(key)) lines.set(key, []);
      lines.get(key).push(version);
    }
  }

  console.log('# case\tway\tversions of Node\tbytes');
  for (const [key, versions] of lines) {
    const [name, way, hex] = key.split('\t');
    console.log([name, way, versions.join(), hex].join('\t'));
  }
}

if (process.argv.length > 2) merge(process.argv.slice(2));
else capture();
