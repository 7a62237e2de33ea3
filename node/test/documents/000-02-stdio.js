// Different stdio configurations
spawn('cmd', args, {
stdio: 'inherit' // Share parent's stdio
});
spawn('cmd', args, {
stdio: 'pipe' // Create pipes (default)
});
spawn('cmd', args, {
stdio: ['pipe', 'pipe', 'pipe', 'ipc'] // With IPC
});
spawn('cmd', args, {
stdio: [0, 1, 2] // Inherit specific fds
});
spawn('cmd', args, {
stdio: ['pipe', fs.openSync('out.log', 'w'), 'pipe']
});
