/* interop.c - what the tests of C parents share. */
#include "interop.h"

#include <arpa/inet.h>
#include <errno.h>
#include <unistd.h>

peer node_peer = PEER_NODE, c_peer = PEER_C;

/* ---------------------------------------------------------------- talking to a child */

static void on_message(cp_child *child, cp_message *message, void *data) {
  talk *t = data;
  size_t length;
  const char *text = cp_message_json(message, &length);
  (void)child;
  assert_non_null(text);
  (void)snprintf(t->last, sizeof t->last, "%s", text);
  t->messages++;
  if (t->messages < 20) note(&t->log, "message:%s", length < 64 ? text : "long");
}

static void on_disconnect(cp_child *child, void *data) {
  talk *t = data;
  t->disconnects++;
  note(&t->log, "disconnect");
  assert_false(cp_child_connected(child));
}

cp_options talk_options(talk *t) {
  memset(t, 0, sizeof *t);
  cp_options options = log_options(&t->log);
  options.on_message = on_message;
  options.on_disconnect = on_disconnect;
  return options;
}

void start(talk *t, peer kind, const char *const *args, const cp_options *options) {
  const char *node = getenv("CP_NODE"), *more = getenv("CP_NODE_ARGS");
  const char *exec_argv[8] = {NULL};
  char words[256];
  cp_options own = *options;
  if (kind == PEER_NODE) {
    own.exec_path = node != NULL ? node : "node";
    (void)snprintf(words, sizeof words, "%s", more != NULL ? more : "");
    size_t n = 0;
    for (char *word = strtok(words, " "); word != NULL && n < 7; word = strtok(NULL, " ")) exec_argv[n++] = word;
    own.exec_argv = exec_argv;
  }
  int rc = cp_fork(&t->child, test_loop(), kind == PEER_NODE ? INTEROP_CHILD_JS : INTEROP_CHILD, args, &own);
  if (rc != 0) fail_msg("cp_fork: %s", cp_err_name(rc));
  t->channel = cp_child_channel(t->child);
}

void send_text(talk *t, const char *json) {
  int rc = cp_send_json(t->channel, json, strlen(json), NULL);
  if (rc < 0) fail_msg("cp_send_json: %s", cp_err_name(rc));
}

void send_handle(talk *t, const char *json, cp_handle_type type, int fd) {
  cp_handle handle = {.type = type, .fd = fd};
  cp_error error;
  cp_send_options options = {.handles = &handle, .handle_count = 1, .error = &error, .cb = on_sent, .data = t};
  int rc = cp_send_json(t->channel, json, strlen(json), &options);
  if (rc < 0) fail_msg("cp_send_json: %s", error.message);
}

void on_sent(cp_channel *channel, int status, void *data) {
  talk *t = data;
  (void)channel;
  if (status == 0)
    t->sent++;
  else
    t->unsent++;
}

void await_messages(talk *t, int count) {
  while (t->messages < count) {
    int seen = t->messages;
    t->messages = 0;
    if (t->disconnects > 0) fail_msg("disconnected: %s", t->log.text);
    run_until(&t->messages);
    t->messages += seen;
  }
}

void finish(talk *t) {
  (void)cp_channel_disconnect(t->channel);
  run_loop();
  if (t->log.exit.code != 0) fail_msg("%s", t->log.text);
  cp_child_free(t->child);
}

/* ---------------------------------------------------------------- sockets */

static int any_socket(int family, int type) {
  int fd = socket(family, type | SOCK_CLOEXEC, 0);
  assert_true(fd >= 0);
  return fd;
}

static void bind_here(int fd, struct sockaddr_in *address) {
  socklen_t length = sizeof *address;
  *address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  assert_int_equal(bind(fd, (struct sockaddr *)address, sizeof *address), 0);
  assert_int_equal(getsockname(fd, (struct sockaddr *)address, &length), 0);
}

int listen_tcp(struct sockaddr_in *address) {
  int fd = any_socket(AF_INET, SOCK_STREAM);
  bind_here(fd, address);
  assert_int_equal(listen(fd, 64), 0);
  return fd;
}

int bind_udp(struct sockaddr_in *address) {
  int fd = any_socket(AF_INET, SOCK_DGRAM);
  bind_here(fd, address);
  return fd;
}

static struct sockaddr_un unix_address(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
  return address;
}

int listen_unix(const char *path) {
  struct sockaddr_un address = unix_address(path);
  int fd = any_socket(AF_UNIX, SOCK_STREAM);
  assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
  assert_int_equal(listen(fd, 64), 0);
  return fd;
}

int connect_unix(const char *path) {
  struct sockaddr_un address = unix_address(path);
  int fd = any_socket(AF_UNIX, SOCK_STREAM);
  assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
  return fd;
}

int connect_tcp(int port) {
  struct sockaddr_in address = {
      .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)port)};
  int fd = any_socket(AF_INET, SOCK_STREAM);
  assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
  return fd;
}

void make_pair(int pair[2]) { assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0); }

/* ---------------------------------------------------------------- reading */

static void on_readable(uv_poll_t *poll, int status, int events) {
  reading *r = poll->data;
  (void)events;
  if (status < 0) fail_msg("poll: %s", uv_strerror(status));
  ssize_t n = read(r->fd, r->text + r->length, sizeof r->text - 1 - r->length);
  if (n < 0 && errno == EAGAIN) return;
  if (n > 0)
    r->length += (size_t)n;
  else
    r->done = 1;
}

static void start_reading(reading *r, int fd) {
  memset(r, 0, sizeof *r);
  r->fd = fd;
  r->poll.data = r;
  assert_int_equal(uv_poll_init(test_loop(), &r->poll, fd), 0);
  assert_int_equal(uv_poll_start(&r->poll, UV_READABLE, on_readable), 0);
}

static void stop_reading(reading *r) {
  uv_close((uv_handle_t *)&r->poll, NULL);
  (void)uv_run(test_loop(), UV_RUN_NOWAIT);
}

void read_to_end(reading *r, int fd) {
  start_reading(r, fd);
  run_until(&r->done);
  stop_reading(r);
  close(fd);
}

void read_some(reading *r, int fd) {
  start_reading(r, fd);
  while (r->length == 0 && !r->done) (void)uv_run(test_loop(), UV_RUN_ONCE);
  stop_reading(r);
}
