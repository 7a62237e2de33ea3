// worker.js of "CPU-Intensive Task", for pool_primes.c.
'use strict';

function computePrimes(n) {
  const composite = new Uint8Array(n + 1);
  let count = 0;
  for (let i = 2; i <= n; i++) {
    if (composite[i]) continue;
    count++;
    for (let k = i * i; k <= n; k += i) composite[k] = 1;
  }
  return count;
}

process.on('message', (task) => process.send(computePrimes(task.number)));
