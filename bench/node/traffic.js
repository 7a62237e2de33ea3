// traffic.js - the messages that are sent, and the sending of many.
'use strict';

const UNDER_WAY = 4 * 1024 * 1024; // bytes, at most 1000 messages

const text = (length) => 'x'.repeat(length);

const records = (count) => Array.from({ length: count }, (_, i) => (
  { id: 1000 + i, name: `record number ${i}`, on: i % 2 === 0, share: i / 8, tags: ['a', 'bc', 'def'] }
));

// `same` is a cheap proof that an answer is what was sent.
const kinds = {
  'json-100': {
    title: 'json 100 B', serialization: 'json', bytes: 100,
    make: () => ({ id: 1, text: text(81) }), same: (message) => message.text.length === 81,
  },
  'json-10k': {
    title: 'json 10 kB', serialization: 'json', bytes: 10000,
    make: () => ({ id: 1, rows: records(118) }), same: (message) => message.rows.length === 118,
  },
  'advanced-100': {
    title: 'advanced 100 B', serialization: 'advanced', bytes: 100,
    make: () => ({ id: 1, text: text(81) }), same: (message) => message.text.length === 81,
  },
  'advanced-buffer': {
    title: 'advanced Buffer 64 KiB', serialization: 'advanced', bytes: 65536,
    make: () => ({ id: 1, data: Buffer.alloc(65536, 1) }), same: (message) => message.data.length === 65536,
  },
};

const windowOf = (kind) => Math.max(16, Math.min(1000, Math.floor(UNDER_WAY / kind.bytes)));

// Sends `count` messages, so many at a time that the memory for those that wait stays small.
async function sendAll(end, kind, count) {
  const message = kind.make();
  const batch = windowOf(kind);
  for (let left = count; left > 0; left -= batch) {
    for (let i = Math.min(left, batch); i > 1; i--) end.send(message);
    await new Promise((resolve, reject) => {
      end.send(message, (error) => (error ? reject(error) : resolve()));
    });
  }
}

module.exports = { kinds, sendAll, windowOf };
