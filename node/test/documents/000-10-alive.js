child.kill('SIGTERM'); // May fail with EPERM
// Check if process is still alive
if (child.exitCode === null && child.signalCode === null) {
try {
process.kill(child.pid, 0); // Check existence
} catch (e) {
if (e.code !== 'ESRCH') throw e;
}
}
