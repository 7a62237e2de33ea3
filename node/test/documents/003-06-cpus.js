const { fork } = require('child_process');
const os = require('os');

const numCPUs = os.cpus().length;

for (let i = 0; i < numCPUs; i++) {
  const worker = fork('worker.js');
  worker.send({ workerId: i });
}
