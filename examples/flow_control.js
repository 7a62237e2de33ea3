// The child of flow_control.c: adds up what it gets, and tells the sum when null comes.
'use strict';

let bytes = 0;
process.on('message', (part) => {
  if (part === null) process.send(bytes);
  else bytes += part.length;
});
