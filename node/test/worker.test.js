'use strict';

const assert = require('node:assert');
const { Worker } = require('node:worker_threads');
const { test, event, fixture, moduleName } = require('./fixtures/support.js');

const prelude = `
  const { parentPort } = require('node:worker_threads');
  const cp = require(${JSON.stringify(moduleName)});
  const program = ${JSON.stringify(fixture('child.js'))};`;

async function inWorker(text) {
  const worker = new Worker(prelude + text, { eval: true });
  const exited = event(worker, 'exit');
  const failed = new Promise((resolve, reject) => worker.on('error', reject));
  const [message] = await Promise.race([event(worker, 'message'), failed]);
  const [code] = await exited;
  assert.strictEqual(code, 0);
  return message;
}

test('spawn in a worker', async () => {
  const result = await inWorker(`
    const child = cp.spawn('sh', ['-c', 'cat; exit 3']);
    child.stdin.end('text');
    let text = '';
    child.stdout.on('data', (chunk) => { text += chunk; });
    child.on('close', (code) => parentPort.postMessage([text, code]));`);
  assert.deepStrictEqual(result, ['text', 3]);
});

test('exec and the sync verbs in a worker', async () => {
  assert.strictEqual(await inWorker('cp.exec("echo x", (error, stdout) => parentPort.postMessage(stdout));'), 'x\n');
  assert.deepStrictEqual(
    await inWorker(
      'const r = cp.spawnSync("sh", ["-c", "echo y; exit 4"]); parentPort.postMessage([String(r.stdout), r.status]);',
    ),
    ['y\n', 4],
  );
});

test('fork in a worker', async () => {
  const result = await inWorker(`
    const child = cp.fork(program, ['echo']);
    child.on('message', (message) => { child.disconnect(); child.on('exit', () => parentPort.postMessage(message)); });
    child.send({ a: [1, 2] });`);
  assert.deepStrictEqual(result, { a: [1, 2] });
});

test('a failed start in a worker', async () => {
  assert.strictEqual(
    await inWorker('cp.spawn("no-such-command").on("error", (error) => parentPort.postMessage(error.code));'),
    'ENOENT',
  );
});

test('several workers at once, each with its children', async () => {
  const text = `
    let left = 5;
    let sum = 0;
    for (let i = 0; i < 5; i++) cp.spawn('sh', ['-c', 'exit ' + i]).on('close', (code) => {
      sum += code;
      if (--left === 0) parentPort.postMessage(sum);
    });`;
  assert.deepStrictEqual(await Promise.all([inWorker(text), inWorker(text), inWorker(text)]), [10, 10, 10]);
});

test("the worker's own environment", async () => {
  const result = await inWorker(`
    process.env.ONLY_HERE = 'yes';
    parentPort.postMessage(String(cp.execSync('echo $ONLY_HERE')));`);
  assert.strictEqual(result, 'yes\n');
  assert.strictEqual(process.env.ONLY_HERE, undefined);
});
