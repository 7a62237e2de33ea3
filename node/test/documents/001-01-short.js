const { spawn } = require('child_process');
const child = spawn('ls', ['-la']);
child.stdout.on('data', (data) => console.log(`${data}`));
child.on('close', (code) => console.log(`Exit: ${code}`));
