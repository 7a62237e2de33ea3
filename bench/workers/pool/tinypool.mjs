// tinypool.mjs - the worker of Tinypool and of jest-worker's default export.
import job from './job.js';

export default job.work;
