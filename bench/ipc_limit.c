/* ipc_limit.c - the least that the kernel allows: the same bytes on a socket pair, read and written by blocking calls. */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ipc_link.h"

static void on_close(cp_child *child, const cp_exit *exit, void *data) {
  (void)child;
  (void)exit;
  ((ipc_link *)data)->closed = true;
}

static const char *verb_of(ipc_route route) {
  if (route == IPC_TRIP || route == IPC_ECHO) return "raw-echo";
  if (route == IPC_ONE_WAY) return "raw-sink";
  return route == IPC_HANDLES ? "raw-handles" : "raw-keep";
}

bool ipc_raw_connect(ipc_link *link) {
  int fds[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0) return false;
  cp_options options = {.stdio = CP_STDIO(CP_FD(fds[1]), CP_INHERIT, CP_INHERIT),
                        .on_close = on_close,
                        .data = link,
                        .die_with_parent = SIGKILL};
  int rc = cp_spawn(&link->child, &link->loop, BENCH_PROGRAMS "/ipc_child", CP_ARGS(verb_of(link->route)), &options);
  if (rc == 0) (void)cp_child_pid(link->child); /* it has its copies now */
  (void)close(fds[1]);
  link->fd = fds[0];
  return rc == 0;
}

static bool write_whole(int fd, const void *bytes, size_t length) {
  for (size_t done = 0; done < length;) {
    ssize_t n = write(fd, (const char *)bytes + done, length - done);
    if (n <= 0) return false;
    done += (size_t)n;
  }
  return true;
}

static bool read_whole(int fd, void *bytes, size_t length) {
  for (size_t done = 0; done < length;) {
    ssize_t n = read(fd, (char *)bytes + done, length - done);
    if (n <= 0) return false;
    done += (size_t)n;
  }
  return true;
}

/* A message at a time, or as much as there is: messages are of no interest then, bytes are. */
bool ipc_raw_exchange(ipc_link *link, long n) {
  size_t unit = link->bytes + 1; /* the newline */
  if (link->route == IPC_TRIP) {
    for (; n > 0; n--)
      if (!write_whole(link->fd, link->text, unit) || !read_whole(link->fd, link->scratch, unit)) return false;
    return true;
  }
  size_t left = (size_t)n * unit, window = left < IPC_WINDOW * unit ? left : IPC_WINDOW * unit, to_send = left - window;
  memset(link->scratch, 'x', window);
  if (!write_whole(link->fd, link->scratch, window)) return false;
  while (left > 0) {
    ssize_t got = read(link->fd, link->scratch, IPC_WINDOW * unit);
    if (got <= 0) return false;
    left -= (size_t)got;
    size_t part = (size_t)got < to_send ? (size_t)got : to_send;
    if (part > 0 && !write_whole(link->fd, link->scratch, part)) return false;
    to_send -= part;
  }
  return true;
}

static bool begin(ipc_link *link, uint64_t count) { return write_whole(link->fd, &count, sizeof count); }

static bool finish(ipc_link *link, uint64_t count) {
  uint64_t answer;
  return read_whole(link->fd, &answer, sizeof answer) && answer == count;
}

bool ipc_raw_one_way(ipc_link *link, long n) {
  size_t unit = link->bytes + 1, total = (size_t)n * unit, window = IPC_WINDOW * unit;
  if (!begin(link, total)) return false;
  for (size_t left = total, part; left > 0; left -= part) {
    part = left < window ? left : window;
    if (!write_whole(link->fd, link->scratch, part)) return false;
  }
  return finish(link, total);
}

bool ipc_raw_move(ipc_link *link) {
  return begin(link, link->bytes) && write_whole(link->fd, link->text, link->bytes) && finish(link, link->bytes);
}

bool ipc_raw_handles(ipc_link *link, long n) {
  union {
    struct cmsghdr aligned;
    char bytes[CMSG_SPACE(sizeof(int))];
  } control = {0};
  char byte = 'x';
  struct iovec part = {.iov_base = &byte, .iov_len = 1};
  struct msghdr message = {
      .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  *CMSG_FIRSTHDR(&message) =
      (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int))};
  memcpy(CMSG_DATA(CMSG_FIRSTHDR(&message)), &link->sockets[0], sizeof(int));
  if (!begin(link, (uint64_t)n)) return false;
  for (long i = 0; i < n; i++)
    if (sendmsg(link->fd, &message, MSG_NOSIGNAL) != 1) return false;
  return finish(link, (uint64_t)n);
}
