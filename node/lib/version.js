'use strict';

// What differs between versions of Node, each by its own name: the rest of the code never asks for a number.

const builtin = require('child_process');
const { promisify } = require('util');

const [major, minor] = process.versions.node.split('.').map(Number);

const isFrom = (...versions) => versions.some(([line, first]) => major === line && minor >= first);

module.exports = {
  rangesAreExact: major >= 26,           // timeout, uid, maxBuffer: the wording of what they must be
  warnsOfShellArguments: major >= 24,    // DEP0190
  tracesSpawn: major >= 24,              // the tracing channel child_process.spawn; in the first 24s nobody listens
  copiesPermissionFlags: major >= 25 || isFrom([24, 4], [22, 18]), // to NODE_OPTIONS of the child
  hasDeprecatedChannel: major < 26,      // child._channel, DEP0129
  nameOfPromisified: (name) => promisify(builtin[name]).name, // none in old ones, then that of the function
  timeoutLastsUntilClose: major >= 26,
  syncFailureHasNull: major < 22,        // stdout and stderr of a spawnSync() that could not start
  saysWhatIsDenied: major >= 22,         // ERR_ACCESS_DENIED: its resource, and the flag that would help
};
