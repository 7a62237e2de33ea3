const child = spawn('long-running-process');
// Send signal
child.kill('SIGTERM');
// Or with process.kill
process.kill(child.pid, 'SIGKILL');
