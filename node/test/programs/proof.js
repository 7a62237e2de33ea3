'use strict';
// Preloaded into every process of a program: notes whose ChildProcess each child is.

const diagnostics = require('node:diagnostics_channel');
const fs = require('node:fs');

const { PROOF_FILE, PROOF_MODULE } = process.env;

diagnostics.subscribe('child_process', ({ process: child }) => {
  // Not before a child is made: the module may be the one that register loads.
  const isOurs = PROOF_MODULE !== undefined && child instanceof require(PROOF_MODULE).ChildProcess;
  fs.appendFileSync(PROOF_FILE, isOurs ? 'ours\n' : 'built-in\n');
});
