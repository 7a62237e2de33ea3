'use strict';
// HTTP workers that share a port; one is killed, another takes its place. Prints what was answered.

const cluster = require('node:cluster');
const http = require('node:http');

const workers = 3;
const requests = 60;

function serve() {
  http.createServer((request, response) => response.end(`${request.url} by worker`)).listen(0, '127.0.0.1');
}

function get(port, url) {
  return new Promise((resolve, reject) => {
    http.get({ port, host: '127.0.0.1', path: url, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk) => { text += chunk; }).on('end', () => resolve(text));
    }).on('error', reject);
  });
}

function once(emitter, name) {
  return new Promise((resolve) => emitter.once(name, (...values) => resolve(values)));
}

async function askAll(port, label) {
  const answers = await Promise.all(Array.from({ length: requests }, (_, i) => get(port, `/${i}`)));
  const right = answers.filter((answer, i) => answer === `/${i} by worker`).length;
  console.log(`${label}: ${right} of ${requests} right`);
}

async function main() {
  const listening = Promise.all(Array.from({ length: workers }, () => once(cluster.fork(), 'listening')));
  const { port } = (await listening)[0][0];
  await askAll(port, 'all workers');

  const [victim, second] = Object.values(cluster.workers);
  victim.process.kill('SIGKILL');
  const [, code, signal] = await once(cluster, 'exit');
  console.log('killed:', code, signal);
  await askAll(port, 'without the killed one');

  const [place] = await once(cluster.fork(), 'listening');
  console.log('restarted at the same port:', place.port === port);
  await askAll(port, 'with the new one');

  second.disconnect();
  await once(second, 'exit');
  console.log('left:', second.exitedAfterDisconnect, second.process.exitCode, second.process.signalCode);
  cluster.disconnect(() => console.log('all have left', Object.keys(cluster.workers).length));
}

if (cluster.isPrimary) main();
else serve();
