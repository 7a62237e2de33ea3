'use strict';

// Builds the addon: finds Node's headers, then lets make do it. Nothing is fetched.
//
//   node install.js [--nodedir=DIR] [--find-headers]
//     --nodedir=DIR      DIR has include/node, or the sources of Node
//     --find-headers     says only where the headers are

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const systemInclude = '/usr/include';

// The directories with node_api.h and with uv.h of one installation of headers; undefined if it is none. Debian's
// libnode-dev leaves uv.h to libuv1-dev.
function headersAt(include, uvInclude = include) {
  if (!fs.existsSync(path.join(include, 'node_api.h'))) return undefined;
  const uv = [uvInclude, systemInclude].find((directory) => fs.existsSync(path.join(directory, 'uv.h')));
  return uv && { include, uv };
}

function option(name) {
  const prefix = `--${name}=`;
  return process.argv.find((argument) => argument.startsWith(prefix))?.slice(prefix.length);
}

// What the user named comes first; then what belongs to the Node that runs this; then what the system has. Node-API and
// libuv 1 keep their binary interface, so headers of another version do when there are none of this one.
function* candidates() {
  const { env } = process;
  for (const nodedir of [option('nodedir'), env.npm_config_nodedir, env.npm_package_config_node_gyp_nodedir]) {
    if (!nodedir) continue;
    yield [path.join(nodedir, 'include', 'node')];
    yield [path.join(nodedir, 'src'), path.join(nodedir, 'deps', 'uv', 'include')];
  }
  yield [path.join(path.dirname(process.execPath), '..', 'include', 'node')];
  for (const version of cachedVersions()) yield [path.join(version, 'include', 'node')];
  const nodejs = path.join(systemInclude, 'nodejs');
  yield [path.join(systemInclude, 'node')];
  yield [path.join(nodejs, 'src'), path.join(nodejs, 'deps', 'uv', 'include')];
}

// What node-gyp has fetched for other addons: this version, then the others.
function cachedVersions() {
  const cache = process.env.npm_config_devdir ||
    path.join(process.env.XDG_CACHE_HOME || path.join(os.homedir(), '.cache'), 'node-gyp');
  const own = path.join(cache, process.versions.node);
  let names = [];
  try {
    names = fs.readdirSync(cache);
  } catch {
    // There is no cache: only the place where it would be is named.
  }
  const others = names.filter((name) => /^\d+\.\d+\.\d+$/.test(name) && name !== process.versions.node);
  return [own, ...others.sort().reverse().map((name) => path.join(cache, name))];
}

function findHeaders() {
  const looked = new Set();
  for (const [include, uvInclude] of candidates()) {
    const headers = headersAt(include, uvInclude);
    if (headers) return headers;
    looked.add(include);
  }
  const list = [...looked].map((at) => `    ${at}\n`).join('');
  return fail(`the headers of Node (node_api.h and uv.h) are in none of\n${list}` +
    '  They come with the archives of nodejs.org; Debian has them in libnode-dev.\n' +
    '  Where they lie elsewhere: npm_config_nodedir=DIR npm install, with DIR/include/node/node_api.h.\n' +
    '  `npx node-gyp install` fetches them; then run npm install again. Or build with them at once:\n' +
    '  npx node-gyp rebuild --nodedir=DIR');
}

function fail(text) {
  console.error(`child-process-c: ${text}`);
  process.exit(1);
}

function requireTool(tool, why) {
  const [command, ...rest] = tool.split(' ');
  const { error, status } = spawnSync(command, [...rest, '--version'], { stdio: 'ignore' });
  if (error || status !== 0) fail(`${tool}, ${why}, does not run${error ? `: ${error.message}` : ''}`);
}

function runMake({ include, uv }) {
  const env = { ...process.env };
  // Those of a make that npm may run under are not for ours.
  for (const name of ['MAKEFLAGS', 'MFLAGS', 'MAKELEVEL']) delete env[name];
  const settings = [`INCLUDE=${include}`, `UV_INCLUDE=${uv}`];
  if (env.CC) settings.push(`CC=${env.CC}`);
  const make = ['-s', '--no-print-directory', `-j${os.availableParallelism()}`, ...settings];
  const { error, status } = spawnSync('make', make, { cwd: __dirname, env, stdio: 'inherit' });
  if (error || status !== 0) fail(`make did not get through${error ? `: ${error.message}` : ''}`);
}

// An addon that does not load here is better known now than when a program starts.
function tryIt() {
  const addon = path.resolve(__dirname, process.env.ADDON_BUILD_DIR || 'build', 'Release', 'child_process.node');
  try {
    require(addon);
  } catch (error) {
    fail(`what was built does not load in Node ${process.versions.node}: ${error.message}`);
  }
}

if (process.platform !== 'linux') fail(`only Linux is supported, this is ${process.platform}`);
const headers = findHeaders();
if (process.argv.includes('--find-headers')) {
  console.log(headers.include);
} else {
  requireTool('make', 'which builds the addon');
  requireTool(process.env.CC || 'cc', 'the C compiler');
  runMake(headers);
  tryIt();
  console.log(`child-process-c: built with the headers in ${headers.include}`);
}
