// node.js - the drop-in beside the built-in child_process of Node.js, and beside Bun.
'use strict';
const { parseArgs } = require('node:util');
const { cases } = require('./node/cases.js');
const { format } = require('./node/report.js');
const { measure } = require('./node/rounds.js');
const { subjects } = require('./node/subjects.js');

const USAGE = 'options: [--json] [--quick] [--rss GIB,GIB,...] [--rounds N] [--only PART-OF-CASE]\n';

const known = {
  json: { type: 'boolean' }, quick: { type: 'boolean' }, help: { type: 'boolean' },
  rss: { type: 'string', default: '0,2' }, rounds: { type: 'string' }, only: { type: 'string', default: '' },
};

function readOptions() {
  const { values } = parseArgs({ options: known });
  const sizes = values.rss.split(',').map(Number);
  const rounds = Number(values.rounds ?? (values.quick ? 3 : 9));
  if (!(rounds >= 1) || sizes.some((gib) => !(gib >= 0))) throw new Error('not a number');
  return { ...values, sizes, rounds, budget: values.quick ? 200 : 500 };
}

const takesPart = (one, gib, { only }) => (
  (one.gib ?? [0]).some((size) => size === gib || (size > 0 && gib > 0))
    && one.rows.some(({ name }) => `${name} rss=${gib}`.includes(only)));

async function main(options) {
  const everybody = subjects();
  for (const gib of options.sizes) {
    for (const one of cases.filter((each) => takesPart(each, gib, options))) {
      if (process.stderr.isTTY) process.stderr.write(`node: ${one.name} rss=${gib} ...\n`);
      process.stdout.write(format(await measure(one, gib, everybody, options), options.json));
    }
  }
}

let options;
try {
  options = readOptions();
} catch (error) {
  process.stderr.write(`${error.message}\n${USAGE}`);
  process.exit(2);
}
if (options.help) process.stdout.write(USAGE);
else main(options);
