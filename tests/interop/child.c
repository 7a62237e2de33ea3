/*
 * child.c - the forked side of the tests against Node: a program of this library, whose verbs are those of child.js.
 *
 *   count             counts messages, sends the number for the message "count"
 *   block-and-count   likewise, but its loop stands still until stdin ends
 *   late              likewise, but listens only when stdin has ended
 *   flood BYTES       sends texts until it is told to wait, then, when they are through, how many
 *   events            tells on stdout what has come when the parent disconnects
 *   mode              sends how it was told about the channel
 *   ask               sends requests, and then the sum of the results
 *   server            accepts at the server that comes, says "handled by child"
 *   socket PRIORITY   answers on each socket that comes
 *   socket-echo       answers what is written to the sockets that come, until their end
 *   pipe-read         sends what the pipe that comes brings
 *   udp               answers datagrams
 *   hold              keeps the sockets that come until the message "close", which is sent back as "closed"
 *   offer KIND [PATH] sends a handle of its own
 *   mixed N           sends N messages, every third with a handle, and expects as many
 *   nack              says once that a handle has not arrived, and sends how many messages came then
 *   deaf              reads nothing until stdin ends, and exits with 5
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "child_process.h"

static uv_loop_t *loop;
static cp_channel *channel;
static char **arguments; /* after the verb */

static void fail(const char *what) {
  (void)fprintf(stderr, "interop_child: %s (%s)\n", what, strerror(errno));
  exit(70);
}

static void say(cp_value value) {
  if (cp_send(channel, value, NULL) < 0) fail("send");
}

static void say_text(const char *text) {
  cp_heap *heap = cp_heap_new(NULL);
  say(cp_string(heap, text));
  cp_heap_free(heap);
}

static void leave(cp_channel *from, void *data) {
  (void)from, (void)data;
  uv_stop(loop);
}

static void await_stdin_end(void) {
  char byte;
  while (read(0, &byte, 1) > 0) continue;
}

static int taken(cp_message *message) {
  int fd = cp_message_take_fd(message, 0);
  if (fd < 0) fail("no handle came");
  return fd;
}

static void write_all(int fd, const char *text) {
  if (write(fd, text, strlen(text)) < 0) fail("write");
}

/* ---------------------------------------------------------------- messages */

static void on_count(cp_channel *from, cp_message *message, void *data) {
  static int counted;
  (void)from, (void)data;
  counted++;
  if (cp_value_string_is(cp_message_value(message), "count")) say(cp_number(counted));
}

static void count(void) { cp_channel_on_message(channel, on_count, NULL); }

static void block_and_count(void) {
  count();
  await_stdin_end();
}

static void on_stdin_end(uv_poll_t *poll, int status, int events) {
  char byte;
  (void)status, (void)events;
  if (read(0, &byte, 1) > 0) return;
  count();
  uv_close((uv_handle_t *)poll, NULL);
}

static void late(void) {
  static uv_poll_t poll;
  (void)uv_poll_init(loop, &poll, 0);
  (void)uv_poll_start(&poll, UV_READABLE, on_stdin_end);
}

static void on_flood_drained(cp_channel *from, void *data) {
  say(cp_number(*(int *)data));
  if (cp_channel_queued_bytes(from) > 64) fail("drained, but bytes wait");
  (void)cp_channel_disconnect(from);
}

static void flood(void) {
  static int sent;
  size_t length = strtoul(arguments[0], NULL, 10);
  char *json = malloc(length + 2);
  memset(json, 'x', length + 2);
  json[0] = json[length + 1] = '"';
  cp_channel_on_drain(channel, on_flood_drained, &sent);
  for (int rc = 0; rc == 0; sent++)
    if ((rc = cp_send_json(channel, json, length + 2, NULL)) < 0) fail("send");
  free(json);
}

static void on_event(cp_channel *from, cp_message *message, void *data) {
  (void)from, (void)data;
  (void)printf("%s,", cp_message_json(message, NULL));
}

static void on_end(cp_channel *from, void *data) {
  (void)data;
  (void)printf("disconnect,%s", cp_channel_connected(from) ? "true" : "false");
  (void)fflush(stdout);
}

static void events(void) {
  cp_channel_on_message(channel, on_event, NULL);
  cp_channel_on_disconnect(channel, on_end, NULL);
}

static void mode(void) {
  bool advanced = cp_channel_serialization(channel) == CP_SERIALIZATION_ADVANCED;
  say_text(advanced ? "advanced" : "json");
}

/* ---------------------------------------------------------------- requests */

static double sum;
static int answers;

static void on_reply(cp_channel *from, int status, cp_message *reply, cp_value result, void *data) {
  (void)reply, (void)data;
  if (status == 0) sum += cp_value_number(result);
  if (status == CP_EREPLY && !cp_value_string_is(result, "no")) fail("the error is another");
  if (++answers < 100) return;
  say(cp_number(sum));
  (void)cp_channel_disconnect(from);
}

static void ask(void) {
  cp_heap *heap = cp_heap_new(NULL);
  for (int i = 0; i < 100; i++) {
    cp_value request = cp_value_set(cp_object(heap), "n", cp_number(i));
    if (cp_request(channel, request, 0, on_reply, NULL) < 0) fail("request");
  }
  cp_heap_free(heap);
}

/* ---------------------------------------------------------------- handles that come */

typedef struct watched {
  uv_poll_t poll;
  int fd;
  bool answered;
  size_t length;
  char text[256];
} watched;

static void on_watched_closed(uv_handle_t *handle) {
  watched *w = handle->data;
  close(w->fd);
  free(w);
}

static void watch(int fd, uv_poll_cb cb) {
  watched *w = calloc(1, sizeof *w);
  w->fd = fd;
  w->poll.data = w;
  if (uv_poll_init(loop, &w->poll, fd) != 0 || uv_poll_start(&w->poll, UV_READABLE, cb) != 0) fail("poll");
}

static void on_connection(uv_poll_t *poll, int status, int ready) {
  watched *w = poll->data;
  (void)status, (void)ready;
  int fd = accept(w->fd, NULL, NULL);
  if (fd < 0) return;                                   /* another process was quicker */
  (void)send(fd, "handled by child", 16, MSG_NOSIGNAL); /* the client may have gone */
  close(fd);
}

static void on_server(cp_channel *from, cp_message *message, void *data) {
  (void)from, (void)data;
  if (!cp_value_string_is(cp_message_value(message), "server")) return;
  watch(taken(message), on_connection);
  say_text("listening");
}

static void on_socket(cp_channel *from, cp_message *message, void *data) {
  char text[100];
  (void)from, (void)data;
  if (!cp_value_string_is(cp_message_value(message), "socket")) return;
  int fd = taken(message);
  (void)snprintf(text, sizeof text, "Request handled with %s priority", arguments[0]);
  write_all(fd, text);
  close(fd);
}

static void on_echo(uv_poll_t *poll, int status, int ready) {
  watched *w = poll->data;
  char text[300] = "echo:";
  (void)status, (void)ready;
  ssize_t n = read(w->fd, text + 5, sizeof text - 6);
  if (n > 0)
    write_all(w->fd, text);
  else if (n == 0 || errno != EAGAIN)
    uv_close((uv_handle_t *)poll, on_watched_closed);
}

static void on_echo_socket(cp_channel *from, cp_message *message, void *data) {
  (void)from, (void)data;
  watch(taken(message), on_echo);
}

static void on_pipe_bytes(uv_poll_t *poll, int status, int ready) {
  watched *w = poll->data;
  (void)status, (void)ready;
  ssize_t n = read(w->fd, w->text + w->length, sizeof w->text - 1 - w->length);
  if (n > 0) w->length += (size_t)n;
  if (n > 0 || (n < 0 && errno == EAGAIN)) return;
  say_text(w->text);
  uv_close((uv_handle_t *)poll, on_watched_closed);
}

static void on_pipe(cp_channel *from, cp_message *message, void *data) {
  (void)from, (void)data;
  watch(taken(message), on_pipe_bytes);
}

static void on_datagram(uv_poll_t *poll, int status, int ready) {
  watched *w = poll->data;
  char text[300] = "echo:";
  struct sockaddr_storage address;
  socklen_t length = sizeof address;
  (void)status, (void)ready;
  ssize_t n = recvfrom(w->fd, text + 5, sizeof text - 6, 0, (struct sockaddr *)&address, &length);
  if (n >= 0 && sendto(w->fd, text, (size_t)n + 5, 0, (struct sockaddr *)&address, length) < 0) fail("sendto");
}

static void on_udp(cp_channel *from, cp_message *message, void *data) {
  (void)from, (void)data;
  watch(taken(message), on_datagram);
}

static void on_held(cp_channel *from, cp_message *message, void *data) {
  static int held[100], n;
  (void)from, (void)data;
  if (cp_message_handle_count(message) > 0) {
    held[n++] = taken(message);
    if (cp_value_string_is(cp_message_value(message), "again")) return;
    say(cp_number(n));
  } else if (cp_value_string_is(cp_message_value(message), "close")) {
    while (n > 0) close(held[--n]);
    say_text("closed");
  } else {
    say(cp_message_value(message));
  }
}

/* ---------------------------------------------------------------- handles of our own */

static int listener(int family, const char *path) {
  struct sockaddr_un named = {.sun_family = AF_UNIX};
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  bool local = family == AF_UNIX;
  (void)snprintf(named.sun_path, sizeof named.sun_path, "%s", path != NULL ? path : "");
  int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || bind(fd, local ? (struct sockaddr *)&named : (struct sockaddr *)&address,
                     local ? sizeof named : sizeof address) != 0)
    fail("bind");
  if (listen(fd, 64) != 0) fail("listen");
  return fd;
}

static int datagrams(void) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0) fail("bind");
  return fd;
}

static int port_of(int fd) {
  struct sockaddr_in address = {0};
  socklen_t length = sizeof address;
  (void)getsockname(fd, (struct sockaddr *)&address, &length);
  return ntohs(address.sin_port);
}

static void send_handle(cp_value value, cp_handle_type type, int fd) {
  cp_handle handle = {.type = type, .fd = fd};
  cp_send_options options = {.handles = &handle, .handle_count = 1};
  if (cp_send(channel, value, &options) < 0) fail("send a handle");
}

static void send_offer(cp_handle_type type, int fd, int port) {
  cp_heap *heap = cp_heap_new(NULL);
  cp_value offer = cp_array(heap);
  (void)cp_value_push(offer, cp_string(heap, arguments[0]));
  (void)cp_value_push(offer, cp_number(port));
  send_handle(offer, type, fd);
  cp_heap_free(heap);
}

/* One end of a pair goes to the parent; what comes out of the other is sent. */
static void offer_pair(int near, int far) {
  if (strcmp(arguments[0], "keep") == 0) write_all(far, "from the child, ");
  send_offer(CP_HANDLE_SOCKET, far, 0);
  close(far);
  watch(near, on_pipe_bytes);
}

static void offer_tcp(void) {
  int server = listener(AF_INET, NULL), near = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in address = {
      .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)port_of(server))};
  if (connect(near, (struct sockaddr *)&address, sizeof address) != 0) fail("connect");
  int far = accept4(server, NULL, NULL, SOCK_CLOEXEC);
  close(server);
  offer_pair(near, far);
}

static void offer(void) {
  const char *kind = arguments[0];
  int pair[2];
  cp_channel_on_disconnect(channel, leave, NULL);
  if (strcmp(kind, "server") == 0 || strcmp(kind, "unix-server") == 0) {
    bool local = strcmp(kind, "unix-server") == 0;
    int fd = listener(local ? AF_UNIX : AF_INET, arguments[1]);
    send_offer(CP_HANDLE_SERVER, fd, local ? 0 : port_of(fd));
    watch(fd, on_connection);
  } else if (strcmp(kind, "udp") == 0) {
    int fd = datagrams();
    send_offer(CP_HANDLE_UDP, fd, port_of(fd));
    close(fd);
  } else if (strcmp(kind, "unix-socket") == 0) {
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0) fail("socketpair");
    offer_pair(pair[0], pair[1]);
  } else if (strcmp(kind, "pipe") == 0) {
    if (pipe(pair) != 0) fail("pipe");
    send_offer(CP_HANDLE_SOCKET, pair[0], 0);
    write_all(pair[1], "through the pipe");
    close(pair[0]);
    close(pair[1]);
  } else {
    offer_tcp();
  }
}

/* ---------------------------------------------------------------- messages and handles mixed */

static int expected, next_number, mistakes;

static void on_mixed(cp_channel *from, cp_message *message, void *data) {
  (void)from, (void)data;
  cp_value value = cp_message_value(message);
  bool has_handle = cp_message_handle(message, 0) != NULL;
  if (cp_value_integer(cp_value_get(value, "i"), -1) != next_number) mistakes++;
  if (has_handle != (next_number % 3 == 0)) mistakes++;
  if (++next_number < expected) return;
  cp_heap *heap = cp_heap_new(NULL);
  cp_value report = cp_value_set(cp_object(heap), "i", cp_number(expected));
  say(cp_value_set(report, "wrong", mistakes == 0 ? cp_array(heap) : cp_number(mistakes)));
  cp_heap_free(heap);
}

static void mixed(void) {
  expected = atoi(arguments[0]);
  int server = listener(AF_INET, NULL), udp = datagrams(), pair[2];
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0) fail("socketpair");
  const int fds[] = {server, udp, pair[0]};
  const cp_handle_type types[] = {CP_HANDLE_SERVER, CP_HANDLE_UDP, CP_HANDLE_SOCKET};
  cp_heap *heap = cp_heap_new(NULL);
  cp_channel_on_message(channel, on_mixed, NULL);
  for (int i = 0; i < expected; i++) {
    cp_value value = cp_value_set(cp_object(heap), "i", cp_number(i));
    if (i % 3 == 0)
      send_handle(value, types[i / 3 % 3], fds[i / 3 % 3]);
    else
      say(value);
  }
  cp_heap_free(heap);
  for (size_t i = 0; i < sizeof fds / sizeof *fds; i++) close(fds[i]);
  close(pair[1]);
}

/* ---------------------------------------------------------------- without the library's good manners */

static int came;

static void on_after_nack(cp_channel *from, cp_message *message, void *data) {
  (void)from, (void)data;
  came++;
  if (!cp_value_string_is(cp_message_value(message), "end")) {
    if (cp_message_handle_count(message) != 1) fail("no handle");
    return;
  }
  say(cp_number(came));
}

/* Takes the bytes up to the newline off the socket, with the fd, and refuses them. */
static void refuse_one_handle(int fd) {
  static const char nack[] = "{\"cmd\":\"NODE_HANDLE_NACK\"}\n";
  char bytes[1000], control[100];
  struct iovec part = {.iov_base = bytes, .iov_len = sizeof bytes};
  struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  ssize_t n = recvmsg(fd, &header, 0);
  if (n <= 0 || bytes[n - 1] != '\n') fail("half a message");
  struct cmsghdr *rights = CMSG_FIRSTHDR(&header);
  if (rights == NULL) fail("no fd");
  int handle;
  memcpy(&handle, CMSG_DATA(rights), sizeof handle);
  close(handle);
  write_all(fd, nack);
}

static int main_nack(void) {
  const char *text = getenv("NODE_CHANNEL_FD");
  int fd = text != NULL ? atoi(text) : -1;
  cp_channel_options options = {.on_message = on_after_nack, .on_disconnect = leave};
  refuse_one_handle(fd);
  if (cp_channel_open(&channel, loop, fd, &options) != 0) fail("open");
  (void)uv_run(loop, UV_RUN_DEFAULT);
  cp_channel_free(channel);
  return 0;
}

/* ---------------------------------------------------------------- verbs */

typedef struct verb {
  const char *name;
  cp_message_cb on_message;
  void (*begin)(void);
} verb;

static const verb verbs[] = {
    {"count", NULL, count},       {"block-and-count", NULL, block_and_count},
    {"late", NULL, late},         {"flood", NULL, flood},
    {"events", NULL, events},     {"mode", NULL, mode},
    {"ask", NULL, ask},           {"server", on_server, NULL},
    {"socket", on_socket, NULL},  {"socket-echo", on_echo_socket, NULL},
    {"pipe-read", on_pipe, NULL}, {"udp", on_udp, NULL},
    {"hold", on_held, NULL},      {"offer", NULL, offer},
    {"mixed", NULL, mixed},
};

static const verb *find(const char *name) {
  for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
    if (strcmp(verbs[i].name, name) == 0) return &verbs[i];
  return NULL;
}

int main(int argc, char **argv) {
  const char *name = argc > 1 ? argv[1] : "";
  arguments = argv + (argc > 1 ? 2 : 1);
  loop = uv_default_loop();
  if (strcmp(name, "nack") == 0) return main_nack();
  if (strcmp(name, "deaf") == 0) {
    await_stdin_end();
    return 5;
  }
  const verb *found = find(name);
  if (found == NULL) fail("no such verb");
  int rc = cp_parent_channel(&channel, loop, NULL);
  if (rc != 0) fail(cp_err_name(rc));
  if (found->on_message != NULL) {
    cp_channel_on_message(channel, found->on_message, NULL);
    cp_channel_on_disconnect(channel, leave, NULL);
  }
  if (found->begin != NULL) found->begin();
  (void)uv_run(loop, UV_RUN_DEFAULT);
  cp_channel_free(channel);
  return 0;
}
