// execa: what its users do with it.
import { execa, execaNode, execaSync, $ } from 'execa';
import { writeFileSync } from 'node:fs';

const show = (...values) => console.log(...values.map((value) => JSON.stringify(value)));

show((await execa('echo', ['a b', '$HOME'])).stdout);
show((await execa('cat', { input: 'the input' })).stdout);
show(execaSync('sort', { input: 'b\na' }).stdout);
show((await $`echo ${'with "quotes"'}`.pipe`tr a-z A-Z`).stdout);
show((await execa({ shell: true, all: true })`echo out; echo err >&2`).all);
show((await execa('printf', ['1\n2\n3'], { lines: true })).stdout);

const lines = [];
for await (const line of execa('printf', ['x\ny\n'])) lines.push(line);
show(lines);

const failure = await execa('sh', ['-c', 'echo no >&2; exit 7'], { reject: false });
show(failure.exitCode, failure.failed, failure.stderr, failure.shortMessage);
const missing = await execa('no-such-command', { reject: false });
show(missing.code, missing.failed, missing.originalMessage);
const late = await execa('sleep', ['1000'], { timeout: 100, reject: false });
show(late.timedOut, late.isTerminated, late.signal);
const controller = new AbortController();
const cancelled = execa('sleep', ['1000'], { cancelSignal: controller.signal, reject: false });
controller.abort();
show((await cancelled).isCanceled);
const stubborn = await execa('sh', ['-c', 'trap "" TERM; while :; do sleep 0.01; done'], {
  timeout: 200,
  forceKillAfterDelay: 50,
  reject: false,
});
show(stubborn.isForcefullyTerminated, stubborn.signal);
show((await execa('yes', { maxBuffer: 10, reject: false })).isMaxBuffer);

writeFileSync(
  'talk.mjs',
  `
  import { getOneMessage, sendMessage } from '${import.meta.resolve('execa')}';
  const { n } = await getOneMessage();
  await sendMessage({ doubled: n * 2n, set: new Set([n]) });
`,
);
const talk = execaNode('talk.mjs', { ipc: true });
await talk.sendMessage({ n: 21n });
const { doubled, set } = await talk.getOneMessage();
show(String(doubled), [...set].map(String));
show((await talk).exitCode);
