/* options.h - options that outlive their caller. */
#ifndef CP_OPTIONS_H
#define CP_OPTIONS_H

#include "arena.h"
#include "child_process.h"

/* A copy with all that it points to, but for streams, the abort controller and what `data` means. UV_ENOMEM. */
int cp__options_copy(cp_options *out, cp__arena *arena, const cp_options *options);

#endif
