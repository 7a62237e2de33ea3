/* parent.c - the channel to the parent. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "channel.h"
#include "environment.h"
#include "fail.h"
#include "io.h"

#define WRONG(code, ...) cp__fail(options->error, (code), CP_STAGE_OPTIONS, -1, NULL, __VA_ARGS__)

/* As Node reads it: a number, and whatever follows. -1: none. */
static int parse_fd(const char *text) {
  char *end;
  errno = 0;
  long fd = strtol(text, &end, 10);
  return end != text && errno == 0 && fd >= 0 && fd <= INT32_MAX ? (int)fd : -1;
}

static int parse_mode(cp_serialization *serialization, const char *mode) {
  bool advanced = strcmp(mode, "advanced") == 0;
  *serialization = advanced ? CP_SERIALIZATION_ADVANCED : CP_SERIALIZATION_JSON;
  return advanced || *mode == '\0' || strcmp(mode, "json") == 0 ? 0 : UV_EINVAL;
}

/* The parent is this library if it named this very socket: the variable may have come down from a grandparent. */
static bool parent_is_library(int fd) {
  const char *name = getenv(CP__ENV_LIBRARY);
  char own[CP__SOCKET_NAME_MAX];
  return name != NULL && cp__socket_name(own, fd) == 0 && strcmp(name, own) == 0;
}

static void say_hello(cp_channel *channel) {
  cp_heap *heap = cp__channel_scratch(channel);
  if (heap == NULL) return;
  cp_value hello = cp_value_set(cp__simple_internal(heap, CP__HELLO), "version", cp_number(1));
  (void)cp__channel_send_internal(channel, hello, false);
}

static int open_channel(cp_channel **out, uv_loop_t *loop, const char *fd_text, const char *mode,
                        const cp_channel_options *options) {
  cp_channel_options own = *options;
  int fd = parse_fd(fd_text);
  if (parse_mode(&own.serialization, mode) != 0)
    return WRONG(UV_EINVAL, "%s: \"%.40s\" is neither json nor advanced", CP__ENV_MODE, mode);
  if (fd < 0 || fcntl(fd, F_GETFD) < 0) return WRONG(UV_EBADF, "%s: \"%.40s\" is no open fd", CP__ENV_FD, fd_text);
  own.peer_is_library = !own.raw_messages && parent_is_library(fd);
  int rc = cp_channel_open(out, loop, fd, &own);
  if (rc != 0) return rc;
  cp__enlarge_socket(fd); /* the parent may be another program */
  (*out)->refed_by_listeners = true;
  cp__channel_update(*out);
  if (own.peer_is_library) say_hello(*out);
  return 0;
}

int cp_parent_channel(cp_channel **out, uv_loop_t *loop, const cp_channel_options *options) {
  static const cp_channel_options defaults;
  if (options == NULL) options = &defaults;
  if (loop == NULL) return WRONG(UV_EINVAL, "loop: NULL");
  const char *fd = getenv(CP__ENV_FD), *mode = getenv(CP__ENV_MODE);
  if (fd == NULL || *fd == '\0')
    return WRONG(CP_ENOCHANNEL, "%s is not set: %s", CP__ENV_FD, cp_strerror(CP_ENOCHANNEL));
  int rc = open_channel(out, loop, fd, mode != NULL ? mode : "", options);
  if (rc == UV_ENOMEM) return rc; /* it may be tried again */
  (void)unsetenv(CP__ENV_FD);
  (void)unsetenv(CP__ENV_MODE);
  (void)unsetenv(CP__ENV_LIBRARY);
  return rc;
}
