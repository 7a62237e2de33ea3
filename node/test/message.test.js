'use strict';

const assert = require('node:assert');
const { cp, test, event, fixture, record } = require('./fixtures/support.js');

const program = fixture('child.js');

async function leave(child) {
  const ended = event(child, 'exit');
  child.disconnect();
  await ended;
}

async function echoes(child, messages) {
  const answers = [];
  const all = new Promise((resolve) =>
    child.on('message', (message) => {
      if (answers.push(message) === messages.length) resolve();
    }),
  );
  for (const message of messages) child.send(message);
  await all;
  return answers;
}

test('every value of JSON comes back', async () => {
  const child = cp.fork(program, ['echo']);
  const messages = [
    1,
    -1.5,
    0,
    1e300,
    '',
    'text',
    'é中😀\u2028\n',
    true,
    false,
    null,
    [],
    {},
    [[[]]],
    { a: { b: [1, { c: null }] } },
    '\ud800',
    'x'.repeat(70000),
    Array.from({ length: 1000 }, (_, i) => i),
    { '': '', '__proto': 1, 'key with blank': 2 },
  ];
  assert.deepStrictEqual(await echoes(child, messages), messages);
  await leave(child);
});

test('what JSON cannot say is lost', async () => {
  const child = cp.fork(program, ['echo']);
  const cases = [
    [
      { foo: 'bar', baz: NaN },
      { foo: 'bar', baz: null },
    ],
    [
      [undefined, () => {}, Symbol('s')],
      [null, null, null],
    ],
    [{ a: undefined, b: () => {} }, {}],
    [new Date(0), '1970-01-01T00:00:00.000Z'],
    [new Map([[1, 2]]), {}],
    [Infinity, null],
    [-0, 0],
    [Buffer.from('ab'), { type: 'Buffer', data: [97, 98] }],
    [{ toJSON: () => 'own' }, 'own'],
    [Object.create({ far: 1 }), {}],
  ];
  assert.deepStrictEqual(
    await echoes(
      child,
      cases.map(([sent]) => sent),
    ),
    cases.map(([, got]) => got),
  );
  await leave(child);
});

test('messages keep their order', async () => {
  const child = cp.fork(program, ['echo']);
  const messages = Array.from({ length: 2000 }, (_, i) => ({ i, text: 'x'.repeat(i % 300) }));
  assert.deepStrictEqual(await echoes(child, messages), messages);
  await leave(child);
});

test('a message that is larger than the socket', async () => {
  const child = cp.fork(program, ['echo']);
  const message = { text: 'y'.repeat(3000000) };
  assert.deepStrictEqual(await echoes(child, [message, 'small']), [message, 'small']);
  await leave(child);
});

test('send: the callback gets null, not in the call', async () => {
  const child = cp.fork(program, ['sink']);
  let called = false;
  const result = new Promise((resolve) => {
    assert.strictEqual(
      child.send('x', (...args) => {
        called = true;
        resolve(args);
      }),
      true,
    );
  });
  assert.strictEqual(called, false);
  assert.deepStrictEqual(await result, [null]);
  await leave(child);
});

test('send: all forms of its arguments', async () => {
  const child = cp.fork(program, ['echo']);
  const calls = [
    (m, done) => child.send(m, done),
    (m, done) => child.send(m, undefined, done),
    (m, done) => child.send(m, null, done),
    (m, done) => child.send(m, undefined, undefined, done),
    (m, done) => child.send(m, undefined, {}, done),
    (m, done) => child.send(m, null, { keepOpen: true }, done),
  ];
  const answers = [];
  const all = new Promise((resolve) => child.on('message', (m) => answers.push(m) === calls.length && resolve()));
  for (const [i, call] of calls.entries()) {
    assert.strictEqual(await new Promise((resolve) => call(i, resolve)), null);
  }
  await all;
  assert.deepStrictEqual(answers, [0, 1, 2, 3, 4, 5]);
  await leave(child);
});

test('send: callbacks keep their order', async () => {
  const child = cp.fork(program, ['sink']);
  const order = [];
  const sizes = [10, 500000, 10, 200000, 1];
  await Promise.all(
    sizes.map((size, i) => new Promise((resolve) => child.send('z'.repeat(size), () => resolve(order.push(i))))),
  );
  assert.deepStrictEqual(order, [0, 1, 2, 3, 4]);
  await leave(child);
});

test('send: false when much waits, and the callbacks come all the same', async () => {
  // The child is stopped, so nothing is read.
  const child = cp.fork(program, ['sink']);
  child.kill('SIGSTOP');
  const results = [];
  let called = 0;
  const text = 'b'.repeat(65536);
  const all = new Promise((resolve) => {
    for (let i = 0; i < 100; i++) results.push(child.send(text, () => ++called === 100 && resolve()));
  });
  assert.strictEqual(results[0], true);
  assert.strictEqual(results.at(-1), false);
  assert(results.lastIndexOf(true) < results.indexOf(false));
  child.kill('SIGCONT');
  await all;
  await leave(child);
});

test('send after disconnect: false, and the callback gets ERR_IPC_CHANNEL_CLOSED', async () => {
  const child = cp.fork(program, ['sink']);
  child.disconnect();
  const error = await new Promise((resolve) => {
    assert.strictEqual(child.send('x', resolve), false);
  });
  assert(error instanceof Error);
  assert.strictEqual(error.code, 'ERR_IPC_CHANNEL_CLOSED');
  assert.strictEqual(error.message, 'Channel closed');
  const log = record(child);
  assert.strictEqual(child.send('x'), false);
  await event(child, 'exit');
  assert.deepStrictEqual(
    log.filter(([name]) => name === 'error').map(([, e]) => [e.code, e.message]),
    [['ERR_IPC_CHANNEL_CLOSED', 'Channel closed']],
  );
});

test('send after the end of the child', async () => {
  const child = cp.fork(program, ['exit', '0']);
  await event(child, 'close');
  const error = await new Promise((resolve) => child.send('x', resolve));
  assert.strictEqual(error.code, 'ERR_IPC_CHANNEL_CLOSED');
});

test('a message that cannot be one throws', async () => {
  const child = cp.fork(program, ['echo']);
  assert.throws(() => child.send(), {
    name: 'TypeError',
    code: 'ERR_MISSING_ARGS',
    message: 'The "message" argument must be specified',
  });
  assert.throws(() => child.send(undefined), { code: 'ERR_MISSING_ARGS' });
  for (const message of [() => {}, Symbol('s'), 5n]) {
    assert.throws(() => child.send(message), {
      name: 'TypeError',
      code: 'ERR_INVALID_ARG_TYPE',
      message: /^The "message" argument must be one of type string, object, number, or boolean\./,
    });
  }
  const circle = {};
  circle.self = circle;
  assert.throws(() => child.send(circle), { name: 'TypeError', message: /circular structure/ });
  assert.throws(() => child.send({ big: 5n }), { name: 'TypeError', message: /BigInt/ });
  // The channel is as before.
  assert.deepStrictEqual(await echoes(child, ['still works']), ['still works']);
  await leave(child);
});

test('the other arguments of send are checked', async () => {
  const child = cp.fork(program, ['sink']);
  for (const handle of ['text', 1, true, {}, { fd: 1 }, Buffer.alloc(1)]) {
    assert.throws(() => child.send('x', handle), {
      name: 'TypeError',
      code: 'ERR_INVALID_HANDLE_TYPE',
      message: 'This handle type cannot be sent',
    });
  }
  for (const options of ['text', 1, true]) {
    assert.throws(() => child.send('x', null, options), {
      name: 'TypeError',
      code: 'ERR_INVALID_ARG_TYPE',
      message: /^The "options" argument must be of type object\./,
    });
  }
  await leave(child);
});

test('NODE_ messages are internal', async () => {
  const child = cp.fork(program, ['internal']);
  const messages = [
    { cmd: 'NODE_foo', a: 1 },
    { cmd: 'NODE_' },
    { cmd: 'node_foo' },
    { cmd: ['NODE_foo'] },
    { cmd: 'NODEfoo' },
    [{ cmd: 'NODE_foo' }],
  ];
  const answers = await echoes(child, messages);
  assert.deepStrictEqual(
    answers.map(([kind]) => kind),
    ['internal', 'message', 'message', 'message', 'message', 'message'],
  );
  assert.deepStrictEqual(
    answers.map(([, message]) => message),
    messages,
  );
  await leave(child);
});

test('internal messages to the parent', async () => {
  const child = cp.fork(program, ['tell', '{"cmd":"NODE_other","n":1}']);
  const log = record(child);
  await event(child, 'close');
  assert.deepStrictEqual(
    log.filter(([name]) => /essage/.test(name)).map(([name, message]) => [name, message]),
    [['internalMessage', { cmd: 'NODE_other', n: 1 }]],
  );
});

test('a message without a handle: the second argument is undefined', async () => {
  const child = cp.fork(program, ['tell', '{"x":1}']);
  const [message, handle] = await event(child, 'message');
  assert.deepStrictEqual(message, { x: 1 });
  assert.strictEqual(handle, undefined);
  await event(child, 'close');
});

test('messages that came before there was a listener are kept', async () => {
  const child = cp.fork(program, ['facts']);
  child.send(1);
  child.send(2);
  await new Promise((resolve) => child.send(3, resolve));
  const messages = [];
  await new Promise((resolve) => {
    child.on('message', (message) => messages.push(message) === 3 && resolve());
  });
  assert.strictEqual(messages.length, 3);
  await leave(child);
});

test('a message that is sent from a message handler', async () => {
  const child = cp.fork(program, ['echo']);
  let count = 0;
  const done = new Promise((resolve) =>
    child.on('message', (n) => {
      count++;
      if (n === 0) resolve();
      else child.send(n - 1);
    }),
  );
  child.send(50);
  await done;
  assert.strictEqual(count, 51);
  await leave(child);
});

test('an exception in a message handler is uncaught, the next message comes', async () => {
  const { moduleName, finish } = require('./fixtures/support.js');
  const text = `
    process.on('uncaughtException', (error) => console.log('caught', error.message));
    const child = require(${JSON.stringify(moduleName)}).fork(${JSON.stringify(program)}, ['count', '3']);
    child.on('message', (message) => { console.log(message); if (message === 1) throw new Error('one'); });`;
  const { stdout } = await finish(cp.spawn(process.execPath, ['-e', text]));
  assert.strictEqual(stdout, '0\n1\ncaught one\n2\n');
});

test('malformed input is an uncaught exception', async (t) => {
  const { moduleName, finish, script, temporaryDirectory } = require('./fixtures/support.js');
  const file = script(temporaryDirectory(t), 'bad', '#!/bin/sh\necho "{no json" >&$NODE_CHANNEL_FD\n');
  const text = `
    process.on('uncaughtException', (error) => console.log(error.name));
    require(${JSON.stringify(moduleName)}).fork('x', { execPath: ${JSON.stringify(file)} });`;
  const { stdout } = await finish(cp.spawn(process.execPath, ['-e', text]));
  assert.strictEqual(stdout, 'SyntaxError\n');
});
