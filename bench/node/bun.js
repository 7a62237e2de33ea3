// bun.js - Bun's own functions in the shape of child_process, as far as the cases need it: events without an emitter,
// so that nothing is added to what Bun.spawn() costs.
'use strict';

function spawn(file, args, { stdio }) {
  const child = Bun.spawn([file, ...args], { stdio: [stdio, stdio, stdio] });
  const ends = stdio === 'pipe' ? [child.stdout.bytes(), child.stderr.bytes()] : [];
  return {
    on(event, listener) {
      if (event === 'close') Promise.all([child.exited, ...ends]).then(([code]) => listener(code));
    },
  };
}

function spawnSync(file, args, { stdio }) {
  return { status: Bun.spawnSync([file, ...args], { stdio: [stdio, stdio, stdio] }).exitCode };
}

module.exports = { spawn, spawnSync };
