/* io.h - read, write and move bytes on non-blocking fds. Counts, 0 at the end, or negative codes; EINTR never shows. */
#ifndef CP_IO_H
#define CP_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

ssize_t cp__read(int fd, void *buffer, size_t size);

/* UV_EPIPE instead of SIGPIPE, whatever the program does with that signal. */
ssize_t cp__write(int fd, const void *bytes, size_t size);

/* Writes all of it, waiting where it has to; gives up where it cannot. */
void cp__write_all(int fd, const void *bytes, size_t size);

/*
 * Moves up to `size` bytes from a pipe to any fd: by splice(2) where the kernel can, else through a buffer. *copying
 * remembers that it cannot. What was read but could not be written is kept in `rest`.
 */
typedef struct cp__rest {
  char *bytes; /* malloc()ed on first use; cp__rest_free() */
  size_t start, end;
} cp__rest;
ssize_t cp__move(int from, int to, size_t size, bool *copying, cp__rest *rest);
void cp__rest_free(cp__rest *rest);

/* How many bytes wait to be read; 0 if nobody knows. */
size_t cp__pending(int fd);

int cp__set_nonblocking(int fd, bool on);
int cp__set_cloexec(int fd);

/* Closes, if fd >= 0. */
void cp__close(int fd);

/* The monotonic clock, nanoseconds; and what it said at the kernel's last tick, a few ms ago at most, which costs less. */
uint64_t cp__now_ns(void);
uint64_t cp__last_tick_ns(void);

/* Room for what is written to a socket and not read yet, as much as a channel wants: without it writer and reader take turns,
   since a full socket can be written to again only when three quarters of it have been read. Advice: the system has a limit. */
void cp__enlarge_socket(int fd);

#endif
