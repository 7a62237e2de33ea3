// job.js - what a task of the pools does: {ms} milliseconds of work on a CPU; answers with the task.
'use strict';

function work(task) {
  if (task.ms > 0) {
    const end = performance.now() + task.ms;
    while (performance.now() < end);
  }
  return task;
}

module.exports = { work };
