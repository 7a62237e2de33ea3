/* values.h - the values of options. Each returns 0 and writes its output, or returns -1 if the text is no such value.
 */
#ifndef CLI_VALUES_H
#define CLI_VALUES_H

#include <stdbool.h>

#include "child_process.h"

/* Seconds, as timeout(1): "5", "1.5", "500ms", "2m", "1h", "1d". More than nothing is at least 1 ms. */
int parse_duration(const char *text, uint64_t *milliseconds);

/* "4096", "64K", "1.5M", "2G" (powers of 1024, also "64KiB"), or "unlimited"; 0 becomes CP_BUFFER_NONE. */
int parse_size(const char *text, size_t *bytes);

/* A whole number, 1 or more; 0 or more. */
int parse_count(const char *text, uint64_t *count);
int parse_whole(const char *text, uint64_t *number);

/* "TERM", "SIGTERM", "15". */
int parse_signal(const char *text, int *signum);

/* A number, or a name that the system knows. `primary` (may be NULL) takes the main group of a user given by name. */
int parse_user(const char *text, cp_id *uid, cp_id *primary);
int parse_group(const char *text, cp_id *gid);

/* "audio,20,games", or "" for none; *list is malloc()ed, freed and replaced. */
int parse_groups(const char *text, cp_id **list, size_t *count);

/* "-5", "10": within what nice may be. */
int parse_nice(const char *text, int *nice);

/* "022", "27": three octal digits at most. */
int parse_umask(const char *text, cp_id *mask);

/* "nofile=1024", "as=2G:unlimited", "CPU=10:20": NAME=SOFT[:HARD], where HARD is SOFT if it is not given. */
int parse_rlimit(const char *text, cp_rlimit *limit);

#endif
