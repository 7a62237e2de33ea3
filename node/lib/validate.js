'use strict';

// Checks of arguments, with the codes and words of the Node that runs.

const { fileURLToPath } = require('url');
const { codes } = require('./errors');
const { signalNumber } = require('./signals');
const version = require('./version');

const { ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, ERR_OUT_OF_RANGE } = codes;

function validateType(value, name, type) {
  if (typeof value !== type) throw new ERR_INVALID_ARG_TYPE(name, type, value);
}

const validateString = (value, name) => validateType(value, name, 'string');
const validateBoolean = (value, name) => validateType(value, name, 'boolean');

function validateFunction(value, name) {
  if (typeof value !== 'function') throw new ERR_INVALID_ARG_TYPE(name, 'Function', value);
}

function validateObject(value, name) {
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    throw new ERR_INVALID_ARG_TYPE(name, 'Object', value);
}

function validateArray(value, name) {
  if (!Array.isArray(value)) throw new ERR_INVALID_ARG_TYPE(name, 'Array', value);
}

function validateOneOf(value, name, list) {
  if (list.includes(value)) return;
  const words = list.map((item) => (typeof item === 'string' ? `'${item}'` : String(item)));
  throw new ERR_INVALID_ARG_VALUE(name, value, `must be one of: ${words.join(', ')}`);
}

function validateAbortSignal(value, name) {
  if (value === undefined) return;
  if (value === null || typeof value !== 'object' || !('aborted' in value))
    throw new ERR_INVALID_ARG_TYPE(name, 'AbortSignal', value);
}

/** Null bytes end a string where the kernel reads it: what would be cut is refused. */
function validateNoNull(value, name) {
  if (typeof value === 'string' && value.includes('\0'))
    throw new ERR_INVALID_ARG_VALUE(name, value, 'must be a string without null bytes');
}

/** A path as string, Buffer or file: URL. Returns the path. */
function validatePath(value, name) {
  const isUrl = value !== null && typeof value === 'object' && value.href && value.protocol &&
    value.auth === undefined && value.path === undefined;
  const path = isUrl ? fileURLToPath(value) : value;
  const isBytes = path instanceof Uint8Array;
  if (typeof path !== 'string' && !isBytes) throw new ERR_INVALID_ARG_TYPE(name, ['string', 'Buffer', 'URL'], path);
  if (isBytes ? path.includes(0) : path.includes('\0'))
    throw new ERR_INVALID_ARG_VALUE(name, path, 'must be a string, Uint8Array, or URL without null bytes');
  return isBytes ? Buffer.from(path.buffer, path.byteOffset, path.byteLength).toString() : path;
}

function validateInteger(value, name, min, max) {
  if (typeof value !== 'number') throw new ERR_INVALID_ARG_TYPE(name, 'number', value);
  if (!Number.isInteger(value)) throw new ERR_OUT_OF_RANGE(name, 'an integer', value);
  if (value < min || value > max) throw new ERR_OUT_OF_RANGE(name, `>= ${min} && <= ${max}`, value);
}

function validateId(value, name) {
  if (version.rangesAreExact) validateInteger(value, name, -(2 ** 31), 2 ** 31 - 1);
  else if (value !== (value | 0)) throw new ERR_INVALID_ARG_TYPE(name, 'int32', value);
}

function validateTimeout(value, name = 'timeout') {
  if (value == null) return;
  if (version.rangesAreExact) validateInteger(value, name, 0, Number.MAX_SAFE_INTEGER);
  else if (!Number.isInteger(value) || value < 0) throw new ERR_OUT_OF_RANGE(name, 'an unsigned integer', value);
}

function validateMaxBuffer(value) {
  const name = 'options.maxBuffer';
  if (value == null || (typeof value === 'number' && value >= 0)) return;
  if (version.rangesAreExact && typeof value !== 'number') throw new ERR_INVALID_ARG_TYPE(name, 'number', value);
  throw new ERR_OUT_OF_RANGE(name, version.rangesAreExact ? '>= 0' : 'a positive number', value);
}

/** The number of options.killSignal; undefined if there is none. */
function validateKillSignal(value, name = 'options.killSignal') {
  if (value == null) return undefined;
  if (typeof value !== 'string' && typeof value !== 'number')
    throw new ERR_INVALID_ARG_TYPE(name, ['string', 'number'], value);
  return signalNumber(value);
}

module.exports = {
  validateAbortSignal,
  validateArray,
  validateBoolean,
  validateFunction,
  validateId,
  validateInteger,
  validateKillSignal,
  validateMaxBuffer,
  validateNoNull,
  validateObject,
  validateOneOf,
  validatePath,
  validateString,
  validateTimeout,
};
