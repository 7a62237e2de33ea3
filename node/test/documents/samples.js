'use strict';
// What each sample needs to run, and what it must say. README.md tells how it is run.
//
//   commands     programs that the sample calls by a made-up name: the text of a shell script each
//   files        files in its directory; `from` names another file of the documents
//   globals      what the text around the sample has defined before it, made from the module under test
//   mode         'script': the sample only defines something, which `after` uses; 'async': it awaits at its top level
//   after        program text that runs behind the sample
//   until        it does not end by itself: it is ended when its output matches this
//   visit        asks the server of the sample; what it gives belongs to the output
//   outputs      files that it writes, or that a child writes that outlives it
//   isLarge      only the length of the output is compared
//   unordered    two processes write the lines, in any order
//   expect       what the output must match; null: the sample says nothing

const net = require('node:net');

const port = 1337;
const leavesMark = {
  'child_program.js': 'require("fs").writeFileSync("mark.tmp", "ran"); require("fs").renameSync("mark.tmp", "mark");\n',
};
const notes = { 'notes.txt': 'the notes\n' };
const request = { query: { id: 'root', filename: 'notes.txt; echo injected' } };

function connect(to) {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = net.connect(to, '127.0.0.1', () => socket.end());
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(text));
  });
}

// The server may not listen yet.
async function connectWhenReady(to, signal) {
  for (;;) {
    try {
      return await connect(to);
    } catch (error) {
      if (signal.aborted || !['ECONNREFUSED', 'ECONNRESET'].includes(error.code)) throw error;
      await new Promise(setImmediate);
    }
  }
}

// Parent and child both accept: asked often enough each of them answers.
async function askBoth(signal) {
  const answers = new Set([await connectWhenReady(port, signal)]);
  while (answers.size < 2 && !signal.aborted) {
    const more = await Promise.all(Array.from({ length: 20 }, () => connect(port).catch(() => '')));
    for (const text of more) if (text) answers.add(text);
  }
  return [...answers].sort().join('\n');
}

const library = (cp) => ({ ...cp, fs: require('node:fs'), net, args: ['one', 'two'] });
const callback = (error, stdout) => console.log('callback', error && error.code, stdout);

module.exports = {
  // ---- 000: how it works inside
  '000-01-handles/main.js': {
    globals: library,
    visit: async (signal) =>
      `connected, read ${JSON.stringify(await connectWhenReady(8000, signal).catch((error) => error.code))}`,
    expect: /connected/,
  },
  '000-02-stdio.js': {
    globals: library,
    commands: { cmd: 'echo "cmd $*"' },
    outputs: ['out.log'],
    expect: /cmd one two\n.*cmd one two\n/s,
  },
  '000-03-spawn-sync.js': { expect: /total \d[^]*\n0\n$/ },
  '000-04-kill.js': { globals: library, commands: { 'long-running-process': 'exec cat' }, expect: null },
  '000-05-daemon.js': {
    globals: library,
    commands: { 'daemon-process': 'echo ran >mark.tmp; mv mark.tmp mark' },
    outputs: ['mark'],
    expect: null,
  },
  '000-06-pool.js': {
    mode: 'script',
    files: { 'double.js': 'process.on("message", (n) => process.send(n * 2));\n' },
    after: `
      const pool = new ProcessPool('./double.js', 2);
      Promise.all([1, 2, 3, 4, 5, 6].map((n) => pool.execute(n))).then((results) => {
        console.log(results.join());
        pool.destroy();
      });`,
    expect: /^2,4,6,8,10,12\n$/,
  },
  '000-07-ways.js': { globals: library, expect: /total \d/ },
  '000-08-debug.js': {
    globals: library,
    commands: { command: 'exit 3' },
    expect: /Spawned child pid: PID\nExited: \{ code: 3, signal: null \}\n/,
  },
  '000-09-ipc-tap.js': {
    globals: (cp) => ({ child: cp.fork('./echo.js') }),
    files: { 'echo.js': 'process.once("message", (message) => process.send({ got: message }));\n' },
    after: 'child.send({ a: 1 });',
    expect: /^\[IPC\] Sending: \{"a":1\}\n\[IPC\] Received: \{"got":\{"a":1\}\}\n$/,
  },
  '000-10-alive.js': {
    globals: (cp) => ({ child: cp.spawn('cat').on('exit', (code, signal) => console.log(code, signal)) }),
    expect: /^null SIGTERM\n$/,
  },
  '000-11-large.js': {
    globals: (cp) => ({
      child: cp.fork('./look.js'),
      largeBuffer: Buffer.alloc(300000, 1),
      size: 300000,
      createSharedArrayBuffer: (size) => ({ name: `memory-of-${size}` }),
    }),
    files: {
      'look.js': `let left = 2;
        process.on('message', ({ data, shmName }) => {
          console.log(shmName ?? data.data.length);
          if (--left === 0) process.disconnect();
        });\n`,
    },
    expect: /^300000\nmemory-of-300000\n$/,
  },
  '000-12-exit.js': {
    globals: (cp) => ({ ...library(cp), child: cp.spawn('true') }),
    commands: { cmd: 'echo ran >mark.tmp; mv mark.tmp mark' },
    outputs: ['mark'],
    expect: null,
  },

  // ---- 001: an interview's questions
  '001-01-short.js': { expect: /total \d[^]*\nExit: 0\n$/ },
  '001-02-quick.js': { expect: /^Main thread not blocked\nOutput: total \d[^]*\nProcess exited with code 0\n$/ },
  '001-03-large-output.js': {
    globals: library,
    files: { 'huge-file.txt': 'a line of text\n'.repeat(90000) },
    isLarge: true,
    expect: /^2398577 characters\n/,
  },
  '001-04-events-wrong.js': { globals: library, expect: /Error: spawn some-command ENOENT/ },
  '001-04-events-right.js': {
    globals: (cp) => ({ child: cp.spawn('sh', ['-c', 'exit 3']) }),
    expect: /^Exited with code 3\n$/,
  },
  '001-05-injection.js': {
    globals: (cp) => ({ exec: cp.exec, req: request, callback }),
    expect: /callback null root:.*callback null root:/s,
    unordered: true,
  },
  '001-06-copies.js': {
    globals: (cp) => ({ child: cp.fork('./count.js') }),
    files: { 'count.js': 'process.once("message", (data) => { data.count++; process.send(data); });\n' },
    after: 'child.on("exit", () => console.log("parent has", sharedData));',
    mode: 'script',
    expect: /Parent received: \{ count: 1 \}\nparent has \{ count: 0 \}\n/,
  },
  '001-07-orphans.js': {
    globals: library,
    commands: { 'long-running-process': 'exit 0', 'process': 'echo ran >mark.tmp; mv mark.tmp mark' },
    outputs: ['mark'],
    expect: null,
  },
  '001-08-npm-list.js': {
    mode: 'script',
    files: { 'package.json': '{"name":"of-the-sample","version":"1.0.0"}\n' },
    after: 'getInstalledPackages().then((text) => console.log(text));',
    expect: /of-the-sample@1\.0\.0/,
  },
  '001-09-log-filter.js': { outputs: ['errors.txt'], expect: /^Filtering started...\n/ },
  '001-10-requests/main.js': { expect: /^Sum: 15\n$/ },

  // ---- 002: the reference
  '002-01-spawn-ls.js': { expect: /stdout: total [^]*child process exited with code 0\n$/ },
  '002-03-exec-quotes.js': { expect: null },
  '002-04-exec-cat.js': { files: { 'one.js': '1\n2\n', 'two.js': '3\n' }, expect: /stdout: \d+\n/ },
  '002-05-exec-promise.js': { expect: /stdout: .*main\.js/ },
  '002-06-exec-abort.js': { expect: /AbortError: The operation was aborted[^]*code: 'ABORT_ERR'/ },
  '002-07-exec-file-version.js': { expect: /^v\d+\.\d+\.\d+/ },
  '002-08-exec-file-promise.js': { expect: /^v\d+\.\d+\.\d+/ },
  '002-09-exec-file-abort.js': { expect: /AbortError: The operation was aborted[^]*code: 'ABORT_ERR'/ },
  '002-10-fork-abort.js': { expect: null },
  '002-11-defaults.js': {
    mode: 'script',
    after: 'console.log(defaults.cwd, defaults.env === process.env);',
    expect: /^undefined true\n$/,
  },
  '002-12-spawn-ls.js': { expect: /stdout: total [^]*child process exited with code 0\n$/ },
  '002-13-ps-grep.js': {
    commands: { ps: 'echo " 1 sshd"; echo " 2 other"; echo " 3 ssh-agent"' },
    expect: /^ 1 sshd\n 3 ssh-agent\n/,
  },
  '002-14-bad-command.js': { expect: /^Failed to start subprocess\.\n$/ },
  '002-15-spawn-abort.js': { expect: null },
  '002-16-detached.js': { files: leavesMark, outputs: ['mark'], expect: null },
  '002-17-detached-files.js': {
    commands: { prg: 'echo out; echo err >&2; echo ran >mark.tmp; mv mark.tmp mark' },
    outputs: ['mark', 'out.log'],
    expect: null,
  },
  '002-18-stdio.js': { commands: { prg: 'echo prg >&2' }, expect: /^prg\nprg\n$/ },
  '002-19-close.js': { expect: /child process (close all stdio|exited) with code 0\n/ },
  '002-20-kill.js': { expect: /child process terminated due to receipt of signal SIGHUP\n/ },
  '002-21-kill-grandchild.js': { until: /is alive[^]*is alive/, isRepeated: true, expect: /PID is alive/ },
  '002-22-pid.js': { expect: /^Spawned child pid: PID\n$/ },
  '002-23-ref.js': { files: leavesMark, outputs: ['mark'], expect: null },
  '002-24-send/main.js': {
    until: /(?=[^]*PARENT got)(?=[^]*CHILD got)/,
    unordered: true,
    expect: /CHILD got message: \{ hello: 'world' \}\nPARENT got message: \{ foo: 'bar', baz: null \}\n/,
  },
  '002-25-server/main.js': { port, visit: askBoth, expect: /handled by child\nhandled by parent/ },
  '002-26-socket/main.js': {
    port,
    visit: (signal) => connectWhenReady(port, signal),
    expect: /Request handled with normal priority/,
  },
  '002-27-stdio-assert.js': { outputs: ['err.out'], expect: null },
  '002-28-stdout.js': { expect: /Received chunk .*main\.js/ },
  '002-29-unref.js': { files: leavesMark, outputs: ['mark'], expect: null },

  // ---- 003: an article
  '003-01-spawn.js': { expect: /stdout: total [^]*Child process exited with code 0\n$/ },
  '003-02-exec.js': { expect: /stdout: total / },
  '003-03-fork/main.js': {
    until: /Message from child/,
    unordered: true,
    expect: /Message from child: \{ received: true \}\nMessage from parent: \{ hello: 'world' \}\n/,
  },
  '003-04-python.js': {
    commands: { python: 'echo "ran $1"; echo "warned" >&2' },
    expect: /Python script output: ran script\.py\n/,
  },
  '003-05-primes/main.js': { expect: /ERR_MISSING_ARGS/ },
  '003-06-cpus.js': {
    files: { 'worker.js': { from: '003-05-primes/worker.js' } },
    expect: /ERR_MISSING_ARGS/,
    unordered: true,
  },
  '003-07-error.js': {
    globals: (cp) => ({ child: cp.spawn('no-such-command') }),
    expect: /Failed to start child process: Error: spawn no-such-command ENOENT/,
  },
  '003-08-exit.js': {
    globals: (cp) => ({ child: cp.spawn('cat', { stdio: ['inherit', 'pipe', 'inherit'] }) }),
    after: 'child.unref(); child.stdout.unref();',
    expect: null,
  },
  '003-09-options.js': { commands: { command: 'exit 0' }, expect: null },
  '003-10-user-input.js': {
    globals: () => ({ userInput: 'a; b' }),
    files: { a: '', ab: '' },
    gone: ['a', 'ab'],
    expect: null,
  },

  // ---- 004: a course
  '004-01-require.js': {
    mode: 'script',
    after: 'console.log(typeof spawn, typeof exec, typeof execFile, typeof fork);',
    expect: /^(function ?){4}\n$/,
  },
  '004-02-find.js': {
    commands: { find: 'echo "/a.log"; echo "no access" >&2' },
    expect: /stdout chunk: 7 bytes\nchild exited with code 0, signal null\n/,
  },
  '004-03-exec.js': { expect: /stdout:\ntotal / },
  '004-04-exec-file.js': { expect: /hello|undefined|^\n$/ },
  '004-05-fork/main.js': {
    unordered: true,
    expect: /child exited: 0\nfrom child: \{ status: 'done', result: 'ANALYZE THIS' \}\n/,
  },
  '004-06-run-command.js': { mode: 'async', expect: /Command failed: Exit code 1\nstderr: \n/ },
  '004-07-injection.js': { files: notes, globals: () => ({ req: request }), expect: /the notes\ninjected\n/ },
  '004-08-safe.js': { files: notes, globals: () => ({ userInput: 'notes.txt; echo injected' }), expect: null },
  '004-09-sanitize.js': { files: notes, globals: (cp) => ({ exec: cp.exec, userInput: 'notes.txt' }), expect: null },
};
