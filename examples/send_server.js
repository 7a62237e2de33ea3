// subprocess.js of "Example: sending a server object", for send_server.c. It ends when the parent disconnects.
'use strict';

process.on('message', (m, server) => {
  if (m === 'server') {
    server.on('connection', (socket) => {
      socket.end('handled by child');
    });
    process.on('disconnect', () => server.close());
  }
});
