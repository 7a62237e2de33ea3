// parent.js
const { fork } = require('child_process');

const child = fork('worker.js');

child.on('message', (result) => {
  console.log('Computation result:', result);
});

child.send({ number: 1000000 });
