'use strict';

const assert = require('node:assert');
const { cp, test, fixture, major } = require('./fixtures/support.js');

const program = fixture('child.js');
const asynchronous = [
  ['spawn', cp.spawn],
  ['execFile', cp.execFile],
];
const synchronous = [
  ['spawnSync', cp.spawnSync],
  ['execFileSync', cp.execFileSync],
];

function throwsType(start, message) {
  assert.throws(start, { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE', message });
}

function throwsRange(start, message) {
  assert.throws(start, { name: 'RangeError', code: 'ERR_OUT_OF_RANGE', message });
}

test('the file is a text that is not empty', () => {
  for (const [, verb] of [...asynchronous, ...synchronous]) {
    throwsType(() => verb(), 'The "file" argument must be of type string. Received undefined');
    throwsType(() => verb(1), 'The "file" argument must be of type string. Received type number (1)');
    throwsType(() => verb({}), 'The "file" argument must be of type string. Received an instance of Object');
    throwsType(() => verb(null), 'The "file" argument must be of type string. Received null');
    assert.throws(() => verb(''), {
      name: 'TypeError',
      code: 'ERR_INVALID_ARG_VALUE',
      message: "The argument 'file' cannot be empty. Received ''",
    });
  }
});

test('the command of exec is a text', () => {
  for (const verb of [cp.exec, cp.execSync]) {
    throwsType(() => verb(), 'The "command" argument must be of type string. Received undefined');
    throwsType(() => verb(1), 'The "command" argument must be of type string. Received type number (1)');
    throwsType(
      () => verb(Symbol('x')),
      'The "command" argument must be of type string. Received type symbol (Symbol(x))',
    );
    throwsType(() => verb(['ls']), 'The "command" argument must be of type string. Received an instance of Array');
  }
  throwsType(() => cp.exec(null, () => {}), 'The "command" argument must be of type string. Received null');
});

test('args and options are objects', () => {
  for (const [, verb] of [...asynchronous, ...synchronous]) {
    throwsType(() => verb('true', 1), 'The "args" argument must be of type object. Received type number (1)');
    throwsType(() => verb('true', true), 'The "args" argument must be of type object. Received type boolean (true)');
    throwsType(() => verb('true', [], 1), 'The "options" argument must be of type object. Received type number (1)');
    throwsType(
      () => verb('true', [], 'x'),
      'The "options" argument must be of type object. Received type string (\'x\')',
    );
  }
});

test('callback is a function', () => {
  throwsType(
    () => cp.execFile('true', [], {}, 1),
    'The "callback" argument must be of type function. Received type number (1)',
  );
  throwsType(
    () => cp.exec('true', {}, 'x'),
    'The "callback" argument must be of type function. Received type string (\'x\')',
  );
});

test('cwd', () => {
  for (const [, verb] of [...asynchronous, ...synchronous]) {
    for (const cwd of [1, true, [], {}]) {
      assert.throws(
        () => verb('true', { cwd }),
        (error) => {
          assert.strictEqual(error.code, 'ERR_INVALID_ARG_TYPE');
          assert(
            error.message.startsWith(
              'The "options.cwd" property must be of type string or an instance of Buffer or URL. Received ',
            ),
            error.message,
          );
          return true;
        },
      );
    }
  }
});

test('detached, windowsHide, windowsVerbatimArguments are booleans', () => {
  for (const name of ['detached', 'windowsHide', 'windowsVerbatimArguments']) {
    for (const value of [1, 'x', {}]) {
      assert.throws(
        () => cp.spawn('true', { [name]: value }),
        (error) => {
          assert.strictEqual(error.code, 'ERR_INVALID_ARG_TYPE');
          assert(
            error.message.startsWith(`The "options.${name}" property must be of type boolean. Received `),
            error.message,
          );
          return true;
        },
      );
    }
  }
});

test('argv0 and shell', () => {
  for (const [, verb] of [...asynchronous, ...synchronous]) {
    throwsType(
      () => verb('true', { argv0: 1 }),
      'The "options.argv0" property must be of type string. Received type number (1)',
    );
    throwsType(
      () => verb('true', { shell: 1 }),
      'The "options.shell" property must be one of type boolean or string. Received type number (1)',
    );
  }
});

test('timeout is a number that is not negative', () => {
  const range = major >= 26 ? />= 0 && <= 9007199254740991/ : /must be an unsigned integer/;
  for (const verb of [cp.execFile, cp.spawnSync, cp.execFileSync, cp.exec, cp.execSync]) {
    for (const timeout of [-1, 1.5, NaN, Infinity]) {
      assert.throws(
        () => verb('true', { timeout }),
        (error) => {
          assert.strictEqual(error.code, 'ERR_OUT_OF_RANGE');
          assert.match(error.message, /"timeout"/);
          return true;
        },
      );
    }
    throwsRange(() => verb('true', { timeout: -1 }), range);
    assert.throws(
      () => verb('true', { timeout: '5' }),
      (error) => /^ERR_(OUT_OF_RANGE|INVALID_ARG_TYPE)$/.test(error.code),
    );
  }
});

test('maxBuffer is a number that is not negative', () => {
  for (const verb of [cp.execFile, cp.spawnSync, cp.execFileSync, cp.exec, cp.execSync]) {
    for (const maxBuffer of [-1, -Infinity, NaN]) {
      assert.throws(
        () => verb('true', { maxBuffer }),
        (error) => {
          assert.strictEqual(error.code, 'ERR_OUT_OF_RANGE');
          assert.match(error.message, /"options\.maxBuffer"/);
          return true;
        },
      );
    }
    assert.throws(
      () => verb('true', { maxBuffer: '5' }),
      (error) => /^ERR_(OUT_OF_RANGE|INVALID_ARG_TYPE)$/.test(error.code),
    );
  }
});

test('killSignal is a signal', () => {
  for (const verb of [cp.execFile, cp.spawnSync, cp.execFileSync, cp.exec, cp.execSync]) {
    for (const killSignal of ['SIGNOTHING', 'term', 999]) {
      assert.throws(() => verb('true', { killSignal }), {
        name: 'TypeError',
        code: 'ERR_UNKNOWN_SIGNAL',
        message: `Unknown signal: ${killSignal}`,
      });
    }
    assert.throws(() => verb('true', { killSignal: {} }), { code: 'ERR_INVALID_ARG_TYPE' });
    assert.throws(() => verb('true', { killSignal: true }), { code: 'ERR_INVALID_ARG_TYPE' });
  }
});

test('input of the sync verbs', () => {
  for (const verb of [cp.spawnSync, cp.execFileSync, cp.execSync]) {
    for (const input of [1, true, {}, []]) {
      assert.throws(
        () => verb('true', { input }),
        (error) => {
          assert.strictEqual(error.code, 'ERR_INVALID_ARG_TYPE');
          assert.match(
            error.message,
            /^The "options\.stdio\[0\]" property must be .*an instance of Buffer, TypedArray, or DataView\./,
          );
          return true;
        },
      );
    }
  }
});

test('execPath, execArgv and args of fork', () => {
  assert.throws(() => cp.fork(program, { execPath: 1 }), { code: 'ERR_INVALID_ARG_TYPE' });
  assert.throws(() => cp.fork(program, [], 'x'), { code: 'ERR_INVALID_ARG_TYPE' });
});

test('nothing was started by all these', () => {
  // The check of the children after each test says so; this one starts a child to show that it can.
  const { status } = cp.spawnSync('true');
  assert.strictEqual(status, 0);
});
