'use strict';
// Options that every verb has, asked of each of them.

const assert = require('node:assert');
const { cp, test, event, finish, fixture, outcome } = require('./fixtures/support.js');

test('windowsHide and windowsVerbatimArguments are accepted and change nothing', async () => {
  const args = ['a b', '"c"'];
  for (const options of [{ windowsHide: true }, { windowsHide: false }, { windowsVerbatimArguments: true }]) {
    assert.strictEqual((await finish(cp.spawn('echo', args, options))).stdout, 'a b "c"\n');
    assert.strictEqual((await outcome((done) => cp.execFile('echo', args, options, done))).stdout, 'a b "c"\n');
    assert.strictEqual((await outcome((done) => cp.exec('echo "a b"', options, done))).stdout, 'a b\n');
    assert.strictEqual(String(cp.spawnSync('echo', args, options).stdout), 'a b "c"\n');
    assert.strictEqual(String(cp.execFileSync('echo', args, options)), 'a b "c"\n');
    assert.strictEqual(String(cp.execSync('echo "a b"', options)), 'a b\n');
    const child = cp.fork(fixture('tell-arguments.js'), args, options);
    const closed = event(child, 'close');
    assert.deepStrictEqual((await event(child, 'message'))[0], args);
    await closed;
  }
});

test('killSignal, as a name and a number, is what a timeout sends', async () => {
  for (const [killSignal, name] of [['SIGKILL', 'SIGKILL'], ['sigint', 'SIGINT'], [10, 'SIGUSR1']]) {
    const options = { timeout: 100, killSignal };
    const ended = ({ error }) => [error.killed, error.signal];
    assert.deepStrictEqual(ended(await outcome((done) => cp.exec('exec sleep 1000', options, done))), [true, name]);
    assert.deepStrictEqual(ended(await outcome((done) => cp.execFile('sleep', ['1000'], options, done))), [true, name]);
    assert.deepStrictEqual(await event(cp.spawn('sleep', ['1000'], options), 'close'), [null, name]);
    assert.strictEqual(cp.spawnSync('sleep', ['1000'], options).signal, name);
    assert.throws(() => cp.execFileSync('sleep', ['1000'], options), { code: 'ETIMEDOUT', signal: name });
    assert.throws(() => cp.execSync('exec sleep 1000', options), { code: 'ETIMEDOUT', signal: name });
  }
});
