// ipc_child.js - the other end of the channels that are measured, in Node.js, Bun or Deno. ipc_child.c says what the
// verbs do.
'use strict';

let taken = 0;

const verbs = {
  echo(message) { process.send(message); },
  sink(message, handle) {
    if (handle) handle.destroy();
    if (typeof message !== 'string') {
      taken++;
      return;
    }
    process.send(taken);
    taken = 0;
  },
  size(message) { process.send((message.text ?? message).length); },
};

process.on('message', verbs[process.argv[2]]);
