'use strict';
// Nothing stays of pools and their tasks: 6 pools and 6,000 tasks in one process.

const assert = require('node:assert');
const path = require('node:path');
const { cp, test, finish, moduleName } = require('./fixtures/support.js');

const maxGrowth = 200 * 1024; // Of the heap over 4 pools and 4,000 tasks.

test('descriptors, handles and the heap stay flat', async () => {
  const program = path.join(__dirname, 'leak', 'pool.js');
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
