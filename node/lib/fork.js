'use strict';

const { normalizeFork } = require('./options');
const { spawn } = require('./spawn');

/** Runs a module in a new Node process, with a channel for messages. */
function fork(modulePath, args = [], options) {
  const plan = normalizeFork(modulePath, args, options);
  return spawn(plan.file, plan.args, plan.options);
}

module.exports = { fork };
