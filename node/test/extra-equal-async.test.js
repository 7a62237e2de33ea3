'use strict';
// Calls with odd arguments, made of ours and of the built-in.

const { testVerb } = require('./fixtures/equal.js');

for (const verb of ['spawn', 'execFile', 'exec', 'fork']) testVerb(verb);
