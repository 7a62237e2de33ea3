/* stdio_spec.h - the value of --stdio. */
#ifndef CLI_STDIO_SPEC_H
#define CLI_STDIO_SPEC_H

#include "child_process.h"

typedef struct stdio_spec {
  char *words;       /* the text, cut up; the paths of the entries point into it */
  cp_stdio *entries; /* CP_STDIO_DEFAULT: nothing was said about this fd */
  size_t count;      /* at least 3 */
} stdio_spec;

/**
 * Reads "ENTRY,ENTRY,..." for fd 0, 1, 2, ...; inherit, ignore or pipe alone is for all of 0, 1 and 2.
 * @param spec     replaced; stdio_spec_dispose().
 * @param problem  takes a static sentence about the first bad entry, and
 * @param index    its fd.
 * @return 0, or -1: *spec is as before.
 */
int stdio_spec_parse(const char *text, stdio_spec *spec, const char **problem, size_t *index);

/* Three entries about which nothing was said. -1: out of memory. */
int stdio_spec_init(stdio_spec *spec);

void stdio_spec_dispose(stdio_spec *spec);

#endif
