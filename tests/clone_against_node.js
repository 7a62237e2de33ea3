#!/usr/bin/env node
// clone_against_node.js - our structured clone against the one of the Node that runs this.
//
//   node clone_against_node.js PATH/TO/clone_tool [DAMAGED]
//
// 1. v8.serialize() -> our reader -> our writer -> v8.deserialize() gives the same value.
// 2. So do messages over a real channel to the tool and back.
// 3. The tables of the unit test, of what is refused and of what is read only, are right.
// 4. Of DAMAGED messages (default 20000), made from good ones by a seeded generator, ours accepts what Node accepts, with
//    the same value, and nothing else; the exceptions stand in `mayDiffer`.
'use strict';
const assert = require('assert');
const {spawn, spawnSync} = require('child_process');
const {readFileSync} = require('fs');
const v8 = require('v8');
const {record, recordValues, values} = require('./data/clone-values.js');

const [tool, damagedCount = '20000'] = process.argv.slice(2);

// Every frame through the tool, in the format of v8.serialize(). null: it could not be read.
function throughTool(payloads) {
  const frames = payloads.flatMap((payload) => {
    const head = Buffer.alloc(4);
    head.writeUInt32BE(payload.length);
    return [head, payload];
  });
  const run = spawnSync(tool, ['v8', '0', '1'], {input: Buffer.concat(frames), maxBuffer: 1 << 30});
  assert.strictEqual(run.stderr?.toString(), '');
  assert.strictEqual(run.status, 0);
  const out = [];
  for (let at = 0; at < run.stdout.length;) {
    const length = run.stdout.readUInt32BE(at);
    out.push(length === 0 ? null : run.stdout.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  assert.strictEqual(out.length, payloads.length);
  return out;
}

// V8 writes both alike: types, order, holes and sharing are the same. (Of arrays that it has read itself, all are sparse.)
function alike(actual, expected) {
  return v8.serialize(actual).equals(v8.serialize(expected));
}

// For Node 20 an invalid date is not even equal to itself.
function equal(actual, expected, name) {
  if (!/invalid/.test(name)) assert.deepStrictEqual(actual, expected, name);
  assert(alike(actual, expected), name);
}

function checkSerialized() {
  const cases = [...values, ...recordValues];
  const payloads = [...values.map(([, value]) => v8.serialize(value)), ...recordValues.map(([, value]) => record(value))];
  throughTool(payloads).forEach((again, i) => {
    const [name] = cases[i];
    assert.notStrictEqual(again, null, `${name}: not read`);
    equal(v8.deserialize(again), v8.deserialize(payloads[i]), name);
  });
  console.log(`${payloads.length} values of v8.serialize(): the same`);
}

async function checkChannel() {
  const child = spawn(tool, ['channel', '3', '3'], {stdio: ['ignore', 'inherit', 'inherit', 'ipc'], serialization: 'advanced'});
  for (const [name, value] of values) {
    const answer = new Promise((resolve, reject) => {
      child.once('message', resolve);
      child.once('disconnect', () => reject(new Error(`${name}: the tool has gone`)));
    });
    child.send(value);
    const expected = v8.deserialize(v8.serialize(value));
    const actual = await answer;
    child.removeAllListeners('disconnect');
    equal(actual, expected, name);
  }
  child.disconnect();
  console.log(`${values.length} messages over a channel: the same`);
}

function table(name) {
  const lines = readFileSync(`${__dirname}/data/${name}`, 'utf8').split('\n');
  return lines.filter((line) => line.includes('\t') && !line.startsWith('#')).map((line) => line.split('\t'));
}

const fromHex = (hex) => Buffer.from(`ff0f${hex.replaceAll(' ', '')}`, 'hex');

function checkTables() {
  const newest = Number(process.versions.node.split('.')[0]) >= 22;
  const refused = table('clone_refused.tsv'), read = table('clone_read.tsv');
  for (const [hex, why] of refused) {
    if (/since 22/.test(why) && !newest) continue;
    assert.throws(() => v8.deserialize(fromHex(hex)), undefined, hex);
  }
  for (const [hex, usual, why] of read) {
    const theirs = accepted(fromHex(hex));
    if (theirs.error !== undefined && /by some versions/.test(why)) continue;
    assert.strictEqual(theirs.error, undefined, hex);
    checkDamagedValue(v8.deserialize(fromHex(usual)), theirs.value, fromHex(hex));
  }
  console.log(`${refused.length} lines of what is refused, ${read.length} of what is read: as Node does`);
}

// A generator with a seed: every run damages the same.
function generator(seed) {
  return (below) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.floor(seed / 2 ** 32 * below);
  };
}

const tags = Buffer.from('\0?-_0TFIUNZS"c^oA$a@{DyxnzsR;:\',B~V\\rmsc.ETR', 'latin1');

function damage(good, random) {
  const bytes = Buffer.from(good[random(good.length)]);
  if (random(8) === 0) bytes[1] = 13 + random(2);
  const other = good[random(good.length)];
  const at = 2 + random(Math.max(1, bytes.length - 2)), from = 2 + random(Math.max(1, other.length - 2));
  switch (random(6)) {
    case 0: bytes[at] ^= 1 << random(8); return bytes;
    case 1: bytes[at] = random(256); return bytes;
    case 2: bytes[at] = tags[random(tags.length)]; return bytes;
    case 3: return bytes.subarray(0, at);
    case 4: return Buffer.concat([bytes.subarray(0, at), other.subarray(from, from + 1 + random(12)), bytes.subarray(at)]);
    default: return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random(3))]);
  }
}

function accepted(payload) {
  try {
    return {value: v8.deserialize(payload)};
  } catch (error) {
    return {error};
  }
}

// Where ours may differ. Patterns of regular expressions are not compiled here. Of Node's versions some read the parts of
// an error in one order only, and some know no immutable ArrayBuffer and no Float16Array; 20 takes the flags u and v together.
const excuses = [...Buffer.from('rCh\r')];
function mayDiffer(payload, theirs) {
  if (theirs.error === undefined) return payload.includes(0x52) && process.versions.node.startsWith('20.');
  return !/^Unable to deserialize cloned data/.test(theirs.error.message) || excuses.some((byte) => payload.includes(byte));
}

// Narrow text can come in wide characters, and an ArrayBuffer be immutable: ours are written as the usual ones.
function checkDamagedValue(actual, expected, payload) {
  if (alike(actual, expected)) return;
  assert(payload.includes(0x63) || payload.includes(0x43), payload.toString('hex'));
  assert.deepStrictEqual(actual, expected, payload.toString('hex'));
}

function checkDamaged(count) {
  const random = generator(1);
  const good = [...values.map(([, value]) => v8.serialize(value)), ...recordValues.map(([, value]) => record(value))]
    .filter((payload) => payload.length < 400);
  // What V8 reads a second time for version 13 can refer to the objects of the first attempt: ours cannot.
  const payloads = Array.from({length: count}, () => damage(good, random))
    .filter((payload) => payload[1] !== 13 || !payload.includes(0x5e));
  let bad = 0;
  throughTool(payloads).forEach((again, i) => {
    const theirs = accepted(payloads[i]);
    const text = payloads[i].toString('hex');
    if ((again === null) === (theirs.error !== undefined)) {
      if (again === null) bad++;
      else checkDamagedValue(v8.deserialize(again), theirs.value, payloads[i]);
    } else if (!mayDiffer(payloads[i], theirs)) {
      assert.fail(`${text}: Node ${theirs.error ?? 'accepts it'}, ours ${again === null ? 'refuses' : again.toString('hex')}`);
    }
  });
  console.log(`${payloads.length} damaged messages, ${bad} of them bad: judged the same`);
}

checkSerialized();
checkTables();
checkChannel().then(() => checkDamaged(Number(damagedCount)));
