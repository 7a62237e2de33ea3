'use strict';

// What a child may use of the machine: options.nice, options.umask, options.rlimits.

const { codes } = require('./errors');
const validate = require('./validate');

const NICE_MOST = 39;
const MASK_MOST = 0o777;
const UNLIMITED = 'unlimited';
const RESOURCES = ['as', 'core', 'cpu', 'data', 'fsize', 'locks', 'memlock', 'msgqueue', 'nice', 'nofile', 'nproc', 'rss',
  'rtprio', 'rttime', 'sigpending', 'stack'];

function readNice({ nice }) {
  if (nice == null) return 0;
  validate.validateInteger(nice, 'options.nice', -NICE_MOST, NICE_MOST);
  return nice;
}

/** A number, or octal digits, as process.umask() takes them; -1: the parent's. */
function readUmask({ umask }) {
  if (umask == null) return -1;
  if (typeof umask === 'string' && !/^[0-7]{1,4}$/.test(umask))
    throw new codes.ERR_INVALID_ARG_VALUE('options.umask', umask, 'must be a 32-bit unsigned integer or an octal string');
  const mask = typeof umask === 'string' ? parseInt(umask, 8) : umask;
  validate.validateInteger(mask, 'options.umask', 0, MASK_MOST);
  return mask;
}

function readAmount(value, name) {
  if (value === Infinity) return UNLIMITED;
  validate.validateInteger(value, name, 0, Number.MAX_SAFE_INTEGER);
  return String(value);
}

/** A number, which is both limits, or [soft, hard]. */
function readRlimit(value, name) {
  if (!Array.isArray(value)) return Array(2).fill(readAmount(value, name));
  if (value.length !== 2) throw new codes.ERR_INVALID_ARG_VALUE(name, value, 'must be a number or [soft, hard]');
  const [soft, hard] = value;
  const amounts = [readAmount(soft, `${name}[0]`), readAmount(hard, `${name}[1]`)];
  if (soft > hard) throw new codes.ERR_OUT_OF_RANGE(`${name}[0]`, `<= ${hard}`, soft);
  return amounts;
}

/** name, soft, hard, name, soft, hard, ... */
function readRlimits({ rlimits }) {
  if (rlimits == null) return [];
  validate.validateObject(rlimits, 'options.rlimits');
  return Object.entries(rlimits).flatMap(([name, value]) => {
    if (value === undefined) return [];
    if (!RESOURCES.includes(name))
      throw new codes.ERR_INVALID_ARG_VALUE('options.rlimits', name, `must have properties of these names: ${RESOURCES.join(', ')}`);
    return [name, ...readRlimit(value, `options.rlimits.${name}`)];
  });
}

/** What the native side sets in the child; undefined: nothing, as a rule. */
function readMachineUse(options) {
  if (options.nice == null && options.umask == null && options.rlimits == null) return undefined;
  return { nice: readNice(options), umask: readUmask(options), rlimits: readRlimits(options) };
}

module.exports = { readMachineUse };
