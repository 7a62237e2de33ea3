/* interop_handles.c - handles between a C parent and a child: Node, or this library. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <unistd.h>

#include "interop.h"

/* ---------------------------------------------------------------- the reference's examples */

static void a_server_is_shared_with_the_child(void **state) {
  talk t;
  cp_options options = talk_options(&t);
  struct sockaddr_in address;
  reading r;
  int server = listen_tcp(&address);
  start(&t, PEER(state), CP_ARGS("server"), &options);
  send_handle(&t, "\"server\"", CP_HANDLE_SERVER, server);
  await_messages(&t, 1);
  for (int i = 0; i < 5; i++) {
    read_to_end(&r, connect_tcp(ntohs(address.sin_port)));
    assert_string_equal(r.text, "handled by child");
  }
  finish(&t);
  int client = connect_tcp(ntohs(address.sin_port)); /* the parent has it still */
  int accepted = accept4(server, NULL, NULL, SOCK_CLOEXEC);
  assert_true(accepted >= 0);
  close(accepted);
  close(client);
  close(server);
}

/* The parent accepts, and sends each connection to the child of its priority. */
static void sockets_go_to_the_child_of_their_priority(void **state) {
  talk talks[2];
  const char *priorities[] = {"normal", "special"};
  struct sockaddr_in address;
  reading r;
  char expected[64];
  int server = listen_tcp(&address);
  for (int i = 0; i < 2; i++) {
    cp_options options = talk_options(&talks[i]);
    start(&talks[i], PEER(state), CP_ARGS("socket", priorities[i]), &options);
  }
  for (int i = 0; i < 6; i++) {
    int client = connect_tcp(ntohs(address.sin_port)), accepted = accept4(server, NULL, NULL, SOCK_CLOEXEC);
    send_handle(&talks[i % 2], "\"socket\"", CP_HANDLE_SOCKET, accepted);
    close(accepted);
    read_to_end(&r, client);
    (void)snprintf(expected, sizeof expected, "Request handled with %s priority", priorities[i % 2]);
    assert_string_equal(r.text, expected);
  }
  close(server);
  (void)cp_channel_disconnect(talks[1].channel);
  for (int i = 0; i < 2; i++) finish(&talks[i]);
}

/* ---------------------------------------------------------------- each kind, to the child */

static void check_udp(peer kind, int family) {
  talk t;
  cp_options options = talk_options(&t);
  union {
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
  } address = {.in6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT}};
  socklen_t length = sizeof address;
  reading r;
  if (family == AF_INET)
    address.in = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0), client = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || bind(fd, &address.any, family == AF_INET ? sizeof address.in : sizeof address.in6) != 0) {
    close(fd);
    close(client);
    return; /* no such addresses here */
  }
  assert_int_equal(getsockname(fd, &address.any, &length), 0);
  start(&t, kind, CP_ARGS("udp"), &options);
  send_handle(&t, "\"udp\"", CP_HANDLE_UDP, fd);
  close(fd);
  assert_int_equal(sendto(client, "hello", 5, 0, &address.any, length), 5);
  read_some(&r, client);
  assert_string_equal(r.text, "echo:hello");
  close(client);
  finish(&t);
}

static void a_udp_socket_goes_to_the_child(void **state) {
  check_udp(PEER(state), AF_INET);
  check_udp(PEER(state), AF_INET6);
}

static void check_echo(peer kind, int near, int far) {
  talk t;
  cp_options options = talk_options(&t);
  reading r;
  start(&t, kind, CP_ARGS("socket-echo"), &options);
  send_handle(&t, "\"socket\"", CP_HANDLE_SOCKET, far);
  close(far);
  assert_int_equal(write(near, "hello", 5), 5);
  read_some(&r, near);
  assert_string_equal(r.text, "echo:hello");
  assert_int_equal(shutdown(near, SHUT_WR), 0);
  read_to_end(&r, near);
  finish(&t);
}

static void connections_go_to_the_child(void **state) {
  struct sockaddr_in address;
  int pair[2], server = listen_tcp(&address), client = connect_tcp(ntohs(address.sin_port));
  check_echo(PEER(state), client, accept4(server, NULL, NULL, SOCK_CLOEXEC));
  close(server);
  server = listen_unix(temp_path("socket"));
  client = connect_unix(temp_path("socket"));
  check_echo(PEER(state), client, accept4(server, NULL, NULL, SOCK_CLOEXEC));
  close(server);
  make_pair(pair);
  check_echo(PEER(state), pair[0], pair[1]);
}

static void a_pipe_goes_to_the_child(void **state) {
  talk t;
  cp_options options = talk_options(&t);
  int ends[2];
  assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
  start(&t, PEER(state), CP_ARGS("pipe-read"), &options);
  send_handle(&t, "\"pipe\"", CP_HANDLE_SOCKET, ends[0]);
  close(ends[0]);
  assert_int_equal(write(ends[1], "through the pipe", 16), 16);
  close(ends[1]);
  await_messages(&t, 1);
  assert_string_equal(t.last, "\"through the pipe\"");
  finish(&t);
}

static void a_unix_server_goes_to_the_child(void **state) {
  talk t;
  cp_options options = talk_options(&t);
  reading r;
  int server = listen_unix(temp_path("socket"));
  start(&t, PEER(state), CP_ARGS("server"), &options);
  send_handle(&t, "\"server\"", CP_HANDLE_SERVER, server);
  close(server);
  await_messages(&t, 1);
  read_to_end(&r, connect_unix(temp_path("socket")));
  assert_string_equal(r.text, "handled by child");
  finish(&t);
}

/* ---------------------------------------------------------------- each kind, from the child */

typedef struct taking {
  int fd, port, told;
  char text[256];
} taking;

/* The offer [KIND, port] with its handle, then maybe texts. */
static void on_offer(cp_child *child, cp_message *message, void *data) {
  taking *taken = data;
  cp_value value = cp_message_value(message);
  (void)child;
  if (cp_message_handle_count(message) > 0) {
    taken->port = (int)cp_value_integer(cp_value_at(value, 1), 0);
    taken->fd = cp_message_take_fd(message, 0);
    taken->told = 1;
    return;
  }
  size_t used = strlen(taken->text);
  (void)snprintf(taken->text + used, sizeof taken->text - used, "%s", cp_value_string(value, NULL));
}

static void take_offer(taking *taken, talk *t, peer kind, const char *name, const char *path) {
  cp_options options = talk_options(t);
  *taken = (taking){.fd = -1};
  options = (cp_options){.on_message = on_offer, .data = taken};
  start(t, kind, CP_ARGS("offer", name, path), &options);
  run_until(&taken->told);
  assert_true(taken->fd >= 0);
  assert_int_equal(fcntl(taken->fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
}

static void await_text(const taking *taken, const char *end) {
  while (strstr(taken->text, end) == NULL) assert_true(uv_run(test_loop(), UV_RUN_ONCE) != 0);
}

static void end_offer(talk *t) {
  (void)cp_channel_disconnect(t->channel);
  run_loop();
  assert_int_equal(cp_child_exit_code(t->child), 0);
  cp_child_free(t->child);
}

static void a_server_comes_from_the_child(void **state) {
  talk t;
  taking taken;
  take_offer(&taken, &t, PEER(state), "server", NULL);
  end_offer(&t); /* the child has gone: the server is ours alone */
  int client = connect_tcp(taken.port), flags = fcntl(taken.fd, F_GETFL);
  assert_int_equal(fcntl(taken.fd, F_SETFL, flags & ~O_NONBLOCK), 0);
  int accepted = accept(taken.fd, NULL, NULL);
  assert_true(accepted >= 0);
  close(accepted);
  close(client);
  close(taken.fd);
}

static void a_unix_server_comes_from_the_child(void **state) {
  talk t;
  taking taken;
  const char *path = temp_path("socket");
  take_offer(&taken, &t, PEER(state), "unix-server", path);
  int client = connect_unix(path);
  close(client);
  close(taken.fd);
  end_offer(&t);
}

static void a_udp_socket_comes_from_the_child(void **state) {
  talk t;
  taking taken;
  char bytes[16] = "";
  take_offer(&taken, &t, PEER(state), "udp", NULL);
  end_offer(&t);
  struct sockaddr_in own,
      address = {
          .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)taken.port)};
  int sender = bind_udp(&own);
  assert_int_equal(sendto(sender, "hello", 5, 0, (struct sockaddr *)&address, sizeof address), 5);
  assert_int_equal(recv(taken.fd, bytes, sizeof bytes, 0), 5);
  assert_string_equal(bytes, "hello");
  close(sender);
  close(taken.fd);
}

static void check_socket_from_child(peer kind, const char *name, const char *path) {
  talk t;
  taking taken;
  take_offer(&taken, &t, kind, name, path);
  assert_int_equal(write(taken.fd, "from the parent", 15), 15);
  close(taken.fd);
  await_text(&taken, "from the parent");
  end_offer(&t);
}

static void connections_come_from_the_child(void **state) {
  check_socket_from_child(PEER(state), "socket", NULL);
  check_socket_from_child(PEER(state), "unix-socket", temp_path("socket"));
}

/* With keepOpen the child goes on writing to it, and the other end sees both. */
static void the_child_keeps_a_socket_open(void **state) {
  talk t;
  taking taken;
  take_offer(&taken, &t, PEER(state), "keep", NULL);
  assert_int_equal(write(taken.fd, "from the parent", 15), 15);
  if (PEER(state) == PEER_NODE) {
    await_text(&taken, "from the child, ");
    await_text(&taken, "from the parent");
    close(taken.fd);
  } else {
    close(taken.fd);
    await_text(&taken, "from the parent");
    await_text(&taken, "from the child, ");
  }
  end_offer(&t);
}

/* ---------------------------------------------------------------- many, both ways at once */

typedef struct crossing {
  int next, total, done;
  char report[200];
} crossing;

static void on_crossing(cp_child *child, cp_message *message, void *data) {
  crossing *c = data;
  cp_value value = cp_message_value(message);
  (void)child;
  assert_int_equal(cp_value_integer(cp_value_get(value, "i"), -1), c->next);
  if (c->next == c->total) {
    (void)snprintf(c->report, sizeof c->report, "%s", cp_message_json(message, NULL));
    c->done = 1;
    return;
  }
  assert_int_equal(cp_message_handle_count(message), c->next % 3 == 0 ? 1 : 0);
  if (c->next % 3 == 0) {
    const cp_handle *handle = cp_message_handle(message, 0);
    assert_true(handle != NULL && fcntl(handle->fd, F_GETFD) >= 0);
  }
  c->next++;
}

static void send_crossing(talk *t, int i, const int *fds) {
  static const cp_handle_type types[] = {CP_HANDLE_SERVER, CP_HANDLE_UDP, CP_HANDLE_SOCKET};
  char json[32];
  (void)snprintf(json, sizeof json, "{\"i\":%d}", i);
  if (i % 3 == 0)
    send_handle(t, json, types[i / 3 % 3], fds[i / 3 % 3]);
  else
    send_text(t, json);
}

static void check_crossing(peer kind, cp_serialization serialization) {
  enum { TOTAL = 300 };
  talk t;
  crossing c = {.total = TOTAL};
  (void)talk_options(&t);
  cp_options options = {.on_message = on_crossing, .data = &c, .serialization = serialization};
  char number[16], report[64];
  struct sockaddr_in address;
  int fds[3] = {listen_tcp(&address), bind_udp(&address)}, pair[2];
  make_pair(pair);
  fds[2] = pair[0];
  (void)snprintf(number, sizeof number, "%d", TOTAL);
  start(&t, kind, CP_ARGS("mixed", number), &options);
  for (int i = 0; i < TOTAL; i++) send_crossing(&t, i, fds);
  for (int i = 0; i < 3; i++) close(fds[i]);
  close(pair[1]);
  run_until(&c.done);
  (void)snprintf(report, sizeof report, "{\"i\":%d,\"wrong\":[]}", TOTAL);
  assert_string_equal(c.report, report);
  (void)cp_channel_disconnect(t.channel);
  run_loop();
  assert_int_equal(t.sent, TOTAL / 3);
  assert_int_equal(t.unsent, 0);
  cp_child_free(t.child);
}

static void handles_and_messages_cross_in_order(void **state) {
  check_crossing(PEER(state), CP_SERIALIZATION_JSON);
  check_crossing(PEER(state), CP_SERIALIZATION_ADVANCED);
}

/* ---------------------------------------------------------------- what goes wrong */

/* It stands still and exits: the handle is never confirmed, what is behind it never written, and nothing hangs. */
static void a_child_may_die_before_it_confirms_a_handle(void **state) {
  talk t;
  cp_options options = talk_options(&t);
  int pair[2];
  make_pair(pair);
  options.stdio = CP_STDIO(CP_PIPE, CP_INHERIT, CP_INHERIT, CP_IPC);
  start(&t, PEER(state), CP_ARGS("block-and-exit"), &options);
  for (int i = 0; i < 5; i++) {
    send_handle(&t, "\"handle\"", CP_HANDLE_SOCKET, pair[1]);
    send_text(&t, "\"behind it\"");
  }
  close(pair[1]);
  (void)cp_stream_end(cp_child_stdin(t.child));
  run_loop();
  assert_string_equal(t.log.text, "spawn disconnect exit:5 close:5");
  assert_int_equal(t.sent, 1);
  assert_int_equal(t.unsent, 4);
  char byte;
  assert_int_equal(read(pair[0], &byte, 1), 0); /* nobody has the other end any more */
  close(pair[0]);
  cp_child_free(t.child);
}

/* The other side of a channel, by hand. */
typedef struct fake {
  cp_channel *channel;
  int peer, messages, handles;
  char last[64];
} fake;

static void on_fake_message(cp_channel *channel, cp_message *message, void *data) {
  fake *f = data;
  (void)channel;
  f->messages++;
  f->handles += (int)cp_message_handle_count(message);
  (void)snprintf(f->last, sizeof f->last, "%s", cp_message_json(message, NULL));
}

static void open_fake(fake *f, cp_serialization serialization) {
  int pair[2];
  *f = (fake){0};
  make_pair(pair);
  cp_channel_options options = {.serialization = serialization, .on_message = on_fake_message, .data = f};
  assert_int_equal(cp_channel_open(&f->channel, test_loop(), pair[0], &options), 0);
  f->peer = pair[1];
}

static void send_raw(int to, const void *bytes, size_t length, int fd) {
  union {
    struct cmsghdr aligned;
    char bytes[CMSG_SPACE(sizeof(int))];
  } control = {{0}};
  struct iovec part = {.iov_base = (void *)bytes, .iov_len = length};
  struct msghdr message = {
      .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  *header = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof fd)};
  memcpy(CMSG_DATA(header), &fd, sizeof fd);
  assert_int_equal(sendmsg(to, &message, 0), (ssize_t)length);
}

static size_t frame_of(char *frame, size_t size, const char *json, cp_serialization serialization) {
  if (serialization == CP_SERIALIZATION_JSON) return (size_t)snprintf(frame, size, "%s\n", json);
  cp_heap *heap = cp_heap_new(NULL);
  cp_value value;
  void *bytes;
  size_t length;
  assert_int_equal(cp_value_from_json(&value, heap, json, strlen(json), NULL), 0);
  assert_int_equal(cp_value_to_clone(&bytes, &length, value, CP_CLONE_CHANNEL, NULL), 0);
  assert_true(length < 256 && length + 4 <= size);
  memcpy(frame, "\0\0\0", 3);
  frame[3] = (char)length;
  memcpy(frame + 4, bytes, length);
  cp_free(bytes);
  cp_heap_free(heap);
  return length + 4;
}

/* As Node sends a socket again after a NODE_HANDLE_NACK. */
static void check_retransmission(cp_serialization serialization) {
  static const char wrapped[] =
      "{\"cmd\":\"NODE_HANDLE\",\"type\":\"net.Native\",\"msg\":{\"cmd\":\"NODE_HANDLE\",\"type\":\"net.Socket\","
      "\"msg\":{\"a\":1},\"key\":\"4:127.0.0.1:0\"}}";
  fake f;
  char frame[300], ack[300], got[300];
  int pair[2];
  make_pair(pair);
  open_fake(&f, serialization);
  send_raw(f.peer, frame, frame_of(frame, sizeof frame, wrapped, serialization), pair[0]);
  close(pair[0]);
  run_until(&f.messages);
  for (int i = 0; i < 5; i++) (void)uv_run(test_loop(), UV_RUN_NOWAIT);
  assert_int_equal(f.messages, 1);
  assert_int_equal(f.handles, 1);
  assert_string_equal(f.last, "{\"a\":1}");
  size_t length = frame_of(ack, sizeof ack, "{\"cmd\":\"NODE_HANDLE_ACK\"}", serialization);
  assert_int_equal(recv(f.peer, got, sizeof got, MSG_DONTWAIT), (ssize_t)length); /* one, and no more */
  assert_memory_equal(got, ack, length);
  cp_channel_free(f.channel);
  close(f.peer);
  close(pair[1]);
}

static void a_handle_that_node_sends_again_comes_once(void **state) {
  (void)state;
  check_retransmission(CP_SERIALIZATION_JSON);
  check_retransmission(CP_SERIALIZATION_ADVANCED);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST_BOTH(a_server_is_shared_with_the_child),
      TEST_BOTH(sockets_go_to_the_child_of_their_priority),
      TEST_BOTH(a_udp_socket_goes_to_the_child),
      TEST_BOTH(connections_go_to_the_child),
      TEST_BOTH(a_pipe_goes_to_the_child),
      TEST_BOTH(a_unix_server_goes_to_the_child),
      TEST_BOTH(a_server_comes_from_the_child),
      TEST_BOTH(a_unix_server_comes_from_the_child),
      TEST_BOTH(a_udp_socket_comes_from_the_child),
      TEST_BOTH(connections_come_from_the_child),
      TEST_BOTH(the_child_keeps_a_socket_open),
      TEST_BOTH(handles_and_messages_cross_in_order),
      TEST_NODE(a_child_may_die_before_it_confirms_a_handle),
      TEST_C(a_handle_that_node_sends_again_comes_once),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
