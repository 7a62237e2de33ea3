'use strict';
// options.nice, umask and rlimits: what a child may use.

const assert = require('node:assert');
const os = require('node:os');
const { cp, test, event, fixture } = require('./fixtures/support.js');
const promises = require('../promises.js');

const LIMITS = 'umask; ulimit -n; ulimit -Hn; nice';
const options = { nice: 39, umask: 0o27, rlimits: { nofile: [64, 128], core: 0, cpu: [100, Infinity] } };
const expected = '0027\n64\n128\n19\n';

const run = (given) => cp.execFileSync('sh', ['-c', LIMITS], { encoding: 'utf8', ...given });

test('spawnSync and execFileSync set them', async () => {
  assert.strictEqual(run(options), expected);
  assert.strictEqual(run({ ...options, umask: '27' }), expected);
});

test('spawn, exec and execFile set them', async () => {
  const { stdout } = await promises.execFile('sh', ['-c', LIMITS], options);
  assert.strictEqual(stdout, expected);
  assert.strictEqual((await promises.exec(LIMITS, options)).stdout, expected);
  const child = cp.spawn('sh', ['-c', LIMITS], options);
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk) => { text += chunk; });
  await event(child, 'close');
  assert.strictEqual(text, expected);
});

const niceBy = (number) => Math.min(os.getPriority() + number, 19);

test('fork sets them', async () => {
  const child = cp.fork(fixture('child.js'), ['limits'], { nice: 7, rlimits: { nofile: 123 } });
  child.send('?');
  assert.deepStrictEqual((await event(child, 'message'))[0], [niceBy(7), 123]);
  child.disconnect();
  await event(child, 'close');
});

test('this process keeps its own', async () => {
  const before = [process.umask(), os.getPriority()];
  run(options);
  assert.deepStrictEqual([process.umask(), os.getPriority()], before);
});

test('a limit that is passed ends the child', async () => {
  const child = cp.spawn('sh', ['-c', 'while :; do :; done'], { rlimits: { cpu: 1 } });
  const [, signal] = await event(child, 'close');
  assert(['SIGKILL', 'SIGXCPU'].includes(signal), signal);
});

test('a pool sets them for its workers, and for those that replace them', async () => {
  const options = { size: 1, maxTasks: 1, nice: 5, rlimits: { nofile: 125 }, args: ['limits'] };
  const pool = new cp.ProcessPool(fixture('child.js'), options);
  for (let i = 0; i < 3; i++) assert.deepStrictEqual(await pool.execute('?'), [niceBy(5), 125]);
  await pool.destroy();
});

const refused = [
  [{ nice: 40 }, 'ERR_OUT_OF_RANGE'],
  [{ nice: 1.5 }, 'ERR_OUT_OF_RANGE'],
  [{ nice: '1' }, 'ERR_INVALID_ARG_TYPE'],
  [{ umask: 0o1000 }, 'ERR_OUT_OF_RANGE'],
  [{ umask: '8' }, 'ERR_INVALID_ARG_VALUE'],
  [{ rlimits: 1 }, 'ERR_INVALID_ARG_TYPE'],
  [{ rlimits: { files: 1 } }, 'ERR_INVALID_ARG_VALUE'],
  [{ rlimits: { nofile: -1 } }, 'ERR_OUT_OF_RANGE'],
  [{ rlimits: { nofile: [1, -1] } }, 'ERR_OUT_OF_RANGE'],
  [{ rlimits: { nofile: '1' } }, 'ERR_INVALID_ARG_TYPE'],
  [{ rlimits: { nofile: [1] } }, 'ERR_INVALID_ARG_VALUE'],
  [{ rlimits: { nofile: [2, 1] } }, 'ERR_OUT_OF_RANGE'],
];

test('what makes no sense is refused by name', async () => {
  for (const [given, code] of refused) {
    const named = new RegExp(`options\\.${Object.keys(given)[0]}`);
    assert.throws(() => run(given), (error) => error.code === code && named.test(error.message), JSON.stringify(given));
    assert.throws(() => cp.spawn('true', given), { code });
  }
});

test('undefined limits are none', async () => {
  assert.strictEqual(run({ umask: 0o22, nice: undefined, rlimits: { nofile: undefined } }).split('\n')[0], '0022');
});

test('what the kernel refuses names the step', async () => {
  if (process.getuid() === 0) return;
  const { error } = cp.spawnSync('true', { nice: -39 });
  assert.strictEqual(error.code, 'EACCES');
  assert.strictEqual(error.stage, 'setpriority');
});
