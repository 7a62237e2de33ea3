'use strict';

// Puts our functions in the place of the built-in module's, for the whole program: whoever asks for child_process from
// then on, by require(), import or process.getBuiltinModule(), gets them; so does cluster, which takes fork from there
// when it is first loaded.

const childProcess = require('node:child_process');
const { syncBuiltinESMExports } = require('node:module');
const ours = require('./index.js');

/** The functions of Node, as they were. */
const builtin = Object.freeze({ ...childProcess });

for (const name of Object.keys(ours))
  if (Object.hasOwn(childProcess, name)) childProcess[name] = ours[name];
syncBuiltinESMExports();

module.exports = { builtin };
