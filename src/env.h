/* env.h - the child's environment. */
#ifndef CP_ENV_H
#define CP_ENV_H

#include "arena.h"

/* The value of `name` in a "NAME=value" list; NULL: absent. The first entry counts, as for getenv(). */
const char *cp__env_get(const char *const *env, const char *name);

/*
 * `base` with the changes of `overlay` ("NAME=value" sets, "NAME" unsets). Without an overlay it is `base` itself:
 * nothing is copied. NULL: out of memory.
 */
const char *const *cp__env_make(cp__arena *arena, const char *const *base, const char *const *overlay);

#endif
