// worker.js
process.on('message', (msg) => {
  console.log('received:', msg)

  // do CPU work
  const result = msg.data.payload.toUpperCase()

  process.send({ status: 'done', result })
})
