// jest.js - the worker of jest-worker.
'use strict';
const { work } = require('./job.js');

module.exports = { work };
