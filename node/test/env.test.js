'use strict';

const assert = require('node:assert');
const { cp, test, outcome, event, finish, fixture, script, temporaryDirectory } = require('./fixtures/support.js');

function lines(text) {
  return text.split('\n').filter((line) => line && !/^(PWD|_|SHLVL|OLDPWD)=/.test(line));
}

const env = '/usr/bin/env';

test('env replaces the environment, for every verb', async () => {
  const options = { env: { ONE: '1', TWO: 'a b=c' } };
  const expected = ['ONE=1', 'TWO=a b=c'];
  assert.deepStrictEqual(lines((await finish(cp.spawn(env, options))).stdout), expected);
  assert.deepStrictEqual(lines((await outcome((done) => cp.exec(env, options, done))).stdout).sort(), expected);
  assert.deepStrictEqual(lines((await outcome((done) => cp.execFile(env, options, done))).stdout), expected);
  assert.deepStrictEqual(lines(String(cp.spawnSync(env, options).stdout)), expected);
  assert.deepStrictEqual(lines(String(cp.execSync(env, options))).sort(), expected);
  assert.deepStrictEqual(lines(String(cp.execFileSync(env, options))), expected);
  const forked = await finish(cp.fork(fixture('child.js'), ['env'], { ...options, silent: true }));
  assert.deepStrictEqual(JSON.parse(forked.stdout), { ONE: '1', TWO: 'a b=c' });
});

test('without env it is process.env', async () => {
  process.env.CHILD_PROCESS_TEST_NAME = 'a value';
  try {
    const { stdout } = await finish(cp.spawn(env));
    assert.deepStrictEqual(lines(stdout), lines(Object.entries(process.env).map((pair) => pair.join('=')).join('\n')));
    assert(stdout.includes('CHILD_PROCESS_TEST_NAME=a value\n'));
  } finally {
    delete process.env.CHILD_PROCESS_TEST_NAME;
  }
});

test('null and undefined are process.env', async () => {
  for (const value of [null, undefined, false, 0, '']) {
    const child = cp.spawn(env, { env: value });
    const { stdout } = await finish(child);
    assert(stdout.includes(`PATH=${process.env.PATH}\n`));
  }
});

test('values are made texts, undefined is left out', async () => {
  const object = { toString: () => 'text' };
  const values = { A: 1, B: true, C: null, D: undefined, E: '', F: object, G: 1.5, H: [1, 2] };
  const { stdout } = await finish(cp.spawn(env, { env: values }));
  assert.deepStrictEqual(lines(stdout), ['A=1', 'B=true', 'C=null', 'E=', 'F=text', 'G=1.5', 'H=1,2']);
});

test('inherited keys count, symbols do not', async () => {
  const base = Object.create({ FAR: 'far' });
  base.NEAR = 'near';
  const own = Object.create(base);
  own.OWN = 'own';
  own.FAR = 'hidden';
  own[Symbol('S')] = 'symbol';
  Object.defineProperty(own, 'INVISIBLE', { value: 'x', enumerable: false });
  const { stdout } = await finish(cp.spawn(env, { env: own }));
  assert.deepStrictEqual(lines(stdout), ['OWN=own', 'FAR=hidden', 'NEAR=near']);
});

test('an object without a prototype', async () => {
  const bare = Object.assign(Object.create(null), { A: 'a' });
  assert.deepStrictEqual(lines((await finish(cp.spawn(env, { env: bare }))).stdout), ['A=a']);
});

test('an empty environment', async () => {
  const { stdout, code } = await finish(cp.spawn(env, { env: {} }));
  assert.strictEqual(code, 0);
  assert.deepStrictEqual(lines(stdout), []);
});

test('names and values of any letters', async () => {
  const { stdout } = await finish(cp.spawn(env, { env: { 'é': '中文', 'WITH.DOT': '=', 'a b': '😀' } }));
  assert.deepStrictEqual(lines(stdout), ['é=中文', 'WITH.DOT==', 'a b=😀']);
});

test('the key order is kept', async () => {
  const names = ['Z', 'A', 'M', 'B'];
  const { stdout } = await finish(cp.spawn(env, { env: Object.fromEntries(names.map((name) => [name, '1'])) }));
  assert.deepStrictEqual(lines(stdout), names.map((name) => `${name}=1`));
});

test('many and long variables', async () => {
  const values = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`NAME_${i}`, 'v'.repeat(i * 4)]));
  const { stdout } = await finish(cp.spawn(env, { env: values }));
  assert.deepStrictEqual(lines(stdout), Object.entries(values).map((pair) => pair.join('=')));
});

test('the command is searched in options.env.PATH', async (t) => {
  const directory = temporaryDirectory(t);
  script(directory, 'only-here', '#!/bin/sh\necho found\n');
  const { stdout } = await finish(cp.spawn('only-here', { env: { PATH: `/nowhere:${directory}` } }));
  assert.strictEqual(stdout, 'found\n');
  const child = cp.spawn('only-here');
  assert.strictEqual((await event(child, 'error'))[0].code, 'ENOENT');
  await event(child, 'close');
  assert.strictEqual(String(cp.spawnSync('only-here', { env: { PATH: directory } }).stdout), 'found\n');
});

test('the first match of PATH wins, what may not be executed is passed over', async (t) => {
  const [one, two] = [temporaryDirectory(t), temporaryDirectory(t)];
  script(one, 'both', '#!/bin/sh\necho one\n');
  script(two, 'both', '#!/bin/sh\necho two\n');
  script(one, 'plain', 'no program', 0o644);
  script(two, 'plain', '#!/bin/sh\necho plain\n');
  script(one, 'never', 'no program', 0o644);
  assert.strictEqual((await finish(cp.spawn('both', { env: { PATH: `${one}:${two}` } }))).stdout, 'one\n');
  assert.strictEqual((await finish(cp.spawn('plain', { env: { PATH: `${one}:${two}` } }))).stdout, 'plain\n');
  const child = cp.spawn('never', { env: { PATH: `${one}:${two}` } });
  assert.strictEqual((await event(child, 'error'))[0].code, 'EACCES');
  await event(child, 'close');
});

test('without PATH the system\'s default is searched', async () => {
  assert.strictEqual((await finish(cp.spawn('true', { env: {} }))).code, 0);
});

test('NODE_V8_COVERAGE is handed on', async (t) => {
  const before = process.env.NODE_V8_COVERAGE;
  process.env.NODE_V8_COVERAGE = temporaryDirectory(t);
  try {
    const { stdout } = await finish(cp.spawn(env, { env: { A: '1' } }));
    assert.deepStrictEqual(lines(stdout), ['A=1', `NODE_V8_COVERAGE=${process.env.NODE_V8_COVERAGE}`]);
    const own = await finish(cp.spawn(env, { env: { NODE_V8_COVERAGE: '/tmp/own' } }));
    assert.deepStrictEqual(lines(own.stdout), ['NODE_V8_COVERAGE=/tmp/own']);
  } finally {
    if (before === undefined) delete process.env.NODE_V8_COVERAGE;
    else process.env.NODE_V8_COVERAGE = before;
  }
});

test('a change of process.env after the call does not matter', async () => {
  process.env.CHILD_PROCESS_TEST_NAME = 'before';
  const child = cp.spawn(env);
  process.env.CHILD_PROCESS_TEST_NAME = 'after';
  const { stdout } = await finish(child);
  delete process.env.CHILD_PROCESS_TEST_NAME;
  assert(stdout.includes('CHILD_PROCESS_TEST_NAME=before\n'));
});

test('a variable without a name is no error, and one with = in its name is what it looks like', async () => {
  const { stdout } = await finish(cp.spawn('/usr/bin/env', [], { env: { '': 'nobody', 'A=B': 'c', 'D': 'e' } }));
  assert.deepStrictEqual(stdout.match(/^[AD]=.*$/gm), ['A=B=c', 'D=e']);
});
