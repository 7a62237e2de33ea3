// The child of ipc_trace.c: doubles numbers.
'use strict';

process.on('message', (n) => {
  process.send(2 * n);
});
