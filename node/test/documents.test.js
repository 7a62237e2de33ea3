'use strict';
// Every sample of the documents, as it stands there: see documents/README.md.

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { test, isOurs } = require('./fixtures/support.js');
const samples = require('./documents/samples.js');
const { portIsFree, prepare, run } = require('./documents/run.js');

const directory = path.join(__dirname, 'documents');

for (const [name, sample] of Object.entries(samples)) {
  test(name, async (t) => {
    const place = prepare(name, sample);
    t.after(() => fs.rmSync(place.top, { recursive: true, force: true }));
    if (sample.port) await portIsFree(sample.port, { aborted: false });
    const expected = await run(name, sample, place, false);
    const check = ({ stdout, stderr, late }) => {
      assert.strictEqual(late, false, `it did not end: ${stdout}${stderr}`);
      if (sample.expect) assert.match(stdout + stderr, sample.expect);
      else assert.strictEqual(stdout, '');
    };
    check(expected);
    if (!isOurs) return;
    const again = prepareAgain(name, sample, place);
    if (sample.port) await portIsFree(sample.port, { aborted: false });
    const actual = await run(name, sample, again, true);
    check(actual);
    assert.deepStrictEqual(actual, expected);
  });
}

/** What the first run has taken away is put back. */
function prepareAgain(name, sample, place) {
  for (const [file, text] of Object.entries(sample.files ?? {})) {
    const target = path.join(place.cwd, file);
    if (!fs.existsSync(target)) fs.writeFileSync(target, text);
  }
  return place;
}

test('every file of the documents belongs to a sample', () => {
  const files = fs.readdirSync(directory).filter((file) => /^\d/.test(file));
  const named = new Set(Object.keys(samples).map((name) => name.split('/')[0]));
  assert.deepStrictEqual(
    files.filter((file) => !named.has(file)),
    [],
  );
});

// The documents themselves are not part of this project: DOCUMENTS names their directory.
test(
  'the samples are the text of the documents, but for blanks',
  { skip: process.env.DOCUMENTS ? false : 'DOCUMENTS is not set' },
  () => {
    const join = (text) => text.replace(/\s+/g, ' ').trim();
    const documents = new Map(
      fs
        .readdirSync(process.env.DOCUMENTS)
        .map((file) => [file.slice(0, 3), join(fs.readFileSync(path.join(process.env.DOCUMENTS, file), 'utf8'))]),
    );
    for (const name of Object.keys(samples)) {
      const folder = path.join(directory, name.split('/')[0]);
      const files = folder.endsWith('.js') ? [folder] : fs.readdirSync(folder).map((file) => path.join(folder, file));
      for (const file of files)
        assert(documents.get(name.slice(0, 3)).includes(join(fs.readFileSync(file, 'utf8'))), file);
    }
  },
);
