// The child of spawn_ipc.c.
'use strict';

process.on('message', (message) => {
  console.log('told over the channel: %s', message);
});
