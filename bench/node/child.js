// child.js - the other end of the channels that are measured: an ordinary process of the runtime, with its own channel.
'use strict';
const { kinds, sendAll } = require('./traffic.js');

let taken = 0;

const verbs = {
  hello() {},
  echo(message) { process.send(message); },
  // Counts, and answers with the number when a text says that it is the end.
  sink(message) {
    if (typeof message !== 'string') {
      taken++;
      return;
    }
    process.send(taken);
    taken = 0;
  },
  // Sends as many messages as it is told.
  source(count) { sendAll(process, kinds[process.argv[3]], count); },
};

process.on('message', verbs[process.argv[2]]);
if (process.argv[2] === 'hello') process.send('hello');
