'use strict';
// npm itself: `npm run` with arguments and hooks, and `npm install` of a package in a directory. NPM is its program.

const { execFileSync, spawnSync } = require('node:child_process');
const fs = require('node:fs');

function put(file, value) {
  fs.mkdirSync(require('node:path').dirname(file), { recursive: true });
  fs.writeFileSync(file, typeof value === 'string' ? value : JSON.stringify(value));
}

function npm(...args) {
  const flags = ['--no-audit', '--no-fund', '--no-update-notifier', '--offline', '--loglevel=error', '--cache=cache'];
  return execFileSync(process.execPath, [process.env.NPM, ...flags, ...args], { encoding: 'utf8' }).trim();
}

put('local/package.json', { name: 'local', version: '1.2.3', bin: { 'local-tool': 'tool.js' }, main: 'main.js' });
put('local/tool.js', '#!/usr/bin/env node\nconsole.log("tool", process.argv.slice(2).join());\n');
put('local/main.js', 'module.exports = "local main";\n');
fs.chmodSync('local/tool.js', 0o755);
put('package.json', {
  name: 'app',
  version: '1.0.0',
  scripts: {
    prehello: 'echo before',
    hello: 'echo hello from npm',
    posthello: 'echo after',
    tool: 'local-tool',
    fail: 'exit 3',
    postinstall: 'node -e "fs.writeFileSync(\'postinstall.txt\', process.env.npm_lifecycle_event)"',
  },
});

console.log(npm('run', 'hello', '--', 'and "more"'));
npm('install', './local', '--install-links=true');
npm('install'); // Runs the scripts of the application itself.
console.log(require(fs.realpathSync('node_modules/local')), fs.readFileSync('postinstall.txt', 'utf8'));
console.log(npm('run', 'tool', '--', 'one', 'two'));
console.log(spawnSync(process.execPath, [process.env.NPM, 'run', 'fail', '--silent'], { encoding: 'utf8' }).status);
