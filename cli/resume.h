/* resume.h - what an earlier run has done, read from its results. */
#ifndef CLI_RESUME_H
#define CLI_RESUME_H

#include "line_set.h"

/**
 * Reads a file of results, lines of JSON that name the line of the input that they belong to: {"line":N,"result":...},
 * or, of commands, {"line":N,...,"status":0,...}. What tells a failure is no result: it is done again.
 *
 * The last line may be torn, because the earlier run was killed while it wrote it. If `out_fd` is that file, so that new
 * results would be appended to the half line, it is cut off first; in a file that is not written to it stays. Nothing
 * else is ever changed.
 *
 * @param path  a file that is not there has done nothing.
 * @param done  takes the numbers of the lines that need not be done again.
 * @return 0, or -1 after one line on stderr: it cannot be read, or holds something else.
 */
int resume_read(const char *path, int out_fd, line_set *done);

#endif
