// spawn - streams stdout as data arrives
const { spawn } = require('child_process')
const child = spawn('find', ['/', '-name', '*.log'])

child.stdout.on('data', (data) => {
  console.log(`stdout chunk: ${data.length} bytes`)
})

child.stderr.on('data', (data) => {
  console.error(`stderr: ${data}`)
})

child.on('exit', (code, signal) => {
  console.log(`child exited with code ${code}, signal ${signal}`)
})
