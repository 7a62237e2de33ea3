// The worker of process_pool.c: a task is a number, its result the square of it.
'use strict';

process.on('message', (number) => {
  process.send(number * number);
});
