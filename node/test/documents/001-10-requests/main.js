// parent.js
const { fork } = require('child_process');
const path = require('path');
const child = fork(path.join(__dirname, 'worker.js'));
let messageId = 0;
const pending = new Map();
function calculate(data) {
  return new Promise((resolve, reject) => {
    const id = ++messageId;
    pending.set(id, { resolve, reject });
    child.send({ id, cmd: 'sum', data });
  });
}
child.on('message', (msg) => {
  const handler = pending.get(msg.id);
  if (!handler) return;
  pending.delete(msg.id);
  msg.error ? handler.reject(new Error(msg.error)) : handler.resolve(msg.result);
});
child.on('error', (err) => console.error('Worker failed to start:', err));
process.on('exit', () => child.kill());
calculate([1, 2, 3, 4, 5]).then((result) => {
  console.log('Sum:', result); // Sum: 15
  child.kill();
});
