/* path.h - where a program is looked for. */
#ifndef CP_PATH_H
#define CP_PATH_H

#include "arena.h"

/*
 * The files that execvp(3) would try for `file`, in order, NULL-terminated: `file` itself if it has a slash, else one
 * for each element of `path` (NULL: "/bin:/usr/bin"; an empty element is the working directory). NULL: out of memory.
 */
const char *const *cp__path_candidates(cp__arena *arena, const char *file, const char *path);

#endif
