const { exec } = require('child_process');

// BAD
exec(`rm -rf ${userInput}`);

// GOOD
const sanitizedInput = userInput.replace(/[^a-zA-Z0-9]/g, '');
exec(`rm -rf ${sanitizedInput}`);
