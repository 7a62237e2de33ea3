// The worker of "fork() with bidirectional messaging and error handling", for fork_sum.c: {id, cmd: 'sum', data: [...]}
// is answered by {id, result} or {id, error}. Its twins: worker_c.c, worker.py.
'use strict';

function sum(data) {
  const isList = Array.isArray(data) && data.every((item) => typeof item === 'number');
  if (!isList) throw new TypeError('data is no list of numbers');
  return data.reduce((total, item) => total + item, 0);
}

process.on('message', ({ id, cmd, data }) => {
  if (cmd !== 'sum') return;
  try {
    process.send({ id, result: sum(data) });
  } catch (error) {
    process.send({ id, error: error.message });
  }
});
