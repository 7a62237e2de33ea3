// Input validation for exec
function sanitizeShellArg(input) {
  // Only allow safe characters
  if (!/^[a-zA-Z0-9_\-\.\/]+$/.test(input)) {
    throw new Error('Invalid characters in input')
  }
  return input
}

const safeFile = sanitizeShellArg(userInput)
exec(`cat ${safeFile}`, (err, stdout) => {
  // safer but still prefer spawn
})
