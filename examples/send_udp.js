// The child of send_udp.c: gets a UDP socket, and tells what it receives. It ends when the parent disconnects.
'use strict';

process.on('message', (m, server) => {
  if (m === 'server') {
    server.on('message', (datagram) => process.send(datagram.toString()));
    process.on('disconnect', () => server.close());
  }
});
