// worker.js - runs in its own process
process.on('message', (msg) => {
  if (msg.cmd === 'sum') {
    try {
      const result = msg.data.reduce((a, b) => a + b, 0);
      process.send({ id: msg.id, result });
    } catch (err) {
      process.send({ id: msg.id, error: err.message });
    }
  }
});
