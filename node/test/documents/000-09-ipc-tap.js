// Parent
child.on('message', (msg) => {
console.log('[IPC] Received:', JSON.stringify(msg));
});
const originalSend = child.send.bind(child);
child.send = (msg, ...args) => {
console.log('[IPC] Sending:', JSON.stringify(msg));
return originalSend(msg, ...args);
};
