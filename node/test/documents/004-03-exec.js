// exec - buffers everything into one string
const { exec } = require('child_process')

exec('ls -la', (error, stdout, stderr) => {
  if (error) {
    console.error(`exec error: ${error.message}`)
    return
  }
  console.log(`stdout:\n${stdout}`)
  if (stderr) console.error(`stderr:\n${stderr}`)
})
