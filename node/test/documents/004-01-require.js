const { spawn, exec, execFile, fork } = require('child_process')
