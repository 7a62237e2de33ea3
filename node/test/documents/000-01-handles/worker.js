// Worker
process.on('message', (msg, handle) => {
if (msg.type === 'server') {
handle.on('connection', (socket) => {
// Handle connection in worker
});
}
});
