// Wrong: child keeps running after parent crashes
const child = spawn('long-running-process');
// Right: clean up on exit
process.on('exit', () => child.kill());
// If you want the child to outlive the parent intentionally:
const daemon = spawn('process', [], { detached: true });
daemon.unref(); // parent will not wait for it
