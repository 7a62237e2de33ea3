'use strict';

const assert = require('node:assert');
const diagnostics = require('node:diagnostics_channel');
const { cp, test, event, fixture } = require('./fixtures/support.js');

function collect(name) {
  const messages = [];
  const listener = (message) => messages.push(message);
  diagnostics.subscribe(name, listener);
  return { messages, stop: () => diagnostics.unsubscribe(name, listener) };
}

test('the channel child_process tells each new child', async () => {
  const { messages, stop } = collect('child_process');
  const child = cp.spawn('true');
  const forked = cp.fork(fixture('child.js'), ['nothing']);
  stop();
  assert.deepStrictEqual(messages.map(({ process: each }) => each), [child, forked]);
  await Promise.all([event(child, 'close'), event(forked, 'close')]);
});

// Newer Nodes trace spawn(); whether the running one does is asked of the built-in.
function tracesSpawn() {
  const { messages, stop } = collect('tracing:child_process.spawn:start');
  require('node:child_process').spawn('true').on('error', () => {});
  stop();
  return messages.length > 0;
}

test('the tracing channel child_process.spawn', async (t) => {
  if (!tracesSpawn()) {
    t.skip(`not in Node ${process.versions.node}`);
    return;
  }
  const [start, end, error] = ['start', 'end', 'error'].map((name) => collect(`tracing:child_process.spawn:${name}`));
  const child = cp.spawn('true');
  assert.strictEqual(start.messages.length, 1);
  assert.strictEqual(start.messages[0].process, child);
  assert.strictEqual(start.messages[0].options.file, 'true');
  assert.strictEqual(end.messages.length, 1);
  assert.strictEqual(end.messages[0].process, child);
  assert.strictEqual(error.messages.length, 0);
  const failed = cp.spawn('no-such-command');
  failed.on('error', () => {});
  assert.strictEqual(start.messages.length, 2);
  assert.strictEqual(end.messages.length, 1);
  assert.strictEqual(error.messages.length, 1);
  assert.strictEqual(error.messages[0].process, failed);
  assert.strictEqual(error.messages[0].error.code, 'ENOENT');
  for (const each of [start, end, error]) each.stop();
  await Promise.all([event(child, 'close'), event(failed, 'close')]);
});
