'use strict';
// options.dieWithParent: a child does not outlive a parent that is killed.

const assert = require('node:assert');
const { cp, test, event, moduleName, seen } = require('./fixtures/support.js');

// A parent whose child holds fd 3 and says what its end was.
function startParent(options, program = 'echo ready; exec cat <&3') {
  const text = `
    const cp = require(${JSON.stringify(moduleName)});
    const options = { stdio: ['ignore', 'inherit', 'inherit', 3], ...${JSON.stringify(options)} };
    cp.spawn('sh', ['-c', ${JSON.stringify(program)}], options);`;
  return cp.spawn(process.execPath, ['-e', text], { stdio: ['pipe', 'pipe', 'inherit', 'pipe'] });
}

test('the child ends with its parent', async () => {
  const parent = startParent({ dieWithParent: true });
  await seen(parent.stdout, 'ready');
  const gone = event(parent.stdio[3], 'end');
  parent.stdio[3].resume();
  const closed = event(parent, 'close');
  parent.kill('SIGKILL');
  await gone;
  await closed;
});

test('without it the child lives on', async () => {
  const parent = startParent({});
  await seen(parent.stdout, 'ready');
  const exited = event(parent, 'exit');
  const closed = event(parent, 'close');
  parent.kill('SIGKILL');
  await exited;
  parent.stdio[3].write('x');
  assert.strictEqual(parent.stdio[3].readableEnded, false);
  parent.stdio[3].end();
  parent.stdio[3].resume();
  await closed;
});

test('a signal of its own', async () => {
  const parent = startParent(
    { dieWithParent: 'SIGUSR1' },
    'trap "echo got the signal >&3; exit" USR1; echo ready; while :; do sleep 0.01; done',
  );
  await seen(parent.stdout, 'ready');
  const told = seen(parent.stdio[3], 'got the signal');
  const closed = event(parent, 'close');
  parent.kill('SIGKILL');
  await told;
  await closed;
});

test('it is checked', () => {
  assert.throws(() => cp.spawn('true', { dieWithParent: 'SIGNOTHING' }), { code: 'ERR_UNKNOWN_SIGNAL' });
  assert.throws(() => cp.spawn('true', { dieWithParent: {} }), { code: 'ERR_INVALID_ARG_TYPE' });
});
