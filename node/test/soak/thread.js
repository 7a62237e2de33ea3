'use strict';
// A worker thread that is ended while its children run: some end by themselves, one echoes for ever.

const path = require('node:path');
const { parentPort } = require('node:worker_threads');
const { childProcess } = require('./module.js');

function again() {
  childProcess.spawn('/bin/echo', ['word']).on('close', again);
}

const child = childProcess.fork(path.join(__dirname, 'echo.js'));
child.on('message', (message) => {
  child.send(message);
  parentPort.postMessage('under way');
});
child.send({ text: 'x'.repeat(1000) });
again();
