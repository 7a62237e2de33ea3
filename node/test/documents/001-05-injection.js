// Wrong: userId = "123; rm -rf /" becomes a real shell command
const userId = req.query.id;
exec(`grep ${userId} /etc/passwd`, callback);
// Right: execFile skips the shell entirely
const { execFile } = require('child_process');
execFile('grep', [userId, '/etc/passwd'], callback);
