/* test_raw.c - raw messages: the program brings its own encoder; and corks and batches, which it writes and reads with. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support.h"

/* A channel, what came over it, and the bare socket at its other end, if a test holds that itself. */
typedef struct end {
  cp_channel *channel;
  int peer; /* -1: closed, or a channel has it */
  int messages, internals, batches, errors, disconnects, sent, fd, handles, type;
  char log[4096];      /* a word for each event */
  char payload[65536]; /* of the last message, as far as it fits, NUL-terminated */
  size_t length;
  bool valued, sends_back; /* the last one had a value; each message is answered with "back" */
  cp_error error;
} end;

static void add(end *e, const char *format, const char *text) {
  size_t used = strlen(e->log);
  if (used > 0) e->log[used++] = ' ';
  (void)snprintf(e->log + used, sizeof e->log - used, format, text);
}

static void take(end *e, cp_message *message) {
  const char *payload = cp_message_payload(message, &e->length);
  size_t kept = e->length < sizeof e->payload - 1 ? e->length : sizeof e->payload - 1;
  memcpy(e->payload, payload, kept);
  e->payload[kept] = '\0';
  if (cp_message_handle_count(message) == 0) return;
  const cp_handle *handle = cp_message_handle(message, 0);
  e->handles++;
  e->type = handle != NULL ? (int)handle->type : 0;
  if (e->fd >= 0) close(e->fd);
  e->fd = cp_message_take_fd(message, 0);
}

static void on_message(cp_channel *channel, cp_message *message, void *data) {
  end *e = data;
  take(e, message);
  e->messages++;
  add(e, "%.60s", e->payload);
  if (e->sends_back) assert_int_equal(cp_send_raw(channel, "\"back\"", 6, NULL), 0);
}

static void on_internal(cp_channel *channel, cp_message *message, void *data) {
  end *e = data;
  (void)channel;
  take(e, message);
  e->internals++;
  add(e, "internal:%.60s", e->payload);
}

static void on_batch_end(cp_channel *channel, void *data) {
  end *e = data;
  (void)channel;
  e->batches++;
  add(e, "%s", "|");
}

static void on_error(cp_channel *channel, const cp_error *error, void *data) {
  end *e = data;
  (void)channel;
  e->error = *error;
  e->errors++;
  add(e, "%s", cp_err_name(error->code));
}

static void on_disconnect(cp_channel *channel, void *data) {
  end *e = data;
  (void)channel;
  e->disconnects++;
  add(e, "%s", "disconnect");
}

static void on_sent(cp_channel *channel, int status, void *data) {
  end *e = data;
  (void)channel;
  assert_int_equal(status, 0);
  e->sent++;
}

static void open_on(end *e, int fd, cp_channel_options options) {
  memset(e, 0, sizeof *e);
  options.on_message = on_message;
  options.on_error = on_error;
  options.on_disconnect = on_disconnect;
  options.data = e;
  e->peer = e->fd = -1;
  assert_int_equal(cp_channel_open(&e->channel, test_loop(), fd, &options), 0);
  cp_channel_on_internal(e->channel, on_internal, e);
  cp_channel_on_batch_end(e->channel, on_batch_end, e);
}

#define RAW(...) ((cp_channel_options){.raw_messages = true, __VA_ARGS__})
#define PLAIN(...) ((cp_channel_options){.raw_messages = false, __VA_ARGS__})

static void open_ends(end *a, cp_channel_options a_options, end *b, cp_channel_options b_options) {
  int fds[2];
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
  open_on(a, fds[0], a_options);
  open_on(b, fds[1], b_options);
}

static void open_end(end *e, cp_channel_options options) {
  int fds[2];
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
  open_on(e, fds[0], options);
  e->peer = fds[1];
}

static void close_end(end *e) {
  if (e->peer >= 0) close(e->peer);
  if (e->fd >= 0) close(e->fd);
  cp_channel_free(e->channel);
  run_loop();
}

static int say(end *e, const char *text) { return cp_send_raw(e->channel, text, strlen(text), NULL); }

static void peer_says(end *e, const char *text) {
  assert_int_equal(send(e->peer, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL), strlen(text));
}

/* What the bare socket can read now; newlines are shown as blanks. */
static const char *peer_hears(end *e) {
  static char text[4096];
  ssize_t n = recv(e->peer, text, sizeof text - 1, MSG_DONTWAIT);
  text[n > 0 ? n : 0] = '\0';
  for (char *p = text; *p != '\0'; p++)
    if (*p == '\n') *p = ' ';
  return text;
}

/* ---------------------------------------------------------------- payloads */

static void a_json_text_arrives_byte_for_byte(void **state) {
  (void)state;
  end a, b;
  static const char *const texts[] = {"{\"a\":1.50, \"a\":2}", "\"\\u00e9\xc3\xa9\"", "null", "1e400", "[ ]"};
  open_ends(&a, RAW(0), &b, RAW(0));
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    b.messages = 0;
    assert_int_equal(say(&a, texts[i]), 0);
    run_until(&b.messages);
    assert_string_equal(b.payload, texts[i]);
    assert_int_equal(b.length, strlen(texts[i]));
  }
  close_end(&a);
  close_end(&b);
}

static void text_that_is_no_json_is_the_programs_business(void **state) {
  (void)state;
  static const char *const texts[] = {"{\"a\":1", "undefined", "", "1 2", "{\"cmd\":\"NODE_", "\"\\u00", "\xff"};
  end e;
  open_end(&e, RAW(0));
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    e.messages = 0;
    peer_says(&e, texts[i]);
    peer_says(&e, "\n");
    run_until(&e.messages);
    assert_string_equal(e.payload, texts[i]);
  }
  assert_int_equal(e.disconnects, 0);
  close_end(&e);
}

static void text_that_is_no_json_ends_a_channel_with_limits(void **state) {
  (void)state;
  static const char *const texts[] = {"{\"a\":1\n", "undefined\n", "\n", "1 2\n"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    end e;
    open_end(&e, RAW(.limits = {.max_depth = 100}));
    peer_says(&e, "\"good\"\n");
    peer_says(&e, texts[i]);
    run_until(&e.disconnects);
    assert_string_equal(e.log, "\"good\" | CP_EMESSAGE disconnect");
    assert_int_equal(e.error.stage, CP_STAGE_RECEIVE);
    close_end(&e);
  }
}

static void an_internal_text_is_known_by_its_value(void **state) {
  (void)state;
  static const char *const texts[] = {"{\"cmd\":\"NODE_X\"}", "{\"c\\u006dd\":\"\\u004eODE_X\"}", "{\"cmd\":\"no\"}",
                                      "{\"a\":\"NODE_X\"}"};
  end e;
  open_end(&e, RAW(0));
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    e.messages = e.internals = 0;
    peer_says(&e, texts[i]);
    peer_says(&e, "\n");
    run_until(i < 2 ? &e.internals : &e.messages);
  }
  close_end(&e);
}

static void a_deep_text_arrives(void **state) {
  (void)state;
  enum { DEPTH = 5000 };
  char text[2 * DEPTH + 1];
  end a, b;
  memset(text, '[', DEPTH);
  memset(text + DEPTH, ']', DEPTH);
  text[2 * DEPTH] = '\0';
  open_ends(&a, RAW(0), &b, RAW(0));
  assert_int_equal(say(&a, text), 0);
  run_until(&b.messages);
  assert_string_equal(b.payload, text);
  close_end(&a);
  close_end(&b);
  open_ends(&a, RAW(0), &b, RAW(.limits = {.max_depth = 100})); /* a limit that was given holds */
  assert_int_equal(say(&a, text), 0);
  run_until(&b.disconnects);
  assert_int_equal(b.error.code, CP_ETOOBIG);
  close_end(&a);
  close_end(&b);
}

static void a_large_payload_arrives_over_the_socket(void **state) {
  (void)state;
  enum { SIZE = 8 << 20 }; /* more than ends of this library put into shared memory */
  char *text = malloc(SIZE);
  memset(text, 'x', SIZE);
  text[0] = text[SIZE - 1] = '"';
  for (int serialization = 0; serialization <= 1; serialization++) {
    end a, b;
    open_ends(&a, RAW(.serialization = (cp_serialization)serialization, .peer_is_library = true), &b,
              RAW(.serialization = (cp_serialization)serialization, .peer_is_library = true));
    assert_false(cp_channel_peer_is_library(a.channel));
    assert_int_equal(cp_send_raw(a.channel, text, SIZE, NULL), 1);
    run_until(&b.messages);
    assert_int_equal(b.length, SIZE);
    assert_memory_equal(b.payload, text, sizeof b.payload - 1);
    close_end(&a);
    close_end(&b);
  }
  free(text);
}

static void on_clone_message(cp_channel *channel, cp_message *message, void *data) {
  end *e = data;
  on_message(channel, message, data);
  e->valued = !cp_value_is(cp_message_value(message), CP_TYPE_NONE);
}

/* Bytes of a dialect that this library does not know; with the word that internal messages begin with, or without. */
static void clone_bytes_are_not_decoded(void **state) {
  (void)state;
  static const char *const payloads[] = {"\xff\x0f~~~", "no clone at all", "NODE_ but no clone", "\xff\x0f~NODE_X"};
  end a, b;
  open_ends(&a, RAW(.serialization = CP_SERIALIZATION_ADVANCED), &b, RAW(.serialization = CP_SERIALIZATION_ADVANCED));
  cp_channel_on_message(b.channel, on_clone_message, &b);
  for (size_t i = 0; i < sizeof payloads / sizeof *payloads; i++) {
    b.messages = 0;
    assert_int_equal(say(&a, payloads[i]), 0);
    run_until(&b.messages);
    assert_string_equal(b.payload, payloads[i]);
    assert_false(b.valued);
  }
  assert_int_equal(b.errors + b.internals, 0);
  close_end(&a);
  close_end(&b);
}

static void send_json(end *e, const char *json, const cp_handle *handle) {
  cp_send_options options = {.handles = handle, .handle_count = handle != NULL};
  assert_int_equal(cp_send_json(e->channel, json, strlen(json), &options), 0);
}

static void what_this_library_encodes_can_still_be_asked_for_its_value(void **state) {
  (void)state;
  for (int serialization = 0; serialization <= 1; serialization++) {
    end a, b;
    open_ends(&a, PLAIN(.serialization = (cp_serialization)serialization), &b,
              RAW(.serialization = (cp_serialization)serialization));
    cp_channel_on_message(b.channel, on_clone_message, &b);
    send_json(&a, "{\"text\":\"NODE_ is a word\"}", NULL);
    run_until(&b.messages);
    assert_true(b.valued);
    b.messages = 0;
    send_json(&b, "[1,2]", NULL); /* and a raw end can send values, as to Node */
    run_until(&a.messages);
    assert_true(a.length > 0);
    close_end(&a);
    close_end(&b);
  }
}

static void sending_tells_in_order_when_it_is_through(void **state) {
  (void)state;
  end a, b;
  cp_send_options options = {.cb = on_sent, .data = &a};
  open_ends(&a, RAW(0), &b, RAW(0));
  for (int i = 0; i < 5; i++) assert_int_equal(cp_send_raw(a.channel, "1", 1, i % 2 ? NULL : &options), 0);
  while (b.messages < 5) run_until(&b.messages), (void)uv_run(test_loop(), UV_RUN_NOWAIT);
  while (a.sent < 3) (void)uv_run(test_loop(), UV_RUN_NOWAIT);
  assert_int_equal(a.sent, 3);
  close_end(&a);
  close_end(&b);
}

static void what_cannot_be_sent_is_refused(void **state) {
  (void)state;
  end e;
  cp_error error = {0};
  cp_handle handles[2] = {{.fd = 0}, {.fd = 0}}, unread = {.fd = 0, .unread = "x", .unread_length = 1},
            closed = {.fd = 1000};
  cp_send_options options = {.error = &error};
  open_end(&e, RAW(0));
  assert_int_equal(cp_send_raw(NULL, "1", 1, &options), CP_ECHANNELCLOSED);
  assert_int_equal(error.code, CP_ECHANNELCLOSED);
  assert_int_equal(cp_send_raw(e.channel, "1", 0, &options), UV_EINVAL);
  assert_int_equal(cp_send_raw(e.channel, NULL, 1, &options), UV_EINVAL);
  assert_int_equal(cp_send_raw(e.channel, "1", (size_t)INT32_MAX + 1, &options), CP_ETOOBIG);
  options.handles = handles, options.handle_count = 2;
  assert_int_equal(cp_send_raw(e.channel, "1", 1, &options), UV_ENOTSUP);
  options.handles = &unread, options.handle_count = 1;
  assert_int_equal(cp_send_raw(e.channel, "1", 1, &options), UV_ENOTSUP);
  options.handles = &closed;
  assert_int_equal(cp_send_raw(e.channel, "1", 1, &options), UV_EBADF);
  options.handles = NULL;
  assert_int_equal(cp_send_raw(e.channel, "1", 1, &options), UV_EINVAL);
  assert_int_equal(error.code, UV_EINVAL);
  assert_string_equal(peer_hears(&e), "");
  assert_int_equal(cp_channel_disconnect(e.channel), 0);
  assert_int_equal(cp_send_raw(e.channel, "1", 1, NULL), CP_ECHANNELCLOSED);
  close_end(&e);
}

/* ---------------------------------------------------------------- the protocol */

static void internal_messages_go_to_their_listener_as_they_are(void **state) {
  (void)state;
  for (int serialization = 0; serialization <= 1; serialization++) {
    end a, b;
    open_ends(&a, PLAIN(.serialization = (cp_serialization)serialization), &b,
              RAW(.serialization = (cp_serialization)serialization));
    send_json(&a, "{\"cmd\":\"NODE_CLUSTER\",\"act\":\"online\"}", NULL);
    send_json(&a, "{\"cmd\":\"NODE_\"}", NULL); /* nothing behind the prefix: the program's */
    run_until(&b.messages);
    assert_int_equal(b.internals, 1);
    assert_int_equal(b.messages, 1);
    if (serialization == CP_SERIALIZATION_JSON)
      assert_string_equal(b.log, "internal:{\"cmd\":\"NODE_CLUSTER\",\"act\":\"online\"} {\"cmd\":\"NODE_\"} |");
    close_end(&a);
    close_end(&b);
  }
}

static void the_librarys_own_protocol_is_not_used(void **state) {
  (void)state;
  end e;
  open_end(&e, RAW(.peer_is_library = true));
  peer_says(&e, "{\"cmd\":\"NODE_CHILD_PROCESS_C_HELLO\",\"version\":1}\n");
  peer_says(&e, "{\"cmd\":\"NODE_CHILD_PROCESS_C\",\"handles\":9}\n\"x\"\n");
  run_until(&e.messages);
  assert_false(cp_channel_peer_is_library(e.channel));
  assert_string_equal(e.log, "internal:{\"cmd\":\"NODE_CHILD_PROCESS_C\",\"handles\":9} \"x\" |");
  close_end(&e);
}

/* The other end treats this one as it treats Node. */
static void a_handle_arrives_with_the_message_around_it_and_is_confirmed(void **state) {
  (void)state;
  for (int serialization = 0; serialization <= 1; serialization++) {
    end a, b;
    int fd = listening_socket();
    open_ends(&a, PLAIN(.serialization = (cp_serialization)serialization), &b,
              RAW(.serialization = (cp_serialization)serialization));
    send_json(&a, "{\"for\":\"you\"}", &(cp_handle){.type = CP_HANDLE_SERVER, .fd = fd});
    send_json(&a, "2", NULL); /* waits for the confirmation */
    while (b.messages < 2) assert_int_not_equal(uv_run(test_loop(), UV_RUN_ONCE), 0);
    assert_int_equal(b.handles, 1);
    assert_int_equal(b.type, CP_HANDLE_SERVER);
    assert_true(same_file(b.fd, fd));
    if (serialization == CP_SERIALIZATION_JSON)
      assert_string_equal(b.log, "{\"cmd\":\"NODE_HANDLE\",\"type\":\"net.Server\",\"msg\":{\"for\":\"you\"} | 2 |");
    close(fd);
    close_end(&a);
    close_end(&b);
  }
}

static const char handle_text[] = "{\"cmd\":\"NODE_HANDLE\",\"type\":\"net.Server\",\"msg\":{\"a\":1}}";

static void a_handle_goes_along_with_the_programs_own_message(void **state) {
  (void)state;
  end a, b;
  int fd = listening_socket();
  cp_handle handle = {.fd = fd};
  cp_send_options options = {.handles = &handle, .handle_count = 1, .cb = on_sent, .data = &a};
  open_ends(&a, RAW(0), &b, PLAIN(0));
  assert_int_equal(cp_send_raw(a.channel, handle_text, sizeof handle_text - 1, &options), 0);
  assert_int_equal(say(&a, "2"), 0);
  while (b.messages < 2) assert_int_not_equal(uv_run(test_loop(), UV_RUN_ONCE), 0);
  assert_int_equal(b.handles, 1);
  assert_int_equal(b.type, CP_HANDLE_SERVER);
  assert_true(same_file(b.fd, fd));
  assert_int_equal(a.errors + b.errors, 0);
  assert_true(fcntl(fd, F_GETFD) >= 0); /* it was duplicated */
  assert_int_equal(a.sent, 1);
  close(fd);
  close_end(&a);
  close_end(&b);
}

static void what_follows_a_handle_waits_for_the_peer(void **state) {
  (void)state;
  end e;
  int fd = listening_socket();
  cp_handle handle = {.fd = fd};
  cp_send_options options = {.handles = &handle, .handle_count = 1};
  open_end(&e, RAW(0));
  assert_int_equal(cp_send_raw(e.channel, handle_text, sizeof handle_text - 1, &options), 0);
  close(fd);
  assert_int_equal(say(&e, "2"), 0);
  assert_int_equal(say(&e, "3"), 0);
  assert_int_equal(strlen(peer_hears(&e)), sizeof handle_text); /* and no more */
  assert_int_equal(cp_channel_queued_messages(e.channel), 2);
  peer_says(&e, "{\"cmd\":\"NODE_HANDLE_ACK\"}\n\"go\"\n");
  run_until(&e.messages);
  assert_string_equal(peer_hears(&e), "2 3 ");
  assert_int_equal(e.internals, 0);
  close_end(&e);
}

/* ---------------------------------------------------------------- batches */

static void messages_that_were_read_together_are_one_batch(void **state) {
  (void)state;
  end e;
  open_end(&e, RAW(0));
  peer_says(&e, "1\n{\"cmd\":\"NODE_X\"}\n2\n3");
  run_until(&e.batches);
  assert_string_equal(e.log, "1 internal:{\"cmd\":\"NODE_X\"} 2 |");
  peer_says(&e, "3\n"); /* the half that was read already is no batch of its own */
  e.batches = 0;
  run_until(&e.batches);
  assert_string_equal(e.log, "1 internal:{\"cmd\":\"NODE_X\"} 2 | 33 |");
  close_end(&e);
}

static void a_batch_ends_before_the_disconnect(void **state) {
  (void)state;
  end e;
  open_end(&e, PLAIN(0)); /* not only for raw messages */
  peer_says(&e, "1\n2\n");
  close(e.peer);
  e.peer = -1;
  run_until(&e.disconnects);
  assert_string_equal(e.log, "1 2 | disconnect");
  close_end(&e);
}

static void messages_that_waited_are_a_batch_too(void **state) {
  (void)state;
  end e;
  open_end(&e, RAW(0));
  cp_channel_pause(e.channel);
  peer_says(&e, "1\n2\n");
  for (int i = 0; i < 5; i++) (void)uv_run(test_loop(), UV_RUN_NOWAIT);
  assert_string_equal(e.log, "");
  cp_channel_resume(e.channel);
  run_until(&e.batches);
  assert_string_equal(e.log, "1 2 |");
  close_end(&e);
}

static void flush(cp_channel *channel, cp_message *message, void *data) {
  on_message(channel, message, data);
  (void)cp_channel_flush(channel, 0);
}

static void a_flush_in_a_callback_ends_no_batch(void **state) {
  (void)state;
  end e;
  open_end(&e, RAW(0));
  cp_channel_on_message(e.channel, flush, &e);
  peer_says(&e, "1\n2\n");
  run_until(&e.batches);
  assert_string_equal(e.log, "1 2 |");
  close_end(&e);
}

static void free_it(cp_channel *channel, void *data) {
  on_batch_end(channel, data);
  cp_channel_free(channel);
}

static void the_channel_may_be_freed_at_the_end_of_a_batch(void **state) {
  (void)state;
  for (int malformed = 0; malformed <= 1; malformed++) {
    end e;
    open_end(&e, RAW(.limits = {.max_bytes = 4}));
    cp_channel_on_batch_end(e.channel, free_it, &e);
    peer_says(&e, malformed ? "1\ntoo long\n" : "1\n");
    run_until(&e.batches);
    run_loop();
    assert_string_equal(e.log, "1 |");
    close(e.peer);
  }
}

/* ---------------------------------------------------------------- corks */

static void without_a_cork_each_message_is_written_at_once(void **state) {
  (void)state;
  end e;
  open_end(&e, RAW(0));
  assert_int_equal(say(&e, "1"), 0);
  assert_string_equal(peer_hears(&e), "1 ");
  assert_int_equal(say(&e, "2"), 0);
  assert_string_equal(peer_hears(&e), "2 ");
  close_end(&e);
}

static void look_at_once(cp_channel *channel, cp_message *message, void *data) {
  end *e = data;
  on_message(channel, message, data);
  for (int i = 0; i < 3; i++) {
    assert_int_equal(say(e, "\"now\""), 0);
    assert_string_equal(peer_hears(e), "\"now\" ");
  }
}

static void nor_is_anything_gathered_in_callbacks(void **state) {
  (void)state;
  end e;
  open_end(&e, RAW(0));
  cp_channel_on_message(e.channel, look_at_once, &e);
  peer_says(&e, "1\n2\n");
  run_until(&e.batches);
  assert_int_equal(e.messages, 2);
  close_end(&e);
}

static void a_cork_holds_back_until_it_is_out(void **state) {
  (void)state;
  for (int raw = 0; raw <= 1; raw++) {
    end e;
    open_end(&e, raw ? RAW(0) : PLAIN(0));
    cp_channel_cork(e.channel);
    cp_channel_cork(e.channel);
    assert_int_equal(say(&e, "1"), 0);
    send_json(&e, "2", NULL);
    assert_string_equal(peer_hears(&e), "");
    assert_int_equal(cp_channel_queued_messages(e.channel), 2);
    cp_channel_uncork(e.channel);
    for (int i = 0; i < 3; i++) (void)uv_run(test_loop(), UV_RUN_NOWAIT);
    assert_string_equal(peer_hears(&e), "");
    cp_channel_uncork(e.channel);
    assert_string_equal(peer_hears(&e), "1 2 ");
    cp_channel_uncork(e.channel); /* one too many is none at all */
    assert_int_equal(say(&e, "3"), 0);
    assert_string_equal(peer_hears(&e), "3 ");
    close_end(&e);
  }
  cp_channel_cork(NULL);
  cp_channel_uncork(NULL);
}

static void sixty_four_kib_are_written_all_the_same(void **state) {
  (void)state;
  end e;
  char text[1000];
  memset(text, '1', sizeof text);
  open_end(&e, RAW(0));
  cp_channel_cork(e.channel);
  for (int i = 0; i < 65; i++) assert_int_equal(cp_send_raw(e.channel, text, sizeof text, NULL), 0);
  assert_string_equal(peer_hears(&e), "");
  assert_int_equal(cp_send_raw(e.channel, text, sizeof text, NULL), 0);
  assert_string_not_equal(peer_hears(&e), "");
  cp_channel_uncork(e.channel);
  close_end(&e);
}

static void a_flush_and_a_disconnect_hold_nothing_back(void **state) {
  (void)state;
  end e;
  open_end(&e, RAW(0));
  cp_channel_cork(e.channel);
  assert_int_equal(say(&e, "1"), 0);
  assert_int_equal(cp_channel_flush(e.channel, 0), 0);
  assert_string_equal(peer_hears(&e), "1 ");
  assert_int_equal(say(&e, "2"), 0);
  assert_int_equal(cp_channel_disconnect(e.channel), 0);
  run_until(&e.disconnects);
  assert_string_equal(peer_hears(&e), "2 ");
  cp_channel_uncork(e.channel);
  close_end(&e);
}

static void corked_back(cp_channel *channel, cp_message *message, void *data) {
  end *e = data;
  if (e->messages == 0) cp_channel_cork(channel);
  on_message(channel, message, data);
}

/* As a binding does it: corked from the first message to the end of the batch. */
static void answers_to_a_batch_can_be_written_together(void **state) {
  (void)state;
  end e;
  open_end(&e, RAW(0));
  cp_channel_on_message(e.channel, corked_back, &e);
  e.sends_back = true;
  peer_says(&e, "1\n2\n");
  run_until(&e.batches);
  assert_string_equal(peer_hears(&e), "");
  cp_channel_uncork(e.channel);
  assert_string_equal(peer_hears(&e), "\"back\" \"back\" ");
  close_end(&e);
}

/* ---------------------------------------------------------------- children */

/* Its events in the order that they come in. */
typedef struct child_log {
  cp_child *child;
  event_log log;
  int messages, handles;
  char text[65536];
} child_log;

static void on_child_message(cp_child *child, cp_message *message, void *data) {
  child_log *c = data;
  (void)child;
  c->messages++;
  c->handles += cp_message_handle(message, 0) != NULL;
  (void)snprintf(c->text, sizeof c->text, "%s", (const char *)cp_message_payload(message, NULL));
}
static void on_child_batch(cp_channel *channel, void *data) {
  child_log *c = data;
  (void)channel;
  note(&c->log, "batch");
}
static void on_child_disconnect(cp_child *child, void *data) {
  (void)child;
  note(&((child_log *)data)->log, "disconnect");
}
static void on_child_exit(cp_child *child, const cp_exit *exit, void *data) {
  (void)child;
  note(&((child_log *)data)->log, "exit:%d", exit->code);
}
static void on_child_close(cp_child *child, const cp_exit *exit, void *data) {
  (void)child;
  note(&((child_log *)data)->log, "close:%d", exit->code);
}

typedef void (*child_message_cb)(cp_child *child, cp_message *message, void *data);

static void fork_raw(child_log *c, const char *file, const char *const *args, child_message_cb cb) {
  memset(c, 0, sizeof *c);
  cp_options options = {.raw_messages = true,
                        .on_message = cb,
                        .on_disconnect = on_child_disconnect,
                        .on_exit = on_child_exit,
                        .on_close = on_child_close,
                        .data = c};
  options.stdio = CP_STDIO(CP_IGNORE, CP_INHERIT, CP_INHERIT, CP_IPC);
  assert_int_equal(cp_fork(&c->child, test_loop(), file, args, &options), 0);
}

static void what_a_child_sent_comes_before_its_exit_and_close_after_the_channel(void **state) {
  (void)state;
  child_log c;
  fork_raw(&c, WORKER, CP_ARGS("send-and-exit", "200", "1000"), on_child_message);
  run_loop();
  assert_int_equal(c.messages, 200);
  assert_string_equal(c.log.text, "disconnect exit:0 close:0");
  cp_child_free(c.child);
}

static void a_batch_ends_before_the_exit(void **state) {
  (void)state;
  child_log c;
  fork_raw(&c, WORKER, CP_ARGS("send-and-exit", "1", "1"), on_child_message);
  cp_channel_on_batch_end(cp_child_channel(c.child), on_child_batch, &c);
  run_loop();
  assert_int_equal(c.messages, 1);
  assert_string_equal(c.log.text, "batch disconnect exit:0 close:0");
  cp_child_free(c.child);
}

/* What the child sees of these variables. */
static void check_environment(bool raw, const char *expected_library) {
  int fds[2];
  cp_child *child;
  char text[1024] = "", expected[1024];
  assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
  const char *const env[] = {"CHILD_PROCESS_CHANNEL=an older one", NULL};
  cp_options options = {.raw_messages = raw, .env = env};
  options.stdio = CP_STDIO(CP_IGNORE, CP_FD(fds[1]), CP_INHERIT, CP_IPC);
  const char *const args[] = {"env", "NODE_CHANNEL_FD", "NODE_CHANNEL_SERIALIZATION_MODE", "CHILD_PROCESS_CHANNEL",
                              NULL};
  assert_int_equal(cp_spawn(&child, test_loop(), HELPER, args, &options), 0);
  run_loop();
  cp_child_free(child);
  close(fds[1]);
  assert_true(read(fds[0], text, sizeof text - 1) > 0);
  close(fds[0]);
  (void)snprintf(expected, sizeof expected, "NODE_CHANNEL_FD=3\nNODE_CHANNEL_SERIALIZATION_MODE=json\n%s",
                 expected_library);
  assert_int_equal(strncmp(text, expected, strlen(expected)), 0);
  assert_null(strstr(text, "an older one"));
}

static void the_child_is_told_of_the_channel_but_not_of_the_library(void **state) {
  (void)state;
  check_environment(true, "CHILD_PROCESS_CHANNEL unset\n");
  check_environment(false, "CHILD_PROCESS_CHANNEL=");
}

static void on_echo(cp_child *child, cp_message *message, void *data) {
  on_child_message(child, message, data);
  if (((child_log *)data)->messages == 2) (void)cp_channel_disconnect(cp_child_channel(child));
}

/* It takes its parent for Node. */
static void a_child_of_this_library_answers(void **state) {
  (void)state;
  child_log c;
  int fd = listening_socket();
  cp_handle handle = {.fd = fd};
  cp_send_options options = {.handles = &handle, .handle_count = 1};
  fork_raw(&c, WORKER, CP_ARGS("echo"), on_echo);
  assert_int_equal(cp_send_raw(cp_child_channel(c.child), handle_text, sizeof handle_text - 1, &options), 0);
  assert_int_equal(cp_send_raw(cp_child_channel(c.child), "[1]", 3, NULL), 0);
  run_loop();
  close(fd);
  assert_int_equal(c.messages, 2);
  assert_string_equal(c.text, "[1]");
  assert_int_equal(c.handles, 1);
  assert_string_equal(c.log.text, "disconnect exit:0 close:0");
  cp_child_free(c.child);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(a_json_text_arrives_byte_for_byte),
      TEST(text_that_is_no_json_is_the_programs_business),
      TEST(text_that_is_no_json_ends_a_channel_with_limits),
      TEST(an_internal_text_is_known_by_its_value),
      TEST(a_deep_text_arrives),
      TEST(a_large_payload_arrives_over_the_socket),
      TEST(clone_bytes_are_not_decoded),
      TEST(what_this_library_encodes_can_still_be_asked_for_its_value),
      TEST(sending_tells_in_order_when_it_is_through),
      TEST(what_cannot_be_sent_is_refused),
      TEST(internal_messages_go_to_their_listener_as_they_are),
      TEST(the_librarys_own_protocol_is_not_used),
      TEST(a_handle_arrives_with_the_message_around_it_and_is_confirmed),
      TEST(a_handle_goes_along_with_the_programs_own_message),
      TEST(what_follows_a_handle_waits_for_the_peer),
      TEST(messages_that_were_read_together_are_one_batch),
      TEST(a_batch_ends_before_the_disconnect),
      TEST(messages_that_waited_are_a_batch_too),
      TEST(a_flush_in_a_callback_ends_no_batch),
      TEST(the_channel_may_be_freed_at_the_end_of_a_batch),
      TEST(without_a_cork_each_message_is_written_at_once),
      TEST(nor_is_anything_gathered_in_callbacks),
      TEST(a_cork_holds_back_until_it_is_out),
      TEST(sixty_four_kib_are_written_all_the_same),
      TEST(a_flush_and_a_disconnect_hold_nothing_back),
      TEST(answers_to_a_batch_can_be_written_together),
      TEST(what_a_child_sent_comes_before_its_exit_and_close_after_the_channel),
      TEST(a_batch_ends_before_the_exit),
      TEST(the_child_is_told_of_the_channel_but_not_of_the_library),
      TEST(a_child_of_this_library_answers),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
