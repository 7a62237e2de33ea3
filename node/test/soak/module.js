'use strict';
// The module under test, as for the other tests: CHILD_PROCESS_MODULE, or ours.

const path = require('node:path');

const moduleName = process.env.CHILD_PROCESS_MODULE || path.join(__dirname, '..', '..', 'index.js');
const isShort = process.argv.includes('--short');

module.exports = { childProcess: require(moduleName), isShort, moduleName };
