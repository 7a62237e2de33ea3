const { spawn } = require('child_process');
const fs = require('fs');
// Filter error lines from a large log without loading the file into memory
const grep = spawn('grep', ['ERROR', '/var/log/app.log']);
const output = fs.createWriteStream('errors.txt');
grep.stdout.pipe(output);
grep.on('error', (err) => console.error('grep failed to start:', err));
grep.on('close', (code) => {
  if (code === 0) {
    console.log('Done, errors.txt written');
  } else {
    console.error(`grep exited with code ${code}`);
  }
});
// Runs immediately, event loop is not blocked
console.log('Filtering started...');
