'use strict';

// Node's child_process, on libchild_process.

const { _forkChild } = require('child_process'); // how a child opens its own end, which stays Node's
const { ChildProcess } = require('./lib/child');
const { exec, execFile } = require('./lib/exec');
const { fork } = require('./lib/fork');
const { ProcessPool } = require('./lib/pool'); // which Node does not have
const { spawn } = require('./lib/spawn');
const { execFileSync, execSync, spawnSync } = require('./lib/sync');

module.exports = { _forkChild, ChildProcess, exec, execFile, execFileSync, execSync, fork, ProcessPool, spawn, spawnSync };
