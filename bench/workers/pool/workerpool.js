// workerpool.js - the worker of workerpool.
'use strict';
const workerpool = require(process.env.BENCH_WORKERPOOL);
const { work } = require('./job.js');

workerpool.worker({ work });
