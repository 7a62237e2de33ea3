// execFile - no shell , direct binary execution
const { execFile } = require('child_process')

execFile('/usr/bin/node', ['-e', 'console.log("hello")'], (error, stdout) => {
  console.log(stdout)
})
