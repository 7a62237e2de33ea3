// parent.js
const { fork } = require('child_process')

const child = fork('./worker.js')

child.send({ cmd: 'process', data: { id: 42, payload: 'analyze this' } })

child.on('message', (msg) => {
  console.log('from child:', msg)
  child.disconnect()
})

child.on('exit', (code) => {
  console.log(`child exited: ${code}`)
})
