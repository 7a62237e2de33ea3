// The child of send_large.c: adds up the bytes.
'use strict';

process.on('message', ({ data }) => {
  let sum = 0;
  for (let i = 0; i < data.length; i++) sum += data[i];
  process.send(sum);
});
