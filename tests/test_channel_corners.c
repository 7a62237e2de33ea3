/* test_channel_corners.c - channels where things meet: no listener, a pause, a full socket, a peer that is half gone. */
#include <dirent.h>
#include <grp.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "support.h"

enum { LINE = 1000 };

/* A channel, the bare socket at its other end, and what came. */
typedef struct end {
  cp_channel *channel;
  int peer;       /* -1: closed, or a channel has it */
  size_t in_line; /* of what fill() wrote */
  int messages, errors, disconnects, sent, failed, replies;
  char log[512];
  cp_error error;
} end;

static void add(end *e, const char *word) {
  size_t used = strlen(e->log);
  (void)snprintf(e->log + used, sizeof e->log - used, "%s%.60s", used > 0 ? " " : "", word);
}

static void on_message(cp_channel *channel, cp_message *message, void *data) {
  end *e = data;
  const char *text = cp_message_json(message, NULL);
  (void)channel;
  add(e, text != NULL ? text : "-");
  e->messages++;
}

static void on_error(cp_channel *channel, const cp_error *error, void *data) {
  end *e = data;
  (void)channel;
  e->error = *error;
  e->errors++;
  add(e, "error");
}

static void on_disconnect(cp_channel *channel, void *data) {
  end *e = data;
  (void)channel;
  e->disconnects++;
  add(e, "disconnect");
}

static void on_sent(cp_channel *channel, int status, void *data) {
  end *e = data;
  (void)channel;
  *(status == 0 ? &e->sent : &e->failed) += 1;
}

static void on_reply(cp_channel *channel, int status, cp_message *reply, cp_value result, void *data) {
  end *e = data;
  (void)channel, (void)reply, (void)result;
  e->replies++;
  add(e, status == 0 ? "reply" : cp_err_name(status));
}

static int try_open(end *e, int fd, bool library) {
  cp_channel_options options = {.on_message = on_message,
                                .on_error = on_error,
                                .on_disconnect = on_disconnect,
                                .peer_is_library = library,
                                .data = e};
  memset(e, 0, sizeof *e);
  e->peer = -1;
  return cp_channel_open(&e->channel, test_loop(), fd, &options);
}

static void open_on(end *e, int fd, bool library) { assert_int_equal(try_open(e, fd, library), 0); }

static void open_end(end *e) {
  int fds[2];
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
  open_on(e, fds[0], false);
  e->peer = fds[1];
}

static void open_ends(end *a, end *b, bool library) {
  int fds[2];
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
  open_on(a, fds[0], library);
  open_on(b, fds[1], library);
}

static void hang_up(end *e) {
  if (e->peer >= 0) close(e->peer);
  e->peer = -1;
}

static void close_end(end *e) {
  hang_up(e);
  cp_channel_free(e->channel);
  run_loop();
}

static void turn(int rounds) {
  for (int i = 0; i < rounds; i++) (void)uv_run(test_loop(), UV_RUN_NOWAIT);
}

static int say(end *e, const char *json) { return cp_send_json(e->channel, json, strlen(json), NULL); }

static void peer_says(end *e, const char *text) {
  assert_int_equal(send(e->peer, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL), strlen(text));
}

/* The peer writes messages of LINE bytes until the socket is full. Returns the bytes. */
static size_t fill(end *e) {
  char line[LINE];
  size_t written = 0;
  memset(line, '1', sizeof line - 1);
  line[LINE - 1] = '\n';
  for (;;) {
    ssize_t n = send(e->peer, line + e->in_line, LINE - e->in_line, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0) return written;
    written += (size_t)n;
    e->in_line = (e->in_line + (size_t)n) % LINE;
  }
}

/* The peer writes until the channel, which nobody listens to, or which is paused, reads no more. */
static void hold_up(end *e) {
  int quiet = 0;
  while (quiet < 5) {
    quiet = fill(e) > 0 ? 0 : quiet + 1;
    turn(2);
  }
}

/* More than the socket takes: a flush has something to wait for. */
static void send_much(end *e, size_t size) {
  char *text = malloc(size);
  memset(text, 'x', size);
  text[0] = text[size - 1] = '"';
  assert_int_equal(cp_send_json(e->channel, text, size, NULL), 1);
  free(text);
}

/* What the peer gets up to the line `last`; false: it does not come. */
static bool peer_gets(end *e, const char *last) {
  char text[4096] = "";
  size_t length = 0;
  for (int i = 0; i < 20; i++) {
    turn(1);
    ssize_t n = recv(e->peer, text + length, sizeof text - 1 - length, MSG_DONTWAIT);
    if (n > 0) length += (size_t)n;
    text[length] = '\0';
    if (strstr(text, last) != NULL) return true;
  }
  return false;
}

/* ---------------------------------------------------------------- the end */

static void a_copy_of_the_fd_elsewhere_does_not_wake_the_loop_of_a_closed_channel(void **state) {
  (void)state;
  end e;
  open_end(&e);
  turn(2);
  int copy = dup(cp_channel_fd(e.channel));
  cp_channel_free(e.channel);
  run_loop();
  peer_says(&e, "1\n");
  struct pollfd backend = {.fd = uv_backend_fd(test_loop()), .events = POLLIN};
  assert_int_equal(poll(&backend, 1, 0), 0);
  close(copy);
  hang_up(&e);
}

static void the_end_of_a_peer_is_seen_behind_messages_that_nobody_takes(void **state) {
  (void)state;
  end e;
  open_end(&e);
  cp_channel_on_message(e.channel, NULL, NULL);
  hold_up(&e);
  hang_up(&e);
  turn(20);
  assert_string_equal(e.log, "disconnect");
  close_end(&e);
}

static void a_paused_channel_that_is_full_keeps_the_loop_alive(void **state) {
  (void)state;
  end e;
  open_end(&e);
  cp_channel_pause(e.channel);
  hold_up(&e);
  assert_int_not_equal(uv_loop_alive(test_loop()), 0);
  close_end(&e);
}

static void a_confirmation_is_read_by_a_channel_that_is_full(void **state) {
  (void)state;
  end e;
  open_end(&e);
  cp_channel_on_message(e.channel, NULL, NULL);
  hold_up(&e);
  cp_handle handle = {.type = CP_HANDLE_SOCKET, .fd = e.peer};
  cp_send_options options = {.handles = &handle, .handle_count = 1};
  assert_int_equal(cp_send(e.channel, cp_number(1), &options), 0);
  assert_int_equal(say(&e, "\"behind\""), 0);
  assert_true(peer_gets(&e, "NODE_HANDLE"));
  turn(10); /* what the socket still had is read */
  if (e.in_line > 0) peer_says(&e, "\n");
  peer_says(&e, "{\"cmd\":\"NODE_HANDLE_ACK\"}\n");
  assert_int_equal(cp_channel_disconnect(e.channel), 0);
  assert_true(peer_gets(&e, "\"behind\""));
  turn(20);
  assert_int_equal(e.disconnects, 1);
  close_end(&e);
}

/* The peer does not read any more, or is gone: what it wrote before is delivered all the same. */
static void what_a_peer_that_is_gone_wrote_is_delivered_unconfirmed(void **state) {
  (void)state;
  end e;
  open_end(&e);
  cp_send_options options = {.cb = on_sent, .data = &e};
  peer_says(&e, "{\"cmd\":\"NODE_HANDLE\",\"type\":\"net.Socket\",\"msg\":1}\n2\n");
  hang_up(&e);
  assert_int_equal(cp_send(e.channel, cp_number(1), &options), 0);
  turn(20);
  assert_int_equal(e.failed, 1);
  assert_string_equal(e.log, "error 1 2 disconnect"); /* an error, for no open file came with the first */
  assert_int_equal(e.error.code, CP_EMESSAGE);
  close_end(&e);
}

static void a_disconnect_ends_although_a_confirmation_cannot_be_written(void **state) {
  (void)state;
  end e;
  open_end(&e);
  assert_int_equal(shutdown(e.peer, SHUT_RD), 0);
  cp_send_options options = {.cb = on_sent, .data = &e};
  assert_int_equal(cp_send(e.channel, cp_number(1), &options), 0);
  peer_says(&e, "{\"cmd\":\"NODE_HANDLE\",\"type\":\"net.Socket\",\"msg\":1}\n");
  turn(5);
  assert_int_equal(e.failed, 1);
  (void)cp_channel_disconnect(e.channel);
  turn(20);
  assert_string_equal(e.log, "error 1 disconnect"); /* it came without its open file */
  assert_int_equal(e.error.code, CP_EMESSAGE);
  assert_int_equal(cp_channel_fd(e.channel), -1);
  close_end(&e);
}

static void on_close(cp_child *child, const cp_exit *exit, void *data) {
  (void)child;
  assert_true(exit->stdio_timed_out);
  *(int *)data += 1;
}

static void a_drain_timeout_gives_up_a_paused_channel(void **state) {
  (void)state;
  int closed = 0;
  cp_child *child;
  cp_options options = {.stdio = CP_STDIO(CP_IGNORE, CP_INHERIT, CP_INHERIT, CP_IPC),
                        .on_close = on_close,
                        .drain_timeout_ms = 1,
                        .data = &closed};
  assert_int_equal(cp_spawn(&child, test_loop(), HELPER, HELPER_ARGS("write", "3", "1\n2\n"), &options), 0);
  cp_channel_pause(cp_child_channel(child));
  run_loop();
  assert_int_equal(closed, 1);
  cp_child_free(child);
  run_loop();
}

/* ---------------------------------------------------------------- requests */

static cp_heap *ask(end *e, uint64_t timeout_ms) {
  cp_heap *heap = cp_heap_new(NULL);
  assert_int_equal(cp_request(e->channel, cp_object(heap), timeout_ms, on_reply, e), 0);
  return heap;
}

static void a_reply_is_found_behind_messages_that_nobody_takes(void **state) {
  (void)state;
  end e;
  open_end(&e);
  cp_channel_on_message(e.channel, NULL, NULL);
  cp_heap_free(ask(&e, 0));
  cp_channel_pause(e.channel);
  peer_says(&e, "\"a\"\n\"b\"\n{\"id\":1,\"result\":2}\n\"c\"\n");
  turn(5);
  cp_channel_resume(e.channel);
  turn(5);
  assert_string_equal(e.log, "reply");
  cp_channel_on_message(e.channel, on_message, &e);
  turn(5);
  assert_string_equal(e.log, "reply \"a\" \"b\" \"c\"");
  close_end(&e);
}

static void a_reply_that_a_flush_has_read_is_found_too(void **state) {
  (void)state;
  end e;
  open_end(&e);
  cp_channel_on_message(e.channel, NULL, NULL);
  cp_heap_free(ask(&e, 0));
  send_much(&e, 1 << 20);
  peer_says(&e, "\"a\"\n{\"id\":1,\"result\":2}\n");
  assert_int_equal(cp_channel_flush(e.channel, 5), UV_ETIMEDOUT);
  turn(5);
  assert_string_equal(e.log, "reply");
  close_end(&e);
}

static void listen_in_a_reply(cp_channel *channel, int status, cp_message *reply, cp_value result, void *data) {
  on_reply(channel, status, reply, result, data);
  cp_channel_on_message(channel, on_message, data);
}

/* The reply overtakes; the messages around it keep their order, and none is forgotten. */
static void a_listener_set_in_a_reply_gets_what_came_before_it_first(void **state) {
  (void)state;
  static const char *const texts[] = {"\"a\"\n{\"id\":1,\"result\":2}\n\"b\"\n",
                                      "\"a\"\n\"b\"\n{\"id\":1,\"result\":2}\n"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    end e;
    open_end(&e);
    cp_channel_on_message(e.channel, NULL, NULL);
    cp_heap *heap = cp_heap_new(NULL);
    assert_int_equal(cp_request(e.channel, cp_object(heap), 0, listen_in_a_reply, &e), 0);
    cp_heap_free(heap);
    cp_channel_pause(e.channel);
    peer_says(&e, texts[i]);
    turn(5);
    cp_channel_resume(e.channel);
    turn(5);
    assert_string_equal(e.log, "reply \"a\" \"b\"");
    close_end(&e);
  }
}

/* Apart: the environment is the whole process's. */
static void time_out_on_the_parents_channel(void *data) {
  end e = {.peer = -1};
  int fds[2];
  char text[16];
  (void)data;
  CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
  (void)snprintf(text, sizeof text, "%d", fds[0]);
  CHECK(setenv("NODE_CHANNEL_FD", text, 1) == 0);
  CHECK(cp_parent_channel(&e.channel, test_loop(), NULL) == 0);
  CHECK(uv_loop_alive(test_loop()) == 0);
  cp_heap *heap = cp_heap_new(NULL);
  CHECK(cp_request(e.channel, cp_object(heap), 1, on_reply, &e) == 0);
  CHECK(uv_loop_alive(test_loop()) != 0);
  cp_heap_free(heap);
  while (e.replies == 0) (void)uv_run(test_loop(), UV_RUN_NOWAIT);
  turn(3);
  CHECK(strcmp(e.log, "CP_ETIMEDOUT") == 0);
  CHECK(uv_loop_alive(test_loop()) == 0);
  cp_channel_free(e.channel);
  CHECK(uv_run(test_loop(), UV_RUN_DEFAULT) == 0);
}

static void the_parents_channel_lets_the_loop_end_after_a_requests_timeout(void **state) {
  (void)state;
  apart(time_out_on_the_parents_channel, NULL);
}

/* ---------------------------------------------------------------- memory */

/* The same value again and again, from a heap that goes on to live. */
typedef struct rally {
  cp_channel *channel;
  cp_value value;
  int count, most;
} rally;

static void answer(cp_channel *channel, cp_message *message, void *data) {
  (void)channel;
  assert_true(cp_reply(message, ((rally *)data)->value) >= 0);
}

static void ask_again(cp_channel *channel, int status, cp_message *reply, cp_value result, void *data) {
  rally *r = data;
  (void)channel, (void)reply, (void)result;
  assert_int_equal(status, 0);
  if (++r->count < r->most) assert_true(cp_request(r->channel, r->value, 0, ask_again, r) >= 0);
}

static void play(rally *r, int most) {
  r->count = 0;
  r->most = most;
  assert_true(cp_request(r->channel, r->value, 0, ask_again, r) >= 0);
  while (r->count < most) (void)uv_run(test_loop(), UV_RUN_ONCE);
}

static void requests_and_replies_leave_the_heap_of_their_values_as_it_was(void **state) {
  (void)state;
  enum { ROUNDS = 3000 };
  end a, b;
  open_ends(&a, &b, false);
  cp_heap *heap = cp_heap_new(NULL);
  rally r = {.channel = a.channel, .value = cp_value_set(cp_object(heap), "key", cp_string(heap, "text"))};
  cp_channel_on_message(b.channel, answer, &r);
  play(&r, 10);
  long blocks = heap_blocks();
  play(&r, ROUNDS);
  assert_int_equal(heap_blocks(), blocks);
  char *text = NULL;
  assert_int_equal(cp_value_to_json(&text, NULL, r.value, NULL), 0);
  assert_string_equal(text, "{\"key\":\"text\"}");
  cp_free(text);
  cp_heap_free(heap);
  cp_channel_free(b.channel);
  close_end(&a);
}

static void messages_with_handles_leave_the_heap_of_their_values_as_it_was(void **state) {
  (void)state;
  end a, b;
  for (int library = 0; library <= 1; library++) {
    open_ends(&a, &b, library);
    cp_heap *heap = cp_heap_new(NULL);
    cp_value value = cp_value_set(cp_object(heap), "key", cp_string(heap, "text"));
    cp_handle handle = {.type = CP_HANDLE_SOCKET, .fd = cp_channel_fd(a.channel)};
    cp_send_options options = {.handles = &handle, .handle_count = 1};
    long blocks = 0;
    for (int i = 0; i < 300; i++) {
      if (i == 10) blocks = heap_blocks();
      assert_int_equal(cp_send(a.channel, value, &options), 0);
      while (b.messages <= i) (void)uv_run(test_loop(), UV_RUN_ONCE);
      turn(2); /* the confirmation */
    }
    assert_int_equal(heap_blocks(), blocks);
    cp_heap_free(heap);
    cp_channel_free(b.channel);
    close_end(&a);
  }
}

/* Resident memory, bytes. */
static size_t resident(void) {
  size_t pages = 0;
  FILE *file = fopen("/proc/self/statm", "re");
  assert_int_equal(fscanf(file, "%*u %zu", &pages), 1);
  (void)fclose(file);
  return pages * (size_t)sysconf(_SC_PAGESIZE);
}

/* An array of empty arrays, each of which costs many times the three bytes that come. */
static void values_of_messages_that_wait_count_as_memory_while_a_reply_is_expected(void **state) {
  (void)state;
  enum { SIZE = 60000, MOST = 32 << 20 };
  end e;
  char *text = malloc(SIZE + 1);
  size_t taken = 0, at = 0;
  for (size_t i = 0; i < SIZE; i += 3) memcpy(text + i, i == 0 ? "[[]" : ",[]", 3);
  memcpy(text + SIZE - 3, ",1]", 3);
  text[SIZE] = '\n';
  open_end(&e);
  cp_channel_on_message(e.channel, NULL, NULL);
  cp_heap_free(ask(&e, 0));
  size_t before = resident();
  for (int quiet = 0; quiet < 5 && taken < MOST;) {
    ssize_t n = send(e.peer, text + at, SIZE + 1 - at, MSG_DONTWAIT | MSG_NOSIGNAL);
    turn(1);
    quiet = n > 0 ? 0 : quiet + 1;
    if (n <= 0) continue;
    taken += (size_t)n;
    at = (at + (size_t)n) % (SIZE + 1);
  }
  size_t more = resident() - before;
  assert_int_equal(e.errors, 0);
  close_end(&e);
  free(text);
  assert_true(taken < MOST);
  assert_true(more < 160 << 20);
}

/* ---------------------------------------------------------------- flushing */

static void a_flush_takes_in_only_so_much(void **state) {
  (void)state;
  enum { MUCH = 8 << 20 };
  end e;
  size_t taken = 0;
  open_end(&e);
  send_much(&e, 2 << 20);
  for (int quiet = 0; quiet < 20 && taken < MUCH;) {
    size_t more = fill(&e);
    taken += more;
    quiet = more > 0 ? 0 : quiet + 1;
    assert_int_equal(cp_channel_flush(e.channel, 1), UV_ETIMEDOUT);
  }
  close_end(&e);
  assert_true(taken >= 1 << 18);
  assert_true(taken < MUCH / 2);
}

static void say_more_and_flush(end *e) {
  if (e->sent++ > 0) return;
  peer_says(e, "2\n3\n");
  assert_int_equal(cp_channel_flush(e->channel, 5), UV_ETIMEDOUT);
}

static void flush_in_a_trace(cp_channel *channel, const cp_trace *trace, void *data) {
  (void)channel;
  if (!trace->outgoing) say_more_and_flush(data);
}

static void a_flush_in_a_trace_reads_nothing_in_front_of_the_message(void **state) {
  (void)state;
  end e;
  open_end(&e);
  send_much(&e, 1 << 20);
  cp_channel_on_trace(e.channel, flush_in_a_trace, &e);
  peer_says(&e, "1\n");
  turn(10);
  assert_string_equal(e.log, "1 2 3");
  close_end(&e);
}

static end *flushing;

static void flush_in_an_error(cp_channel *channel, const cp_error *error, void *data) {
  on_error(channel, error, data);
  say_more_and_flush(flushing);
}

/* A message without the open file that it names: an error first, then the message. */
static void a_flush_in_an_error_reads_nothing_in_front_of_the_message(void **state) {
  (void)state;
  end e;
  int fds[2];
  cp_channel_options options = {.on_message = on_message, .on_error = flush_in_an_error, .data = &e};
  memset(&e, 0, sizeof e);
  flushing = &e;
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
  e.peer = fds[1];
  assert_int_equal(cp_channel_open(&e.channel, test_loop(), fds[0], &options), 0);
  send_much(&e, 1 << 20);
  peer_says(&e, "{\"cmd\":\"NODE_HANDLE\",\"type\":\"net.Socket\",\"msg\":1}\n");
  turn(10);
  assert_string_equal(e.log, "error 1 2 3");
  close_end(&e);
}

/* ---------------------------------------------------------------- sockets of other kinds */

static void tcp_pair(int fds[2]) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t length = sizeof address;
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
  assert_int_equal(listen(listener, 1), 0);
  assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &length), 0);
  fds[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  assert_int_equal(connect(fds[0], (struct sockaddr *)&address, length), 0);
  fds[1] = accept(listener, NULL, NULL);
  assert_true(fds[1] >= 0);
  close(listener);
}

static void tcp_carries_large_messages_and_no_handles(void **state) {
  (void)state;
  end a, b;
  int fds[2];
  tcp_pair(fds);
  open_on(&a, fds[0], true);
  open_on(&b, fds[1], true);
  cp_handle handle = {.type = CP_HANDLE_FD, .fd = fds[0]};
  cp_send_options options = {.handles = &handle, .handle_count = 1};
  assert_int_equal(cp_send(a.channel, cp_number(1), &options), UV_ENOTSUP);
  send_much(&a, 5 << 20);
  run_until(&b.messages);
  assert_int_equal(a.errors + b.errors + a.disconnects + b.disconnects, 0);
  assert_int_equal(strncmp(b.log, "\"xxxx", 5), 0);
  cp_channel_free(b.channel);
  close_end(&a);
}

static void sockets_of_packets_are_refused(void **state) {
  (void)state;
  static const int types[] = {SOCK_DGRAM, SOCK_SEQPACKET};
  for (size_t i = 0; i < 2; i++) {
    cp_channel *channel = NULL;
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, types[i] | SOCK_CLOEXEC, 0, fds), 0);
    assert_int_equal(cp_channel_open(&channel, test_loop(), fds[0], NULL), UV_EINVAL);
    assert_null(channel);
    close(fds[0]);
    close(fds[1]);
  }
}

/* ---------------------------------------------------------------- too many fds under way */

enum { FDS_MAX = 128, EACH = 32 };

/* The kernel counts for a user what no peer has read, but not for one who may do anything. */
static void become_nobody(void) {
  struct rlimit limit = {FDS_MAX, FDS_MAX};
  CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
  if (geteuid() != 0) return;
  if (setgroups(0, NULL) != 0 || setgid(61357) != 0 || setuid(61357) != 0) SKIP_APART();
}

/* Sends until a message has to wait. Returns how many were sent. */
static int send_until_one_waits(end *a, end *sends) {
  cp_handle handles[EACH];
  cp_send_options options = {.handles = handles, .handle_count = EACH, .cb = on_sent, .data = sends};
  for (int i = 0; i < EACH; i++) handles[i] = (cp_handle){.type = CP_HANDLE_FD, .fd = 0};
  int count = 0;
  while (count < FDS_MAX && cp_channel_queued_messages(a->channel) == 0 && sends->failed == 0) {
    if (cp_send(a->channel, cp_number(count), &options) < 0) break;
    count++;
    turn(1);
  }
  return count;
}

static void too_many_fds(void *data) {
  end a, b;
  int fds[2];
  (void)data;
  become_nobody();
  CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
  CHECK(try_open(&a, fds[0], true) == 0);
  int count = send_until_one_waits(&a, &a);
  if (count == FDS_MAX) SKIP_APART(); /* this user may do anything all the same */
  CHECK(a.failed == 0);
  CHECK(a.sent == count - 1);
  CHECK(try_open(&b, fds[1], true) == 0);
  while (b.messages < count && a.disconnects == 0) (void)uv_run(test_loop(), UV_RUN_ONCE);
  turn(2);
  CHECK(a.sent == count);
  CHECK(a.errors + b.errors + a.failed == 0);
  cp_channel_free(a.channel);
  cp_channel_free(b.channel);
  CHECK(uv_run(test_loop(), UV_RUN_DEFAULT) == 0);
}

static void too_many_fds_under_way_are_waited_for(void **state) {
  (void)state;
  NEEDS_A_REAL_KERNEL();
  apart(too_many_fds, NULL);
}

/* ---------------------------------------------------------------- counting sockets */

enum { OPEN_FILES = 500, QUESTIONS = 500 };
#define QUESTION "{\"cmd\":\"NODE_SOCKET_GET_COUNT\",\"key\":\"k\"}\n"

static uint64_t cpu_ns(void) {
  struct timespec time;
  (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

/* What it costs to look at each open file once. */
static uint64_t cost_of_a_look(void) {
  uint64_t least = UINT64_MAX;
  for (int round = 0; round < 5; round++) {
    uint64_t start = cpu_ns();
    struct stat file;
    DIR *fds = opendir("/proc/self/fd");
    for (struct dirent *entry; (entry = readdir(fds)) != NULL;) (void)fstat(atoi(entry->d_name), &file);
    closedir(fds);
    uint64_t cost = cpu_ns() - start;
    if (cost < least) least = cost;
  }
  return least;
}

/* The peer gives a socket, as Node would. */
static void give_socket(end *e, int fd) {
  static const char text[] = "{\"cmd\":\"NODE_HANDLE\",\"type\":\"net.Socket\",\"key\":\"k\",\"msg\":1}\n";
  union {
    struct cmsghdr aligned;
    char bytes[CMSG_SPACE(sizeof(int))];
  } control = {{0}};
  struct iovec part = {.iov_base = (void *)text, .iov_len = sizeof text - 1};
  struct msghdr message = {
      .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  control.aligned.cmsg_level = SOL_SOCKET;
  control.aligned.cmsg_type = SCM_RIGHTS;
  control.aligned.cmsg_len = CMSG_LEN(sizeof(int));
  memcpy(CMSG_DATA(&control.aligned), &fd, sizeof(int));
  assert_int_equal(sendmsg(e->peer, &message, 0), part.iov_len);
}

static void open_sockets_are_counted_without_a_look_at_all_files_for_each_question(void **state) {
  (void)state;
  end e;
  int files[OPEN_FILES];
  char *questions = malloc(sizeof QUESTION * QUESTIONS);
  open_end(&e);
  for (int i = 0; i < OPEN_FILES; i++) assert_true((files[i] = dup(e.peer)) >= 0);
  for (size_t i = 0; i < QUESTIONS; i++) memcpy(questions + i * (sizeof QUESTION - 1), QUESTION, sizeof QUESTION);
  give_socket(&e, e.peer);
  run_until(&e.messages);
  peer_says(&e, questions);
  uint64_t look = cost_of_a_look(), start = cpu_ns();
  turn(5);
  uint64_t cost = cpu_ns() - start;
  assert_true(cost < QUESTIONS / 2 * look);
  for (int i = 0; i < OPEN_FILES; i++) close(files[i]);
  free(questions);
  close_end(&e);
}

static void take_and_close(cp_channel *channel, cp_message *message, void *data) {
  static int fd;
  if (cp_message_handle_count(message) > 0)
    fd = cp_message_take_fd(message, 0);
  else
    close(fd);
  on_message(channel, message, data);
}

static void a_socket_closed_between_two_questions_is_not_counted_by_the_second(void **state) {
  (void)state;
  end e;
  char answers[256];
  open_end(&e);
  int pair[2];
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
  cp_channel_on_message(e.channel, take_and_close, &e);
  give_socket(&e, pair[0]);
  close(pair[0]);
  close(pair[1]);
  run_until(&e.messages);
  assert_true(recv(e.peer, answers, sizeof answers, MSG_DONTWAIT) > 0); /* the confirmation */
  peer_says(&e, QUESTION "1\n" QUESTION);
  turn(5);
  ssize_t n = recv(e.peer, answers, sizeof answers - 1, MSG_DONTWAIT);
  assert_true(n > 0);
  answers[n] = '\0';
  assert_string_equal(answers,
                      "{\"cmd\":\"NODE_SOCKET_COUNT\",\"key\":\"k\",\"count\":1}\n"
                      "{\"cmd\":\"NODE_SOCKET_COUNT\",\"key\":\"k\",\"count\":0}\n");
  close_end(&e);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(a_copy_of_the_fd_elsewhere_does_not_wake_the_loop_of_a_closed_channel),
      TEST(the_end_of_a_peer_is_seen_behind_messages_that_nobody_takes),
      TEST(a_paused_channel_that_is_full_keeps_the_loop_alive),
      TEST(a_confirmation_is_read_by_a_channel_that_is_full),
      TEST(what_a_peer_that_is_gone_wrote_is_delivered_unconfirmed),
      TEST(a_disconnect_ends_although_a_confirmation_cannot_be_written),
      TEST(a_drain_timeout_gives_up_a_paused_channel),
      TEST(a_reply_is_found_behind_messages_that_nobody_takes),
      TEST(a_reply_that_a_flush_has_read_is_found_too),
      TEST(a_listener_set_in_a_reply_gets_what_came_before_it_first),
      TEST(the_parents_channel_lets_the_loop_end_after_a_requests_timeout),
      TEST(requests_and_replies_leave_the_heap_of_their_values_as_it_was),
      TEST(messages_with_handles_leave_the_heap_of_their_values_as_it_was),
      TEST(values_of_messages_that_wait_count_as_memory_while_a_reply_is_expected),
      TEST(a_flush_takes_in_only_so_much),
      TEST(a_flush_in_a_trace_reads_nothing_in_front_of_the_message),
      TEST(a_flush_in_an_error_reads_nothing_in_front_of_the_message),
      TEST(tcp_carries_large_messages_and_no_handles),
      TEST(sockets_of_packets_are_refused),
      TEST(too_many_fds_under_way_are_waited_for),
      TEST(a_socket_closed_between_two_questions_is_not_counted_by_the_second),
      TEST(open_sockets_are_counted_without_a_look_at_all_files_for_each_question),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
