// The child of advanced.c: sends back what it gets.
'use strict';

process.on('message', (message) => {
  process.send(message);
});
