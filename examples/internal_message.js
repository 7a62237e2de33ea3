// The child of internal_message.c.
'use strict';

process.on('message', (message) => {
  console.log('message: %s', JSON.stringify(message));
});
process.on('internalMessage', (message) => {
  if (message.cmd === 'NODE_foo') console.log('internalMessage: %s', JSON.stringify(message));
});
