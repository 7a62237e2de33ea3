'use strict';

const os = require('os');
const { codes: { ERR_UNKNOWN_SIGNAL } } = require('./errors');

const numbers = os.constants.signals;
const names = new Map();
for (const [name, number] of Object.entries(numbers)) if (!names.has(number)) names.set(number, name);

const FIRST_REALTIME = 34; // glibc's SIGRTMIN
const LAST_REALTIME = 64;

/** The name of a signal that ended a process; null for 0. Node has no names for real-time signals and calls such an end a success. */
function signalName(number) {
  if (number === 0) return null;
  const name = names.get(number);
  if (name !== undefined) return name;
  if (number < FIRST_REALTIME || number > LAST_REALTIME) return `SIG${number}`;
  return number === FIRST_REALTIME ? 'SIGRTMIN' : `SIGRTMIN+${number - FIRST_REALTIME}`;
}

/** The number of a signal that was given as a name (in any case) or a number. Throws ERR_UNKNOWN_SIGNAL. */
function signalNumber(signal) {
  if (typeof signal === 'number' && names.has(signal)) return signal;
  const number = typeof signal === 'string' ? numbers[signal.toUpperCase()] : undefined;
  if (number !== undefined) return number;
  throw new ERR_UNKNOWN_SIGNAL(signal);
}

module.exports = { signalName, signalNumber };
