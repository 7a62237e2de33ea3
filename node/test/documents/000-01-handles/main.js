// Parent
const server = net.createServer();
server.listen(8000);
const child = fork('worker.js');
child.send({ type: 'server' }, server);
