// A worker in Node that takes the path of a file and answers with the number of its lines: the twin of pool_lines.c's.
'use strict';
const fs = require('fs');

function countLines(path) {
  const bytes = fs.readFileSync(path);
  let lines = 0;
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) lines++;
  return lines;
}

process.on('message', (path) => process.send(countLines(path)));
