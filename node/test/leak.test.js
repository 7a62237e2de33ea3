'use strict';
// Nothing stays of children and messages: 400 children and 10,000 messages each way in one process.

const assert = require('node:assert');
const path = require('node:path');
const { cp, test, finish, moduleName } = require('./fixtures/support.js');

const maxGrowth = 400 * 1024; // Of the heap over 300 children and 7,500 messages; one ChildProcess is about 8 KiB.

test('descriptors, handles and the heap stay flat', async () => {
  const program = path.join(__dirname, 'leak', 'leak.js');
  const { code, stdout, stderr } = await finish(cp.spawn(process.execPath, ['--expose-gc', program, moduleName]));
  assert.strictEqual(code, 0, stderr);
  const [first, ...later] = JSON.parse(stdout);
  for (const { heap, fds, handles, children } of later) {
    assert.strictEqual(fds, first.fds);
    assert.strictEqual(handles, first.handles);
    assert.strictEqual(children, '');
    assert(heap - first.heap < maxGrowth, `${heap - first.heap} bytes more`);
  }
});
