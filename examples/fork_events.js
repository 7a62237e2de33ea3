// The worker of fork_events.c.
'use strict';

process.send('first');
process.send('last');
process.disconnect();
process.exitCode = 3;
