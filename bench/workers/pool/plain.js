// plain.js - a worker of the plain contract: a message in, a message out.
'use strict';
const { work } = require('./job.js');

process.on('message', (task) => process.send(work(task)));
