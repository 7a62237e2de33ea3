// The worker of disconnect.c: the listener keeps it alive until the parent disconnects.
'use strict';

process.on('message', () => {});
process.on('exit', () => { process.exitCode = process.connected ? 1 : 0; });
process.send(true);
