// worker.js of "Running Multiple Processes", for fork_many.c.
'use strict';

process.on('message', ({ workerId }) => {
  process.send({ workerId, pid: process.pid });
});
