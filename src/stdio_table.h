/* stdio_table.h - the table of what the child finds at each fd, made real: pipes, files, /dev/null. */
#ifndef CP_STDIO_TABLE_H
#define CP_STDIO_TABLE_H

#include "arena.h"
#include "child_process.h"

/* The parent's side of one entry. */
typedef struct cp__end_fd {
  int fd; /* -1: the parent has no end of it */
  bool readable, writable;
} cp__end_fd;

typedef struct cp__stdio {
  int count;
  int *fds;         /* for each entry the parent's fd that the child gets; -1: closed in the child */
  bool *owned;      /* whether fds[i] was opened here */
  cp__end_fd *ends; /* for each entry the parent's end */
  int null_fd;      /* /dev/null, if an entry asked for it; else -1 */
  int channel;      /* the entry that is the IPC channel; -1: none */
} cp__stdio;

/* How many entries of the options are CP_IPC. */
size_t cp__stdio_count_channels(const cp_options *options);

/*
 * Opens everything that options.stdio names. All fds are close-on-exec, the parent's ends non-blocking, the child's
 * blocking. On failure everything is closed again. UV_EINVAL, UV_EBADF, UV_ENOTSUP for what the caller got wrong
 * (stage CP_STAGE_OPTIONS); else what the kernel said.
 */
int cp__stdio_open(cp__stdio *stdio, cp__arena *arena, const cp_options *options, cp_error *error);

/* Closes what belongs to the child, after the launch. */
void cp__stdio_close_child_side(cp__stdio *stdio);

/* Closes all. */
void cp__stdio_close(cp__stdio *stdio);

#endif
