/* io.c - system calls on fds, with their corners taken off. */
#include "io.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#include "fail.h"

ssize_t cp__read(int fd, void *buffer, size_t size) {
  ssize_t n;
  do n = read(fd, buffer, size);
  while (n < 0 && errno == EINTR);
  return n < 0 ? CP__ERRNO(errno) : n;
}

/*
 * SIGPIPE is raised for the writing thread. It is blocked around the write and, if the write raised it, taken from the
 * thread before the mask is put back, so that neither a handler nor the default action sees it.
 */
typedef struct pipe_guard {
  sigset_t old, sigpipe;
  bool was_pending;
} pipe_guard;

static void guard_enter(pipe_guard *guard) {
  sigset_t pending;
  sigemptyset(&guard->sigpipe);
  sigaddset(&guard->sigpipe, SIGPIPE);
  (void)pthread_sigmask(SIG_BLOCK, &guard->sigpipe, &guard->old);
  guard->was_pending = sigismember(&guard->old, SIGPIPE) && sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE);
}

static void guard_leave(pipe_guard *guard, bool raised) {
  const struct timespec at_once = {0};
  if (raised && !guard->was_pending)
    while (sigtimedwait(&guard->sigpipe, NULL, &at_once) < 0 && errno == EINTR) {
    }
  (void)pthread_sigmask(SIG_SETMASK, &guard->old, NULL);
}

ssize_t cp__write(int fd, const void *bytes, size_t size) {
  pipe_guard guard;
  ssize_t n;
  guard_enter(&guard);
  do n = write(fd, bytes, size);
  while (n < 0 && errno == EINTR);
  int code = n < 0 ? CP__ERRNO(errno) : 0;
  guard_leave(&guard, code == UV_EPIPE);
  return code < 0 ? code : n;
}

void cp__write_all(int fd, const void *bytes, size_t size) {
  for (size_t sent = 0; sent < size;) {
    ssize_t n = cp__write(fd, (const char *)bytes + sent, size - sent);
    if (n == UV_EAGAIN) (void)poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, -1);
    if (n < 0 && n != UV_EAGAIN) return;
    if (n > 0) sent += (size_t)n;
  }
}

static ssize_t splice_once(int from, int to, size_t size) {
#ifdef __linux__
  pipe_guard guard;
  ssize_t n;
  guard_enter(&guard);
  do n = splice(from, NULL, to, NULL, size, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
  while (n < 0 && errno == EINTR);
  int code = n < 0 ? CP__ERRNO(errno) : 0;
  guard_leave(&guard, code == UV_EPIPE);
  return code < 0 ? code : n;
#else
  (void)from, (void)to, (void)size;
  return UV_EINVAL;
#endif
}

enum { COPY_BYTES = 65536 };

static ssize_t flush_rest(int to, cp__rest *rest) {
  ssize_t n = cp__write(to, rest->bytes + rest->start, rest->end - rest->start);
  if (n > 0) rest->start += (size_t)n;
  return n;
}

static ssize_t copy_once(int from, int to, cp__rest *rest) {
  if (rest->start < rest->end) return flush_rest(to, rest);
  if (rest->bytes == NULL) rest->bytes = malloc(COPY_BYTES);
  if (rest->bytes == NULL) return UV_ENOMEM;
  ssize_t n = cp__read(from, rest->bytes, COPY_BYTES);
  if (n <= 0) return n;
  rest->start = 0;
  rest->end = (size_t)n;
  return flush_rest(to, rest);
}

ssize_t cp__move(int from, int to, size_t size, bool *copying, cp__rest *rest) {
  if (!*copying) {
    ssize_t n = splice_once(from, to, size);
    if (n != UV_EINVAL) return n;
    *copying = true; /* neither end is a pipe, or the target is a terminal or opened for appending */
  }
  return copy_once(from, to, rest);
}

void cp__rest_free(cp__rest *rest) {
  free(rest->bytes);
  *rest = (cp__rest){0};
}

size_t cp__pending(int fd) {
  int n = 0;
  return ioctl(fd, FIONREAD, &n) == 0 && n > 0 ? (size_t)n : 0;
}

int cp__set_nonblocking(int fd, bool on) {
  int flag = on;
  return ioctl(fd, FIONBIO, &flag) == 0 ? 0 : CP__ERRNO(errno);
}

int cp__set_cloexec(int fd) { return fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 ? 0 : CP__ERRNO(errno); }

void cp__close(int fd) {
  if (fd >= 0) (void)close(fd);
}

static uint64_t read_clock(clockid_t clock) {
  struct timespec now;
  (void)clock_gettime(clock, &now);
  return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

uint64_t cp__now_ns(void) { return read_clock(CLOCK_MONOTONIC); }

uint64_t cp__last_tick_ns(void) {
#ifdef CLOCK_MONOTONIC_COARSE
  return read_clock(CLOCK_MONOTONIC_COARSE);
#else
  return cp__now_ns();
#endif
}

void cp__enlarge_socket(int fd) {
  const int bytes = 1024 * 1024; /* the kernel counts its own overhead, and allows the double of it */
  (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
}
