'use strict';

// The arguments of the verbs, in all the orders that the reference allows, made into one options object.

const diagnostics = require('diagnostics_channel');
const { isMainThread } = require('worker_threads');
const { codes } = require('./errors');
const { expand } = require('./stdio');
const validate = require('./validate');
const version = require('./version');

const { ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE } = codes;

// ---------------------------------------------------------------- environment

/** Coverage is gathered from programs, too, that give their children an environment of their own. */
function withCoverage(env, given) {
  const name = 'NODE_V8_COVERAGE';
  const directory = process.env[name];
  if (directory && given && !Object.hasOwn(given, name)) env[name] = directory;
}

const PERMISSION_FLAGS = [
  '--allow-addons', '--allow-child-process', '--allow-fs-read', '--allow-fs-write', '--allow-inspector', '--allow-net',
  '--allow-wasi', '--allow-worker', '--permission',
];

/** A child of a restricted program is restricted like it, unless it says otherwise itself. */
function withPermissions(env, args) {
  const isPermission = (word) => /^--permission(-audit)?(=|$)/.test(word);
  const words = (env.NODE_OPTIONS ?? '').split(/\s+/);
  if (args.includes('--permission') || args.includes('--permission-audit') || words.some(isPermission)) return;
  const flags = process.execArgv.filter((arg) => PERMISSION_FLAGS.some((flag) => arg.startsWith(flag)));
  if (flags.length > 0) env.NODE_OPTIONS = [env.NODE_OPTIONS, ...flags].filter(Boolean).join(' ');
}

function toPairs(env) {
  const pairs = [];
  // Inherited keys count: an environment may be made by Object.create(process.env).
  for (const key in env) {
    const value = env[key];
    if (value === undefined) continue;
    validate.validateNoNull(key, `options.env['${key}']`);
    validate.validateNoNull(value, `options.env['${key}']`);
    pairs.push(`${key}=${value}`);
  }
  return pairs;
}

function makePairs(given, args) {
  const env = given || { ...process.env };
  withCoverage(env, given);
  if (version.copiesPermissionFlags && process.permission !== undefined) withPermissions(env, args);
  return toPairs(env);
}

// ---------------------------------------------------------------- spawn and spawnSync

let hasWarnedOfShell = false;

function warnOfShellArguments() {
  if (hasWarnedOfShell || !version.warnsOfShellArguments) return;
  hasWarnedOfShell = true;
  process.emitWarning(
    'Passing args to a child process with shell option true can lead to security ' +
    'vulnerabilities, as the arguments are not escaped, only concatenated.',
    'DeprecationWarning', 'DEP0190');
}

function checkOptions(options) {
  if (options.detached != null) validate.validateBoolean(options.detached, 'options.detached');
  if (options.uid != null) validate.validateId(options.uid, 'options.uid');
  if (options.gid != null) validate.validateId(options.gid, 'options.gid');
  const { shell } = options;
  if (shell != null && typeof shell !== 'boolean' && typeof shell !== 'string')
    throw new ERR_INVALID_ARG_TYPE('options.shell', ['boolean', 'string'], shell);
  checkArgv0(options);
  for (const name of ['windowsHide', 'windowsVerbatimArguments'])
    if (options[name] != null) validate.validateBoolean(options[name], `options.${name}`);
}

function checkArgv0({ argv0 }) {
  if (argv0 == null) return;
  validate.validateString(argv0, 'options.argv0');
  validate.validateNoNull(argv0, 'options.argv0');
}

/** What Node does not have. */
function checkExtras(options) {
  for (const name of ['killTree', 'mergeStderr'])
    if (options[name] != null) validate.validateBoolean(options[name], `options.${name}`);
  for (const name of ['drainTimeout', 'grace'])
    validate.validateTimeout(options[name], `options.${name}`);
  const { dieWithParent } = options;
  if (dieWithParent != null && typeof dieWithParent !== 'boolean')
    validate.validateKillSignal(dieWithParent, 'options.dieWithParent');
}

function throughShell(file, args, shell) {
  validate.validateNoNull(shell, 'options.shell');
  if (args.length > 0) warnOfShellArguments();
  return { file: typeof shell === 'string' ? shell : '/bin/sh', args: ['-c', [file, ...args].join(' ')] };
}

function checkList(list, name) {
  for (let i = 0; i < list.length; i++) validate.validateNoNull(list[i], `${name}[${i}]`);
}

function orderSpawnArguments(args, options) {
  if (Array.isArray(args)) return [args.slice(), options];
  if (args == null) return [[], options];
  if (typeof args !== 'object') throw new ERR_INVALID_ARG_TYPE('args', 'object', args);
  return [[], args];
}

/**
 * Options of spawn() and spawnSync(): a copy, with file, args (argv[0] first), cwd and envPairs put in. envPairs is
 * made when it is asked for: a child that gets the environment of this process needs no list of it.
 */
function normalizeSpawn(file, args, options) {
  validate.validateString(file, 'file');
  validate.validateNoNull(file, 'file');
  if (file.length === 0) throw new ERR_INVALID_ARG_VALUE('file', file, 'cannot be empty');
  [args, options] = orderSpawnArguments(args, options);
  checkList(args, 'args');
  if (options !== undefined) validate.validateObject(options, 'options');
  options = { __proto__: null, ...options };
  if (options.cwd != null) options.cwd = validate.validatePath(options.cwd, 'options.cwd');
  checkOptions(options);
  checkExtras(options);
  if (options.shell) ({ file, args } = throughShell(file, args, options.shell));
  args.unshift(typeof options.argv0 === 'string' ? options.argv0 : file);
  options.detached = Boolean(options.detached);
  options.windowsHide = Boolean(options.windowsHide);
  options.windowsVerbatimArguments = Boolean(options.windowsVerbatimArguments);
  options.file = file;
  options.args = args;
  setEnvironment(options, args);
  return options;
}

const kInherits = Symbol('inherits the environment');

// A worker may share our environment (SHARE_ENV), and change it while the kernel reads it: Node locks it for us only when we
// read it by process.env.
let hasWorkers = false;
diagnostics.subscribe('worker_threads', () => { hasWorkers = true; });

/** process.env is the real environment in the main thread only, and not where permission flags are added to it. */
function setEnvironment(options, args) {
  if (options.env || !isMainThread || hasWorkers || (version.copiesPermissionFlags && process.permission !== undefined)) {
    options.envPairs = makePairs(options.env, args);
    return;
  }
  const set = (value) => {
    delete options[kInherits];
    Object.defineProperty(options, 'envPairs', { value, configurable: true, enumerable: true, writable: true });
  };
  options[kInherits] = true;
  Object.defineProperty(options, 'envPairs', {
    configurable: true,
    enumerable: true,
    get() {
      set(makePairs(undefined, args));
      return options.envPairs;
    },
    set,
  });
}

/** The environment for the child as a list; undefined: that of this process, untouched. */
function environmentOf(options) {
  if (options[kInherits] || options.envPairs === undefined) return undefined;
  validate.validateArray(options.envPairs, 'options.envPairs');
  return options.envPairs;
}

// ---------------------------------------------------------------- exec and execFile

function normalizeExec(command, options, callback) {
  validate.validateString(command, 'command');
  validate.validateNoNull(command, 'command');
  if (typeof options === 'function') [callback, options] = [options, undefined];
  options = { __proto__: null, ...options };
  if (typeof options.shell !== 'string') options.shell = true;
  return { file: command, options, callback };
}

function normalizeExecFile(file, args, options, callback) {
  if (Array.isArray(args)) args = args.slice();
  else if (args != null && typeof args === 'object') [args, options, callback] = [[], args, options];
  else if (typeof args === 'function') [args, options, callback] = [[], null, args];
  args ??= [];
  if (typeof options === 'function') [options, callback] = [null, options];
  else if (options != null) validate.validateObject(options, 'options');
  options ??= {};
  if (callback != null) validate.validateFunction(callback, 'callback');
  checkArgv0(options);
  return { file, args, options, callback };
}

// ---------------------------------------------------------------- fork

/** The flags of this process, but for the script of -e: the child would run it instead of its module. */
function inheritedExecArgv() {
  const { execArgv, _eval: script } = process;
  const at = script == null ? -1 : execArgv.lastIndexOf(script);
  return at > 0 ? execArgv.toSpliced(at - 1, 2) : execArgv;
}

/** The channel is at fd 3, unless the caller has put it elsewhere. */
function forkStdio({ stdio, silent }) {
  if (typeof stdio === 'string') return [...expand(stdio), 'ipc'];
  if (!Array.isArray(stdio)) return [...expand(silent ? 'pipe' : 'inherit'), 'ipc'];
  if (!stdio.includes('ipc')) throw new codes.ERR_CHILD_PROCESS_IPC_REQUIRED('options.stdio');
  return stdio;
}

/** What spawn() needs to run a module. */
function normalizeFork(modulePath, args, options) {
  modulePath = validate.validatePath(modulePath, 'modulePath');
  if (args == null) {
    args = [];
  } else if (typeof args === 'object' && !Array.isArray(args)) {
    [args, options] = [[], args];
  } else {
    validate.validateArray(args, 'args');
  }
  if (options != null) validate.validateObject(options, 'options');
  options = { __proto__: null, ...options, shell: false };
  options.execPath ||= process.execPath;
  validate.validateNoNull(options.execPath, 'options.execPath');
  const execArgv = options.execArgv || inheritedExecArgv();
  checkList(execArgv, 'options.execArgv');
  options.stdio = forkStdio(options);
  return { file: options.execPath, args: [...execArgv, modulePath, ...args], options };
}

module.exports = { environmentOf, normalizeExec, normalizeExecFile, normalizeFork, normalizeSpawn };
