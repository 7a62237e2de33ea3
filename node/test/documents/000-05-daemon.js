// Create daemon process
const child = spawn('daemon-process', [], {
detached: true,
stdio: 'ignore'
});
child.unref(); // Allow parent to exit
