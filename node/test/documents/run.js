'use strict';
// Runs one sample and gives what it said.

const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { spawn } = require('node:child_process');

const deadline = 12000;
const start = path.join(__dirname, 'start.js');
const register = path.join(__dirname, '..', '..', 'register.js');

function put(file, text, mode) {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, text, { mode });
}

/** A directory with the sample, exactly as it is here, as main.js. Both runs have the same. */
function prepare(name, sample) {
  const top = fs.mkdtempSync(path.join(os.tmpdir(), 'child-process-sample-'));
  const cwd = path.join(top, 'work');
  fs.mkdirSync(cwd);
  const folder = path.dirname(name);
  if (folder === '.') fs.copyFileSync(path.join(__dirname, name), path.join(cwd, 'main.js'));
  else fs.cpSync(path.join(__dirname, folder), cwd, { recursive: true });
  for (const [file, text] of Object.entries(sample.files ?? {})) {
    put(path.join(cwd, file), text.from ? fs.readFileSync(path.join(__dirname, text.from)) : text);
  }
  for (const [command, text] of Object.entries(sample.commands ?? {}))
    put(path.join(top, 'bin', command), `#!/bin/sh\n${text}\n`, 0o755);
  return { top, cwd };
}

function normalize(text, sample, cwd) {
  let plain = text
    .replaceAll(cwd, 'CWD')
    .replace(/^\s+(at|\.\.\. \d+ lines matching) .*\n?/gm, '')
    // Ours says more of a start that failed: the cause, which inspect() shows.
    .replace(/,\n\s+\[cause\]: \[Error: \w+ .*\]\n/g, '\n')
    .replace(/^.*node_modules.*$/gm, '')
    .replace(/(pid: )\d+|^\d+(?= ('?)is alive)/gm, '$1PID');
  if (sample.isLarge) plain = `${plain.length} characters\n`; // Two streams, of which the chunks may come in any order.
  if (sample.isRepeated) plain = [...new Set(plain.match(/.*\n/g))].join('');
  if (sample.unordered) plain = (plain.match(/.*\n?/g) ?? []).sort().join('');
  return plain;
}

/** The port of a sample is fixed, and others may have it. */
async function portIsFree(port, signal) {
  while (!signal.aborted) {
    const server = net.createServer();
    const free = await new Promise((resolve) => {
      server.on('error', () => resolve(false));
      server.listen(port, () => server.close(() => resolve(true)));
    });
    if (free) return;
  }
}

/** A child that outlives the sample writes them. */
async function outputsOf(sample, cwd, signal) {
  const all = {};
  for (const name of sample.outputs ?? []) {
    const file = path.join(cwd, name);
    while (!fs.existsSync(file) && !signal.aborted) await new Promise(setImmediate);
    all[name] = fs.readFileSync(file, 'utf8');
    fs.rmSync(file);
  }
  for (const name of sample.gone ?? []) all[name] = fs.existsSync(path.join(cwd, name));
  return all;
}

function collect(child, sample, killAll) {
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr']) {
    child[name].setEncoding('utf8').on('data', (text) => {
      said[name] += text;
      if (sample.until?.test(said.stdout + said.stderr)) killAll();
    });
  }
  return said;
}

async function run(name, sample, { cwd, top }, withOurs) {
  const flags = withOurs ? ['-r', register, '-r', start] : ['-r', start];
  const ownMain = sample.mode === undefined;
  const env = {
    ...process.env,
    PATH: [path.join(top, 'bin'), path.dirname(process.execPath), process.env.PATH].join(':'),
    SAMPLE_NAME: name,
  };
  for (const variable of ['NODE_TEST_CONTEXT', 'CHILD_PROCESS_MODULE']) delete env[variable];
  const limit = new AbortController();
  // Those that do nothing but listen are run with an empty program of our own: start.js runs the sample.
  const child = spawn(
    process.execPath,
    [...flags, ownMain ? 'main.js' : path.join(__dirname, '..', 'fixtures', 'nothing.js')],
    { cwd, env, detached: true, stdio: ['pipe', 'pipe', 'pipe'] },
  );
  child.stdin.end();
  let isEnded = false;
  const killAll = () => {
    isEnded = true;
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch {
      // All of them have gone.
    }
  };
  const timer = setTimeout(() => {
    limit.abort();
    killAll();
  }, deadline);
  const said = collect(child, sample, killAll);
  const closed = new Promise((resolve) => child.on('close', (code, signal) => resolve({ code, signal })));
  const visited = await sample.visit?.(limit.signal);
  if (sample.visit) killAll();
  const end = await closed;
  const outputs = await outputsOf(sample, cwd, limit.signal);
  clearTimeout(timer);
  killAll();
  return {
    stdout: normalize(said.stdout, sample, cwd) + (visited ?? ''),
    stderr: normalize(said.stderr, sample, cwd),
    end: isEnded && (sample.until || sample.visit) ? 'ended by the harness' : end,
    late: limit.signal.aborted,
    outputs,
  };
}

module.exports = { portIsFree, prepare, run };
