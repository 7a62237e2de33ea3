// envelope.js - a worker with numbers: {id, ...task} in, {id, result} out.
'use strict';
const { work } = require('./job.js');

process.on('message', ({ id, ...task }) => process.send({ id, result: work(task) }));
