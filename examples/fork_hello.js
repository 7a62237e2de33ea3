// child.js of "Using fork()", for fork_hello.c.
'use strict';

process.on('message', (message) => {
  console.log('Message from parent:', message);
  process.send({ received: true });
});
