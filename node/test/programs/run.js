'use strict';
// Runs each program with Node's built-in module and with ours: both must do the same job, with the same words, and the
// proof must say whose children they were.
//
//   node run.js DIRECTORY [PROGRAM...]      DIRECTORY: where the packages are installed

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const deadline = 120000;
const ownPackage = path.join(__dirname, '..', '..');
const needsPackages = ['cross-spawn.js', 'execa.mjs', 'jest-worker.js', 'tinypool.mjs'];
const needsNone = ['cluster.js', 'npm.js'];

/** The job in a fresh directory beside the packages. */
function run(program, directory, withOurs) {
  const cwd = fs.mkdtempSync(path.join(directory, 'job-'));
  const proof = path.join(cwd, 'proof.txt');
  fs.writeFileSync(proof, '');
  fs.copyFileSync(path.join(__dirname, program), path.join(cwd, program));
  const preloads = [...(withOurs ? [path.join(ownPackage, 'register.js')] : []), path.join(__dirname, 'proof.js')];
  const env = {
    ...process.env,
    NODE_OPTIONS: preloads.map((file) => `-r ${JSON.stringify(file)}`).join(' '),
    PATH: `${path.dirname(process.execPath)}:${process.env.PATH}`,
    PROOF_FILE: proof,
    ...(withOurs ? { PROOF_MODULE: path.join(ownPackage, 'index.js') } : {}),
  };
  const result = spawnSync(process.execPath, [program], {
    cwd,
    env,
    encoding: 'utf8',
    timeout: deadline,
    killSignal: 'SIGKILL',
  });
  const children = fs.readFileSync(proof, 'utf8').split('\n').filter(Boolean);
  fs.rmSync(cwd, { recursive: true });
  return { ...result, stdout: result.stdout.replaceAll(cwd, 'CWD'), children };
}

function complaint(builtIn, ours) {
  if (builtIn.status !== 0)
    return `the built-in's run failed (${builtIn.status ?? builtIn.signal}):\n${builtIn.stdout}${builtIn.stderr}`;
  if (ours.status !== 0) return `ours failed (${ours.status ?? ours.signal}):\n${ours.stdout}${ours.stderr}`;
  if (ours.stdout !== builtIn.stdout)
    return `the results differ:\n--- built-in\n${builtIn.stdout}--- ours\n${ours.stdout}`;
  if (builtIn.children.includes('ours')) return 'ours was used where the built-in should have been';
  if (ours.children.includes('built-in'))
    return `${ours.children.filter((whose) => whose !== 'ours').length} children were the built-in's`;
  if (ours.children.length === 0) return 'no child was ours';
  if (ours.stdout.trim() === '') return 'nothing was said';
  return undefined;
}

function check(program, directory) {
  const builtIn = run(program, directory, false);
  const ours = run(program, directory, true);
  const wrong = complaint(builtIn, ours);
  const lines = ours.stdout.trim().split('\n').length;
  if (wrong === undefined)
    console.log(
      `ok      ${program}: ${lines} lines alike, ${ours.children.length} children by ours`,
    );
  else console.log(`FAILED  ${program}: ${wrong}`);
  return wrong === undefined;
}

const [, , directory, ...chosen] = process.argv;
const hasPackages = fs.existsSync(path.join(directory, 'node_modules', 'execa'));
const all = [...needsNone, ...needsPackages].filter(
  (program) => chosen.length === 0 || chosen.some((part) => program.includes(part)),
);
const runnable = all.filter((program) => hasPackages || needsNone.includes(program));
for (const program of all)
  if (!runnable.includes(program)) console.log(`skipped ${program}: its package is not installed`);
const passed = runnable.filter((program) => check(program, directory)).length;
console.log(`${passed} passed, ${runnable.length - passed} failed`);
process.exitCode = passed === runnable.length ? 0 : 1;
