// SAFE - pass arguments as array , shell: false
const { spawn } = require('child_process')

spawn('cat', [userInput], { shell: false })
// userInput is passed as a literal argument to cat, not interpreted by shell
