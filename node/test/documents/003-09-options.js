const { spawn } = require('child_process');

const child = spawn('command', [], {
  stdio: 'pipe',
  maxBuffer: 1024 * 1024 // 1MB
});
