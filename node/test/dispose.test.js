'use strict';

const assert = require('node:assert');
const { cp, test, event } = require('./fixtures/support.js');

const builtIn = require('node:child_process');
const hasDispose = Symbol.dispose !== undefined && typeof builtIn.ChildProcess.prototype[Symbol.dispose] === 'function';

test('Symbol.dispose is there where the built-in has it', () => {
  assert.strictEqual(
    Symbol.dispose !== undefined && typeof cp.ChildProcess.prototype[Symbol.dispose] === 'function',
    hasDispose,
  );
});

test('disposing kills', { skip: hasDispose ? false : 'this Node has no Symbol.dispose' }, async () => {
  const child = cp.spawn('cat');
  child[Symbol.dispose]();
  assert.strictEqual(child.killed, true);
  assert.deepStrictEqual(await event(child, 'close'), [null, 'SIGTERM']);
});

test(
  'disposing twice, and after the end',
  { skip: hasDispose ? false : 'this Node has no Symbol.dispose' },
  async () => {
    const child = cp.spawn('true');
    await event(child, 'close');
    child[Symbol.dispose]();
    child[Symbol.dispose]();
    assert.strictEqual(child.killed, false);
  },
);
