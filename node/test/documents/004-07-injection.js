// DANGER - shell injection vulnerability
const { exec } = require('child_process')
const userInput = req.query.filename  // attacker sends: "; rm -rf / ;"
exec(`cat ${userInput}`, (err, stdout) => {
  console.log(stdout)
})
