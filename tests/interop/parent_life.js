// parent_life.js - the life of a channel between a Node parent and a C child.
'use strict';
const assert = require('assert');
const {closed, finish, message, readAll, run, start, startAt} = require('./harness.js');

const quiet = ['ignore', 'inherit', 'inherit', 'ipc'];

// The messages come first; whether `disconnect` or `exit` comes next is open, as with a Node child.
function checkEnd(child, exit) {
  const first = child.log.findIndex((word) => word === 'disconnect' || word.startsWith('exit'));
  assert(!child.log.slice(first).includes('message'), child.log.join(' '));
  assert(child.log.includes('disconnect'), child.log.join(' '));
  assert(child.log.includes(`exit:${exit}`), child.log.join(' '));
  assert.strictEqual(child.log[0], 'spawn');
}

async function flood(serialization) {
  const child = startAt('child', ['flood', '50000'], quiet, {serialization});
  await closed(child);
  const count = child.messages.pop();
  assert.strictEqual(child.messages.length, count);
  assert(count > 2 && child.messages.every((text) => text === 'x'.repeat(50000)));
  checkEnd(child, 0);
}

// Until it says that enough waits; the child's loop stands still until stdin ends.
async function block(serialization) {
  const child = startAt('child', ['block-and-count'], ['pipe', 'inherit', 'inherit', 'ipc'], {serialization});
  let sent = 1;
  while (child.send('x'.repeat(1000))) sent++;
  assert(sent > 131);
  child.send('count');
  child.stdin.end();
  assert.strictEqual(await message(child), sent + 1);
  await finish(child);
}

async function large(serialization) {
  const child = startAt('worker', ['value'], quiet, {serialization});
  const text = 'naïve €'.repeat(1e6);
  for (let i = 0; i < 3; i++) child.send({i, text});
  for (let i = 0; i < 3; i++) {
    if (child.messages.length <= i) await message(child);
    assert.strictEqual(child.messages[i].i, i);
    assert(child.messages[i].text === text);
  }
  await finish(child);
}

run({
  async 'events of a child that sends and exits come in order'() {
    for (let i = 0; i < 5; i++) {
      const child = startAt('worker', ['send-and-exit', '200', '100'], quiet);
      await closed(child);
      assert.strictEqual(child.messages.length, 200);
      checkEnd(child, 0);
    }
  },
  async 'large messages before the exit arrive whole'() {
    const child = startAt('worker', ['send-and-exit', '3', '5000000'], quiet);
    await closed(child);
    assert.deepStrictEqual(child.messages.map((text) => text.length), [5000000, 5000000, 5000000]);
  },
  async 'the parent disconnects'() {
    const child = startAt('worker', ['echo'], quiet);
    child.send({hello: 'world'});
    assert.deepStrictEqual(await message(child), {hello: 'world'});
    child.disconnect();
    assert.strictEqual(child.connected, false);
    await closed(child);
    checkEnd(child, 0);
  },
  async 'the child disconnects'() {
    const child = startAt('worker', ['disconnect'], quiet);
    child.send(1);
    await closed(child);
    checkEnd(child, 0);
  },
  async 'the child exits in its message'() {
    const child = startAt('worker', ['quit'], quiet);
    child.send(1);
    await closed(child);
    checkEnd(child, 7);
  },
  async 'a child that never listens ends by itself'() {
    const child = startAt('worker', ['idle'], quiet);
    child.send(1, () => {}); // it may have ended
    await closed(child);
    checkEnd(child, 0);
  },
  async 'a killed child disconnects'() {
    const child = startAt('worker', ['echo'], quiet);
    child.send(1);
    await message(child);
    child.kill('SIGKILL');
    await closed(child);
    checkEnd(child, 'SIGKILL');
  },
  async 'messages wait for the listener'() {
    const child = startAt('child', ['late'], ['pipe', 'inherit', 'inherit', 'ipc']);
    for (let i = 0; i < 5; i++) child.send('early');
    await new Promise((resolve) => { child.send('count', resolve); });
    child.stdin.end();
    assert.strictEqual(await message(child), 6);
    await finish(child);
  },
  async 'what was sent before a disconnect arrives, then the disconnect'() {
    const child = startAt('child', ['events'], ['ignore', 'pipe', 'inherit', 'ipc']);
    child.send([1, {a: 'b'}]);
    child.send('last');
    child.disconnect();
    assert.strictEqual(await readAll(child.stdout), '[1,{"a":"b"}],"last",disconnect,false');
    await closed(child);
  },
  async 'the callback of send is called'() {
    const child = startAt('worker', ['echo'], quiet);
    assert.strictEqual(await new Promise((resolve) => { child.send('x', resolve); }), null);
    await message(child);
    await finish(child);
  },
  async 'a channel at other fds'() {
    for (const at of [0, 4, 9, 20]) {
      const stdio = Array.from({length: at + 1}, (_, i) => i === at ? 'ipc' : i < 3 ? 'inherit' : 'ignore');
      const child = startAt('worker', ['echo'], stdio);
      child.send([at]);
      assert.deepStrictEqual(await message(child), [at]);
      await finish(child);
    }
  },
  async 'fork() with execPath'() {
    const child = start('child', ['mode']);
    assert.strictEqual(await message(child), 'json');
    await closed(child);
    checkEnd(child, 0);
  },
  async 'the serialization is told'() {
    const child = start('child', ['mode'], {serialization: 'advanced'});
    assert.strictEqual(await message(child), 'advanced');
    await closed(child);
  },
  async 'the child hides its variables'() {
    const child = startAt('worker', ['environment'], quiet);
    assert.deepStrictEqual(await message(child), []);
    await closed(child);
  },
  'a child that sends too much is told to wait: json': () => flood('json'),
  'a child that sends too much is told to wait: advanced': () => flood('advanced'),
  'a child that blocks fills the queue: json': () => block('json'),
  'a child that blocks fills the queue: advanced': () => block('advanced'),
  'large messages come back: json': () => large('json'),
  'large messages come back: advanced': () => large('advanced'),
  async 'requests of the parent'() {
    const child = startAt('worker', ['request'], quiet, {serialization: 'advanced'});
    const answers = new Map();
    child.on('message', ({id, result, error}) => answers.set(id, error ?? result));
    for (let id = 0; id < 100; id++) child.send({id, cmd: 'add', data: [id, 1]});
    child.send({id: 'x', cmd: 'fail'});
    while (answers.size < 101) await message(child);
    for (let id = 0; id < 100; id++) assert.strictEqual(answers.get(id), id + 1);
    assert.strictEqual(answers.get('x'), 'no');
    await finish(child);
  },
  async 'requests of the child'() {
    const child = startAt('child', ['ask'], quiet);
    let sum = 0;
    child.on('message', (request) => {
      if (typeof request === 'number') return;
      const {id, n} = request;
      if (n % 10 === 3) return child.send({id, error: 'no'});
      sum += n * 2;
      if (n % 2 === 0) child.send({id, result: n * 2});
      else setImmediate(() => child.send({id, result: n * 2}));
    });
    await closed(child);
    assert.strictEqual(child.messages.length, 101);
    assert.strictEqual(child.messages.pop(), sum);
  },
  async 'sending to a child that has gone says so'() {
    const child = startAt('worker', ['echo'], quiet);
    await finish(child);
    const error = await new Promise((resolve) => { assert.strictEqual(child.send(1, resolve), false); });
    assert.strictEqual(error.code, 'ERR_IPC_CHANNEL_CLOSED');
  },
});
