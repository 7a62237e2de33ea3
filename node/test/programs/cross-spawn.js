'use strict';
// cross-spawn: both of its forms, a script with a #! line, a missing command.

const fs = require('node:fs');
const spawn = require('cross-spawn');

const text = (stream) => new Promise((resolve) => {
  let all = '';
  stream.setEncoding('utf8').on('data', (chunk) => { all += chunk; }).on('end', () => resolve(all));
});

async function main() {
  const child = spawn('sort', ['-r']);
  child.stdin.end('a\nc\nb\n');
  console.log(JSON.stringify(await text(child.stdout)));

  const sync = spawn.sync('sh', ['-c', 'echo "$0 $1"; exit 3', 'name', '$HOME "quoted"']);
  console.log(sync.status, String(sync.stdout));

  fs.writeFileSync('a script.js', '#!/usr/bin/env node\nconsole.log(process.argv.slice(2));\n', { mode: 0o755 });
  const script = spawn('./a script.js', ['one', '^two&']);
  console.log(await text(script.stdout));

  const missing = spawn('no-such-command', ['x']);
  missing.on('error', ({ code, syscall, path, spawnargs }) => console.log(code, syscall, path, spawnargs));
  console.log(spawn.sync('no-such-command').error.code);
}

main();
