// Uses libuv's synchronous spawn
const { spawnSync } = require('child_process');
const result = spawnSync('ls', ['-la'], {
encoding: 'utf8'
});
console.log(result.stdout);
console.log(result.status); // Exit code
