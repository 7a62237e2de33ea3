// tinypool with processes: tasks, an error, another process for each task.
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import Tinypool from 'tinypool';

writeFileSync('task.mjs', `
  export default ({ n }) => { if (n === 13) throw new RangeError('thirteen'); return { n, cube: n ** 3 }; };
  export const pid = () => process.pid;
`);
const filename = pathToFileURL(resolve('task.mjs')).href;

const pool = new Tinypool({ filename, runtime: 'child_process', minThreads: 2, maxThreads: 2 });
console.log((await Promise.all(Array.from({ length: 12 }, (_, n) => pool.run({ n })))).map(({ cube }) => cube).join());
await pool.run({ n: 13 }).catch((error) => console.log(error.name, error.message));
const pids = new Set(await Promise.all(Array.from({ length: 10 }, () => pool.run({}, { name: 'pid' }))));
console.log('other processes:', pids.size > 0 && !pids.has(process.pid));
await pool.destroy();

const apart = new Tinypool({ filename, runtime: 'child_process', isolateWorkers: true, minThreads: 1, maxThreads: 1 });
const own = new Set();
for (let i = 0; i < 3; i++) own.add(await apart.run({}, { name: 'pid' }));
console.log('one process for each task:', own.size);
await apart.destroy();
