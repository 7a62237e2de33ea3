'use strict';
// Each program of the README that is followed by its output prints exactly that.

const assert = require('node:assert');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');

const readme = path.join(__dirname, 'node_modules', 'child-process-c', 'README.md');
const pairs = /^```js\n([^]*?)^```\n+^```text\n([^]*?)^```$/gm;

const programs = [...fs.readFileSync(readme, 'utf8').matchAll(pairs)].map(([, source, output]) => ({ source, output }));

test('there are programs in it', () => assert.ok(programs.length >= 5, `${programs.length} programs`));

programs.forEach(({ source, output }, i) => {
  test(`program ${i + 1}: ${source.split('\n')[0]}`, { timeout: 60000 }, () => {
    const isModule = /^(import|await) /m.test(source) && !source.includes('require(');
    const file = path.join(__dirname, `readme-${i}.${isModule ? 'mjs' : 'js'}`);
    fs.writeFileSync(file, source);
    assert.strictEqual(execFileSync(process.execPath, [file], { cwd: __dirname, encoding: 'utf8' }), output);
  });
});
