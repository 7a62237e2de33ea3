/* shell.h - command lines for `sh -c`. */
#ifndef CP_SHELL_H
#define CP_SHELL_H

#include "arena.h"

/* `script` and the arguments, each quoted, joined with blanks. NULL: out of memory. */
char *cp__shell_join(cp__arena *arena, const char *script, const char *const *args);

#endif
