const child = spawn('command', args);
console.log('Spawned child pid:', child.pid);
child.on('error', (err) => {
console.error('Failed to start:', err);
});
child.on('exit', (code, signal) => {
console.log('Exited:', { code, signal });
});
