'use strict';

// Puts our functions in the place of the built-in module's, for the whole program: whoever asks for child_process from
// then on, by require(), import or process.getBuiltinModule(), gets them; so does cluster, which takes fork from there
// when it is first loaded.

const childProcess = require('node:child_process');
const { syncBuiltinESMExports } = require('node:module');

/** Undefined: this process may not load addons. It may be a child that was restricted, and must run all the same. */
function load() {
  try {
    return require('./index.js');
  } catch (error) {
    if (error.code !== 'ERR_DLOPEN_DISABLED') throw error;
    process.emitWarning('addons are disabled (see --allow-addons), so the built-in child_process is used',
      { type: 'Warning', code: 'child-process-c' });
    return undefined;
  }
}

/** The functions of Node, as they were. */
const builtin = Object.freeze({ ...childProcess });

const ours = load();
for (const name of Object.keys(ours ?? {}))
  if (Object.hasOwn(childProcess, name)) childProcess[name] = ours[name];
syncBuiltinESMExports();

module.exports = { builtin };
