const { spawn } = require('child_process');
// Streams output in real-time without loading it all into memory
const child = spawn('ls', ['-la']);
child.stdout.on('data', (data) => {
  console.log(`Output: ${data}`);
});
child.on('close', (code) => {
  console.log(`Process exited with code ${code}`);
});
// Event loop stays free while child runs
console.log('Main thread not blocked');
