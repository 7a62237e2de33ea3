const { spawn } = require('child_process')

function runCommand(cmd, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(cmd, args, {
      timeout: options.timeout || 30000,
      shell: false,
      ...options
    })

    let stdout = ''
    let stderr = ''

    child.stdout.on('data', (data) => { stdout += data })
    child.stderr.on('data', (data) => { stderr += data })

    child.on('error', (err) => {
      reject(new Error(`Failed to spawn: ${err.message}`))
    })

    child.on('exit', (code, signal) => {
      const metadata = { code, signal, stdout, stderr }

      if (code !== 0) {
        if (signal === 'SIGTERM') {
          return reject(new Error(`Process timed out after ${options.timeout}ms`))
        }
        return reject(Object.assign(new Error(`Exit code ${code}`), metadata))
      }

      resolve(metadata)
    })
  })
}

// Usage
try {
  const result = await runCommand('node', ['-e', 'process.exit(1)'], { timeout: 5000 })
  console.log(result.stdout)
} catch (err) {
  console.error(`Command failed: ${err.message}`)
  console.error(`stderr: ${err.stderr}`)
}
