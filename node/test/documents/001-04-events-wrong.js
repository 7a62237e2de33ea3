// Wrong: child crashes without notice, parent keeps running with broken state
const child = spawn('some-command');
child.stdout.on('data', (data) => console.log(data));
