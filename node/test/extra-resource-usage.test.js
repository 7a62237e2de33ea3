'use strict';
// child.resourceUsage(): what a child has used.

const assert = require('node:assert');
const { cp, test, event } = require('./fixtures/support.js');

const names = ['userCPUTime', 'systemCPUTime', 'maxRSS', 'minorPageFault', 'majorPageFault', 'fsRead', 'fsWrite',
  'voluntaryContextSwitches', 'involuntaryContextSwitches'];

test('undefined before the exit, numbers from the exit event on', async () => {
  const child = cp.spawn('cat');
  assert.strictEqual(child.resourceUsage(), undefined);
  child.stdin.end();
  const closed = event(child, 'close');
  await event(child, 'exit');
  const usage = child.resourceUsage();
  assert.deepStrictEqual(Object.keys(usage), names);
  for (const name of names) assert(Number.isFinite(usage[name]) && usage[name] >= 0, name);
  assert(usage.maxRSS > 0);
  await closed;
  assert.deepStrictEqual(child.resourceUsage(), usage);
});

test('the names are those of process.resourceUsage()', () => {
  for (const name of names) assert(name in process.resourceUsage(), name);
});

test('a child that works uses more time than one that does not', async () => {
  const measure = async (text) => {
    const child = cp.spawn('sh', ['-c', text]);
    await event(child, 'close');
    const { userCPUTime, systemCPUTime } = child.resourceUsage();
    return userCPUTime + systemCPUTime;
  };
  const idle = await measure(':');
  const busy = await measure('i=0; while [ $i -lt 200000 ]; do i=$((i + 1)); done');
  assert(busy > idle, `${busy} > ${idle}`);
});

test('a child that takes memory has a higher maxRSS', async () => {
  const child = cp.spawn(process.execPath, ['-e', 'Buffer.alloc(100 << 20, 1)']);
  await event(child, 'close');
  assert(child.resourceUsage().maxRSS > 100 * 1024);
});

test('also for a child that was killed', async () => {
  const child = cp.spawn('cat');
  child.kill('SIGKILL');
  await event(child, 'close');
  assert.strictEqual(typeof child.resourceUsage().userCPUTime, 'number');
});

test('a start that failed has used nothing', async () => {
  const child = cp.spawn('no-such-command');
  child.on('error', () => {});
  await event(child, 'close');
  assert.strictEqual(child.resourceUsage(), undefined);
});
