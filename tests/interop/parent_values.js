// parent_values.js - the table of values from a Node parent through a C child and back.
'use strict';
const assert = require('assert');
const util = require('util');
const {finish, run, startAt} = require('./harness.js');
const {same, table} = require('./values.js');

async function trip(verb, serialization) {
  const rows = table(serialization), wrong = [];
  const child = startAt('worker', [verb], ['ignore', 'inherit', 'inherit', 'ipc'], {serialization});
  let next = 0;
  const done = new Promise((resolve) => {
    child.on('message', (actual) => {
      const [name, , expected] = rows[next++];
      if (!same(serialization, name, actual, expected)) wrong.push(`${name}: ${util.inspect(actual).slice(0, 200)}`);
      if (next === rows.length) resolve();
    });
    child.on('disconnect', resolve);
  });
  for (const [, value] of rows) child.send(value);
  await done;
  assert.deepStrictEqual(wrong, []);
  assert.strictEqual(next, rows.length);
  assert(rows.length >= 150);
  if (child.connected) await finish(child);
}

const tests = {
  'every value in json, as text': () => trip('echo', 'json'),
  'every value in json, through a value of C': () => trip('value', 'json'),
};
if (process.env.CP_JSON_ONLY === undefined) {
  tests['every value in advanced'] = () => trip('echo', 'advanced');
  tests['every value in advanced, through a value of C'] = () => trip('value', 'advanced');
}
run(tests);
