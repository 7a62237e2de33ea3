// BAD: Large messages
child.send({ data: largeBuffer }); // May fail or be slow
// GOOD: Use shared memory or files for large data
const shm = createSharedArrayBuffer(size);
child.send({ shmName: shm.name });
