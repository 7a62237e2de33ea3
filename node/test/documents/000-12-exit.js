// Always handle child exit
child.on('exit', () => {
// Cleanup
});
// Or with spawn options
spawn('cmd', args, {
detached: true,
stdio: 'ignore'
}).unref(); // Won't keep parent alive
