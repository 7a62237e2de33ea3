'use strict';

// Loads the addon: the half of this package that is written in C.

const path = require('path');

const fallback = path.join(__dirname, '..', 'build', 'Release', 'child_process.node');
const file = process.env.CHILD_PROCESS_C_ADDON ? path.resolve(process.env.CHILD_PROCESS_C_ADDON) : fallback;

function load() {
  try {
    return require(file);
  } catch (cause) {
    const advice = file === fallback ? 'Build it: npm rebuild child-process-c' : 'CHILD_PROCESS_C_ADDON names it';
    const error = new Error(`child-process-c: its addon cannot be loaded. ${advice}.\n${cause.message}`, { cause });
    error.code = cause.code;
    throw error;
  }
}

module.exports = { native: load() };
