// BAD: Shell spawning overhead
exec('ls -la', (err, stdout) => { });
// GOOD: Direct execution
execFile('ls', ['-la'], (err, stdout) => { });
// BETTER: spawn with streaming
const child = spawn('ls', ['-la']);
child.stdout.pipe(process.stdout);
