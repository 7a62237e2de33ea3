'use strict';
// A child that sends back what it is sent.

// The parent may be gone by then.
process.on('message', (message) => { process.send(message, () => {}); });
