'use strict';
// ProcessPool: tasks and their results, and how its workers are started.

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { pathToFileURL } = require('node:url');
const { cp, test, finish, ourModule, temporaryDirectory } = require('./fixtures/support.js');
const { plainWorker, withPool, withWorkers } = require('./fixtures/pool.js');

const { ProcessPool } = cp;

test('each task gets its own result', () => withWorkers(2, async (pool) => {
  const numbers = Array.from({ length: 300 }, (_, i) => i);
  const results = await Promise.all(numbers.map((n) => pool.execute(n)));
  assert.deepStrictEqual(results, numbers.map((n) => n * 2));
}));

const json = [null, true, -0.5, '', 'ünïcode \u{1f600} \u2028', [1, [2]], { a: { b: [] } }, 'x'.repeat(300000)];
const clones = [{ big: 1n }, new Date(5), /a/gi, new Map([[1, new Set([2])]]), new Uint16Array([1, 2]), Buffer.from('b'),
  [1, , 3], NaN, -0, new Error('e').message, 'y'.repeat(300000), Buffer.alloc(300000, 7)];

test('values as JSON', () => withWorkers(2, async (pool) => {
  const results = await Promise.all(json.map((echo) => pool.execute({ echo })));
  assert.deepStrictEqual(results, json);
}));

test('values as structured clones', () => withWorkers({ size: 2, serialization: 'advanced' }, async (pool) => {
  const values = [...json, ...clones];
  const results = await Promise.all(values.map((echo) => pool.execute({ echo })));
  assert.deepStrictEqual(results, values);
}));

test('the size is a number, an option, or 4', async () => {
  const sizes = [[3, 3], [{ size: 2 }, 2], [undefined, 4], [{}, 4]];
  for (const [given, size] of sizes) await withWorkers(given, (pool) => assert.strictEqual(pool.size, size));
  await withWorkers({ size: 0 }, (pool) => assert(pool.size >= 1)); // as many as there are CPUs
});

test('workers are started as by fork()', async (t) => {
  const cwd = temporaryDirectory(t);
  const options = { size: 1, cwd, args: ['a', 'b c'], execArgv: ['--no-warnings'], env: { ...process.env, MARK: 'm' } };
  await withWorkers(options, async (pool) => {
    const { pid, ...facts } = await pool.execute({ facts: 0 });
    assert.deepStrictEqual(facts, { args: ['a', 'b c'], execArgv: ['--no-warnings'], cwd, mark: 'm', id: '1' });
    assert.strictEqual(pool.workers[0].pid, pid);
  });
});

test('the flags of this process are inherited', async () => {
  const program = `
    const { ProcessPool } = require(${JSON.stringify(ourModule)});
    const pool = new ProcessPool(${JSON.stringify(plainWorker)}, 1);
    pool.execute({ facts: 0 }).then(({ execArgv }) => { console.log(execArgv.join()); pool.destroy(); });`;
  const { stdout } = await finish(cp.spawn(process.execPath, ['--no-warnings', '-e', program]));
  assert.strictEqual(stdout, '--no-warnings\n');
});

test('the module may be a URL, or relative to the working directory of the workers', async () => {
  await withPool(pathToFileURL(plainWorker), 1, async (pool) => assert.strictEqual(await pool.execute(1), 2));
  const options = { size: 1, cwd: path.dirname(plainWorker) };
  await withPool(`./${path.basename(plainWorker)}`, options, async (pool) => assert.strictEqual(await pool.execute(1), 2));
});

test('options.execPath: a worker in another language', async (t) => {
  const file = path.join(temporaryDirectory(t), 'worker.sh');
  fs.writeFileSync(file, 'while read -r line <&3; do echo "[$line]" >&3; done\n');
  await withPool(file, { size: 1, execPath: '/bin/sh', execArgv: [] }, async (pool) => {
    assert.deepStrictEqual(await pool.execute({ a: 1 }), [{ a: 1 }]);
  });
});

test('what it is doing can be seen', () => withWorkers(2, async (pool) => {
  await Promise.all([1, 2, 3, 4].map((n) => pool.execute(n)));
  const { submitted, succeeded, failed, waiting, running, started, runTime } = pool.stats;
  assert.deepStrictEqual({ submitted, succeeded, failed, waiting, running },
    { submitted: 4, succeeded: 4, failed: 0, waiting: 0, running: 0 });
  assert(started <= 2 && runTime > 0);
  for (const worker of pool.workers) assert(['starting', 'ready'].includes(worker.state) && worker.running === 0);
  assert.strictEqual(pool.workers.reduce((sum, { done }) => sum + done, 0), 4);
  await pool.destroy();
  assert.strictEqual(pool.stats.succeeded, 4);
  assert.deepStrictEqual(pool.workers, []);
}));

test('a task of a getter that submits another one', () => withWorkers(1, async (pool) => {
  let inner;
  const outer = pool.execute({ get echo() { inner = pool.execute(4); return 'outer'; } });
  assert.deepStrictEqual(await Promise.all([outer, inner]), ['outer', 8]);
}));

test("the sample of the documents runs with ours in the place of its class", async (t) => {
  const directory = temporaryDirectory(t);
  const sample = fs.readFileSync(path.join(__dirname, 'documents', '000-06-pool.js'), 'utf8');
  fs.writeFileSync(path.join(directory, 'double.js'), 'process.on("message", (n) => process.send(n * 2));\n');
  const use = `
    const pool = new ProcessPool('./double.js', 2);
    Promise.all([1, 2, 3, 4, 5, 6].map((n) => pool.execute(n))).then((results) => {
      console.log(results.join());
      pool.destroy();
    });`;
  const start = sample.indexOf('class ProcessPool');
  assert(start > 0);
  const programs = [sample + use, `const { ProcessPool } = require(${JSON.stringify(ourModule)});${use}`];
  for (const program of programs) {
    const end = await finish(cp.spawn(process.execPath, ['-e', program], { cwd: directory }));
    assert.deepStrictEqual(end, { code: 0, signal: null, stdout: '2,4,6,8,10,12\n', stderr: '' });
  }
});

test('it is a class of its own, which can be extended', async () => {
  class Own extends ProcessPool {
    double(n) { return this.execute(n); }
  }
  const pool = new Own(plainWorker, 1);
  assert.strictEqual(await pool.double(3), 6);
  await pool.destroy();
  assert.throws(() => ProcessPool(plainWorker), TypeError);
});
