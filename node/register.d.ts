// Types of child-process-c/register. node:child_process keeps the types that it has: take functions from
// child-process-c, which are the same ones then, where you use what this package adds.

import * as base from 'node:child_process';

/** The functions of Node, as they were. */
export const builtin: Readonly<typeof base>;
