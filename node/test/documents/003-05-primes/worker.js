// worker.js
process.on('message', (message) => {
  const result = computePrimes(message.number);
  process.send(result);
});

function computePrimes(n) {
  // CPU-intensive computation
  // ...
}
