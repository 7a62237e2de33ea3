/* fail.h - filling a cp_error. */
#ifndef CP_FAIL_H
#define CP_FAIL_H

#include "child_process.h"

/* Fills *error, if there is one, and returns `code`. `path` may be NULL, `index` -1. */
int cp__fail(cp_error *error, int code, cp_stage stage, int index, const char *path, const char *format, ...)
    __attribute__((format(printf, 6, 7)));

/* The usual message: "STAGE PATH: sentence". */
int cp__fail_plain(cp_error *error, int code, cp_stage stage, int index, const char *path);

/* The negative code for an errno value. */
#define CP__ERRNO(e) (-(e))

#endif
