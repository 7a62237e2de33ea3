/* test_channel.c - a channel on a socket pair: events, order, backpressure, the end. */
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support.h"

/* One end, and what came over it. */
typedef struct end {
  cp_channel *channel;
  int messages, errors, disconnects, drains, sent;
  char log[4096];
  cp_error error;
  cp_message *kept;
} end;

static void add(end *e, const char *word) {
  size_t used = strlen(e->log);
  (void)snprintf(e->log + used, sizeof e->log - used, "%s%s", used > 0 ? " " : "", word);
}

static void on_message(cp_channel *channel, cp_message *message, void *data) {
  end *e = data;
  const char *text = cp_message_json(message, NULL);
  assert_ptr_equal(cp_message_channel(message), channel);
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
  assert_false(cp_channel_connected(channel));
  e->disconnects++;
  add(e, "disconnect");
}

static void on_drain(cp_channel *channel, void *data) {
  end *e = data;
  assert_int_equal(cp_channel_queued_bytes(channel), 0);
  e->drains++;
}

static void on_sent(cp_channel *channel, int status, void *data) {
  end *e = data;
  (void)channel;
  if (status == 0) e->sent++;
  if (status != 0) add(e, cp_err_name(status));
}

static cp_channel_options options_of(end *e, cp_serialization serialization) {
  memset(e, 0, sizeof *e);
  return (cp_channel_options){.serialization = serialization,
                              .on_message = on_message,
                              .on_error = on_error,
                              .on_disconnect = on_disconnect,
                              .data = e};
}

static void socket_pair(int fds[2]) { assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0); }

static void open_end(end *e, int fd, cp_serialization serialization) {
  cp_channel_options options = options_of(e, serialization);
  assert_int_equal(cp_channel_open(&e->channel, test_loop(), fd, &options), 0);
}

static void open_ends(end *a, end *b, cp_serialization serialization) {
  int fds[2];
  socket_pair(fds);
  open_end(a, fds[0], serialization);
  open_end(b, fds[1], serialization);
}

static void close_ends(end *a, end *b) {
  cp_channel_free(a->channel);
  if (b != NULL) cp_channel_free(b->channel);
  run_loop();
}

static int say(end *e, const char *json) { return cp_send_json(e->channel, json, strlen(json), NULL); }

static void turn(int rounds) {
  for (int i = 0; i < rounds; i++) (void)uv_run(test_loop(), UV_RUN_NOWAIT);
}

static void messages_arrive_in_order_in_both_serializations(void **state) {
  (void)state;
  for (int serialization = 0; serialization <= 1; serialization++) {
    end a, b;
    open_ends(&a, &b, (cp_serialization)serialization);
    assert_int_equal(say(&a, " [1, 2 ] "), 0);
    assert_int_equal(say(&a, "{\n\"a\": null\n}"), 0);
    assert_int_equal(cp_send_json(a.channel, "null", SIZE_MAX, NULL), 0);
    assert_int_equal(cp_send(a.channel, cp_text("h\xc3\xa9"), NULL), 0);
    assert_int_equal(cp_text("\xff").type, CP_TYPE_NONE);
    assert_int_equal(cp_send(a.channel, cp_number(-0.5), NULL), 0);
    assert_int_equal(cp_send(a.channel, cp_boolean(true), NULL), 0);
    while (b.messages < 6) (void)uv_run(test_loop(), UV_RUN_ONCE);
    assert_string_equal(b.log, serialization == 0 ? "[1, 2 ] {\"a\":null} null \"h\xc3\xa9\" -0.5 true"
                                                  : "[1,2] {\"a\":null} null \"h\xc3\xa9\" -0.5 true");
    close_ends(&a, &b);
  }
}

static void what_cannot_be_carried_is_refused_and_nothing_is_sent(void **state) {
  (void)state;
  end a, b;
  cp_error error;
  cp_send_options options = {.error = &error};
  cp_heap *heap = cp_heap_new(NULL);
  open_ends(&a, &b, CP_SERIALIZATION_JSON);
  cp_value value = cp_value_push(cp_array(heap), cp_bigint(heap, 5));
  assert_int_equal(cp_send(a.channel, value, &options), CP_ECLONE);
  assert_int_equal(error.stage, CP_STAGE_ENCODE);
  assert_int_equal(cp_send(a.channel, cp_undefined(), &options), CP_ECLONE);
  assert_int_equal(cp_send_json(a.channel, "{]", 2, &options), CP_EMESSAGE);
  assert_int_equal(error.index, 1);
  assert_int_equal(cp_send_json(a.channel, "1 2", 3, &options), CP_EMESSAGE);
  assert_int_equal(cp_send_json(a.channel, "", 0, &options), CP_EMESSAGE);
  assert_int_equal(cp_channel_queued_bytes(a.channel), 0);
  assert_int_equal(say(&a, "1"), 0);
  run_until(&b.messages);
  assert_string_equal(b.log, "1");
  cp_heap_free(heap);
  close_ends(&a, &b);
}

static void malformed_input_is_an_error_and_the_end(void **state) {
  (void)state;
  static const struct {
    cp_serialization serialization;
    const char *bytes;
    size_t length;
    int code;
  } cases[] = {
      {CP_SERIALIZATION_JSON, "1\n{\n2\n", 6, CP_EMESSAGE},
      {CP_SERIALIZATION_JSON, "1\n\n", 3, CP_EMESSAGE},
      {CP_SERIALIZATION_JSON,
       "1\n\xef\xbb\xbf"
       "1\n",
       7, CP_EMESSAGE},
      {CP_SERIALIZATION_JSON, "1\n{\"cmd\":\"NODE_HANDLE\"}\n", 25, CP_EMESSAGE},
      {CP_SERIALIZATION_ADVANCED, "\0\0\0\4\xff\x0fI\2\0\0\0\0", 12, CP_EMESSAGE},
      {CP_SERIALIZATION_ADVANCED, "\0\0\0\4\xff\x0fI\2\0\0\0\3\xff\x0f?", 15, CP_EMESSAGE},
      {CP_SERIALIZATION_ADVANCED, "\0\0\0\4\xff\x0fI\2\xff\xff\xff\xff", 12, CP_ETOOBIG},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    end a;
    int fds[2];
    socket_pair(fds);
    open_end(&a, fds[0], cases[i].serialization);
    assert_int_equal(write(fds[1], cases[i].bytes, cases[i].length), cases[i].length);
    run_until(&a.disconnects);
    assert_string_equal(a.log, "1 error disconnect");
    assert_int_equal(a.error.code, cases[i].code);
    assert_int_equal(a.error.stage, CP_STAGE_RECEIVE);
    close(fds[1]);
    close_ends(&a, NULL);
  }
}

static void bad_utf8_is_replaced(void **state) {
  (void)state;
  end a;
  int fds[2];
  socket_pair(fds);
  open_end(&a, fds[0], CP_SERIALIZATION_JSON);
  assert_int_equal(write(fds[1], "\"a\xff\"\n", 5), 5);
  run_until(&a.messages);
  assert_string_equal(a.log, "\"a\xef\xbf\xbd\"");
  close(fds[1]);
  close_ends(&a, NULL);
}

static void messages_before_a_listener_wait_for_it_even_beyond_the_disconnect(void **state) {
  (void)state;
  end a, b;
  open_ends(&a, &b, CP_SERIALIZATION_JSON);
  cp_channel_on_message(b.channel, NULL, NULL);
  for (int i = 0; i < 5; i++) assert_int_equal(say(&a, "1"), 0);
  assert_int_equal(cp_channel_disconnect(a.channel), 0);
  run_until(&b.disconnects);
  assert_int_equal(b.messages, 0);
  cp_channel_on_message(b.channel, on_message, &b);
  run_loop();
  assert_string_equal(b.log, "disconnect 1 1 1 1 1");
  close_ends(&a, &b);
}

static void a_paused_channel_delivers_nothing_and_then_all(void **state) {
  (void)state;
  end a, b;
  open_ends(&a, &b, CP_SERIALIZATION_ADVANCED);
  cp_channel_pause(b.channel);
  assert_int_equal(say(&a, "1"), 0);
  assert_int_equal(say(&a, "\"two\""), 0);
  (void)cp_channel_disconnect(a.channel);
  turn(10);
  assert_string_equal(b.log, "");
  cp_channel_resume(b.channel);
  run_loop();
  assert_string_equal(b.log, "1 \"two\" disconnect");
  close_ends(&a, &b);
}

static void pause_in_a_message(cp_channel *channel, cp_message *message, void *data) {
  on_message(channel, message, data);
  cp_channel_pause(channel);
}

static void pausing_in_a_callback_holds_from_the_next_message_on(void **state) {
  (void)state;
  end a, b;
  open_ends(&a, &b, CP_SERIALIZATION_JSON);
  cp_channel_on_message(b.channel, pause_in_a_message, &b);
  for (int i = 0; i < 3; i++) assert_int_equal(say(&a, "1"), 0);
  for (int i = 1; i <= 3; i++) {
    turn(5);
    assert_int_equal(b.messages, i);
    cp_channel_resume(b.channel);
  }
  close_ends(&a, &b);
}

static void a_peer_that_does_not_read_is_felt_and_the_queue_is_bounded(void **state) {
  (void)state;
  end a, b;
  int fds[2], rc = 0, sent = 0;
  char text[10002];
  socket_pair(fds);
  cp_channel_options options = options_of(&a, CP_SERIALIZATION_JSON);
  options.max_queued_bytes = 1 << 20;
  assert_int_equal(cp_channel_open(&a.channel, test_loop(), fds[0], &options), 0);
  cp_channel_on_drain(a.channel, on_drain, &a);
  memset(text, 'x', sizeof text);
  text[0] = text[10001] = '"';
  cp_send_options each = {.cb = on_sent, .data = &a};
  while ((rc = cp_send_json(a.channel, text, sizeof text, &each)) >= 0) {
    sent++;
    assert_int_equal(rc, cp_channel_queued_bytes(a.channel) > CP_SEND_HIGH_WATER);
  }
  assert_int_equal(rc, UV_ENOBUFS);
  assert_true(cp_channel_queued_bytes(a.channel) >= 1 << 20);
  assert_true(cp_channel_queued_messages(a.channel) > 100);
  open_end(&b, fds[1], CP_SERIALIZATION_JSON);
  while (b.messages < sent || a.drains == 0) assert_int_not_equal(uv_run(test_loop(), UV_RUN_ONCE), 0);
  assert_int_equal(a.drains, 1);
  assert_int_equal(a.sent, sent);
  close_ends(&a, &b);
}

static void a_disconnect_writes_what_waits_first(void **state) {
  (void)state;
  enum { SIZE = 4 << 20 };
  end a, b;
  open_ends(&a, &b, CP_SERIALIZATION_JSON);
  char *text = malloc(SIZE);
  memset(text, 'x', SIZE);
  text[0] = text[SIZE - 1] = '"';
  assert_int_equal(cp_send_json(a.channel, text, SIZE, NULL), 1);
  assert_int_equal(cp_channel_disconnect(a.channel), 0);
  assert_false(cp_channel_connected(a.channel));
  assert_int_equal(say(&a, "1"), CP_ECHANNELCLOSED);
  assert_int_equal(cp_channel_disconnect(a.channel), CP_ECHANNELCLOSED);
  run_loop();
  assert_int_equal(b.messages, 1);
  assert_int_equal(b.disconnects, 1);
  assert_string_equal(a.log, "disconnect");
  free(text);
  close_ends(&a, &b);
}

static void a_peer_that_is_gone_fails_the_send_alone(void **state) {
  (void)state;
  end a;
  int fds[2];
  socket_pair(fds);
  open_end(&a, fds[0], CP_SERIALIZATION_JSON);
  close(fds[1]);
  cp_send_options each = {.cb = on_sent, .data = &a};
  assert_int_equal(cp_send_json(a.channel, "1", 1, &each), 0);
  assert_int_equal(cp_send_json(a.channel, "1", 1, &each), UV_EPIPE);
  run_until(&a.disconnects);
  assert_string_equal(a.log, "EPIPE disconnect");
  assert_int_equal(a.errors, 0);
  assert_int_equal(cp_send_json(a.channel, "1", 1, &each), CP_ECHANNELCLOSED);
  close_ends(&a, NULL);
}

static void flush_writes_while_the_peer_reads_and_gives_up_in_time(void **state) {
  (void)state;
  enum { SIZE = 1 << 20 };
  end a;
  int fds[2];
  char *text = malloc(SIZE);
  memset(text, 'x', SIZE);
  text[0] = text[SIZE - 1] = '"';
  socket_pair(fds);
  open_end(&a, fds[0], CP_SERIALIZATION_JSON);
  assert_int_equal(cp_channel_flush(a.channel, 0), 0);
  assert_int_equal(cp_send_json(a.channel, text, SIZE, NULL), 1);
  assert_int_equal(write(fds[1], "5\n", 2), 2);
  assert_int_equal(cp_channel_flush(a.channel, 0), UV_ETIMEDOUT);
  assert_int_equal(cp_channel_flush(a.channel, 20), UV_ETIMEDOUT);
  assert_int_equal(a.messages, 0); /* no callback from inside */
  close(fds[1]);
  assert_int_equal(cp_channel_flush(a.channel, 60000), CP_ECHANNELCLOSED);
  run_until(&a.disconnects);
  assert_string_equal(a.log, "5 disconnect");
  free(text);
  close_ends(&a, NULL);
}

static void keep(cp_channel *channel, cp_message *message, void *data) {
  end *e = data;
  (void)channel;
  if (e->kept == NULL) {
    assert_int_equal(cp_value_type(cp_message_value(message)), CP_TYPE_OBJECT);
    e->kept = cp_message_keep(message);
    assert_non_null(e->kept);
  }
  e->messages++;
}

static void a_kept_message_outlives_its_callback_and_its_channel(void **state) {
  (void)state;
  static const size_t sizes[] = {10, 100000};
  for (int serialization = 0; serialization <= 1; serialization++) {
    for (size_t i = 0; i < 2; i++) {
      end a, b;
      cp_heap *heap = cp_heap_new(NULL);
      char *bytes = calloc(1, sizes[i]);
      memset(bytes, 'y', sizes[i] - 1);
      open_ends(&a, &b, (cp_serialization)serialization);
      cp_channel_on_message(b.channel, keep, &b);
      cp_value value = cp_value_set(cp_object(heap), "text", cp_string(heap, bytes));
      if (serialization == CP_SERIALIZATION_ADVANCED)
        (void)cp_value_set(value, "bytes", cp_buffer(heap, bytes, sizes[i]));
      assert_true(cp_send(a.channel, value, NULL) >= 0);
      assert_true(cp_send(a.channel, cp_null(), NULL) >= 0);
      assert_true(cp_send(a.channel, cp_null(), NULL) >= 0);
      while (b.messages < 3) (void)uv_run(test_loop(), UV_RUN_ONCE);
      assert_ptr_equal(cp_message_channel(b.kept), b.channel);
      close_ends(&a, &b);
      assert_null(cp_message_channel(b.kept));
      assert_true(cp_value_equal(cp_message_value(b.kept), value));
      assert_ptr_equal(cp_message_keep(b.kept), b.kept);
      cp_message_free(b.kept);
      cp_message_free(b.kept);
      cp_heap_free(heap);
      free(bytes);
    }
  }
}

static void free_in_a_message(cp_channel *channel, cp_message *message, void *data) {
  end *e = data;
  on_message(channel, message, data);
  cp_channel_free(channel);
  e->channel = NULL;
}

static void freeing_in_a_callback_is_the_last_of_it(void **state) {
  (void)state;
  end a, b;
  open_ends(&a, &b, CP_SERIALIZATION_JSON);
  cp_channel_on_message(b.channel, free_in_a_message, &b);
  for (int i = 0; i < 3; i++) assert_int_equal(say(&a, "1"), 0);
  run_until(&a.disconnects);
  assert_string_equal(b.log, "1");
  close_ends(&a, &b);
}

static void internal_messages_go_to_their_own_listener(void **state) {
  (void)state;
  end a, b, internal;
  memset(&internal, 0, sizeof internal);
  for (int serialization = 0; serialization <= 1; serialization++) {
    open_ends(&a, &b, (cp_serialization)serialization);
    cp_channel_on_internal(b.channel, on_message, &internal);
    assert_int_equal(say(&a, "{\"cmd\":\"NODE_foo\"}"), 0);
    assert_int_equal(say(&a, "{\"cmd\":\"NODE_\"}"), 0);
    assert_int_equal(say(&a, "{\"cmd\":\"node_x\"}"), 0);
    assert_int_equal(say(&a, "[{\"cmd\":\"NODE_foo\"}]"), 0);
    assert_int_equal(say(&a, "1"), 0);
    while (b.messages < 4) (void)uv_run(test_loop(), UV_RUN_ONCE);
    assert_string_equal(b.log, "{\"cmd\":\"NODE_\"} {\"cmd\":\"node_x\"} [{\"cmd\":\"NODE_foo\"}] 1");
    assert_int_equal(internal.messages, serialization + 1);
    close_ends(&a, &b);
  }
}

static void on_trace(cp_channel *channel, const cp_trace *trace, void *data) {
  end *e = data;
  char word[64];
  (void)channel;
  (void)snprintf(word, sizeof word, "%c%.*s", trace->outgoing ? '>' : '<', (int)trace->length,
                 (const char *)trace->payload);
  add(e, word);
}

static void the_trace_sees_every_frame(void **state) {
  (void)state;
  end a, b, trace;
  memset(&trace, 0, sizeof trace);
  open_ends(&a, &b, CP_SERIALIZATION_JSON);
  cp_channel_on_trace(a.channel, on_trace, &trace);
  assert_int_equal(say(&a, "[1]"), 0);
  assert_int_equal(say(&b, "[2]"), 0);
  run_until(&a.messages);
  assert_string_equal(trace.log, ">[1] <[2]");
  close_ends(&a, &b);
}

static void an_unreferenced_channel_lets_the_loop_end_but_for_what_is_not_sent(void **state) {
  (void)state;
  end a;
  int fds[2];
  char buffer[65536];
  socket_pair(fds);
  open_end(&a, fds[0], CP_SERIALIZATION_JSON);
  cp_channel_unref(a.channel);
  run_loop();
  char *text = calloc(1, 1 << 20);
  memset(text, '1', 1 << 20);
  assert_int_equal(cp_send_json(a.channel, text, 1 << 20, NULL), 1);
  assert_int_not_equal(uv_run(test_loop(), UV_RUN_NOWAIT), 0);
  while (uv_run(test_loop(), UV_RUN_NOWAIT) != 0)
    if (read(fds[1], buffer, sizeof buffer) < 0) break;
  assert_int_equal(cp_channel_queued_bytes(a.channel), 0);
  cp_channel_ref(a.channel);
  assert_int_not_equal(uv_loop_alive(test_loop()), 0);
  free(text);
  close(fds[1]);
  close_ends(&a, NULL);
}

static void half_a_message_at_the_end_is_dropped(void **state) {
  (void)state;
  end a;
  int fds[2];
  socket_pair(fds);
  open_end(&a, fds[0], CP_SERIALIZATION_JSON);
  assert_int_equal(write(fds[1], "1\n[2", 4), 4);
  close(fds[1]);
  run_until(&a.disconnects);
  assert_string_equal(a.log, "1 disconnect");
  close_ends(&a, NULL);
}

static void a_disconnect_in_the_middle_of_a_message_ends(void **state) {
  (void)state;
  end a;
  int fds[2];
  socket_pair(fds);
  open_end(&a, fds[0], CP_SERIALIZATION_JSON);
  assert_int_equal(write(fds[1], "1\n[2", 4), 4);
  run_until(&a.messages);
  assert_int_equal(cp_channel_disconnect(a.channel), 0);
  turn(3);
  assert_int_equal(a.disconnects, 0);
  assert_int_equal(write(fds[1], "]\n", 2), 2);
  run_until(&a.disconnects);
  assert_string_equal(a.log, "1 [2] disconnect");
  close(fds[1]);
  close_ends(&a, NULL);
}

static void limits_bound_what_comes_in(void **state) {
  (void)state;
  for (int i = 0; i < 3; i++) {
    end a;
    int fds[2];
    socket_pair(fds);
    cp_channel_options options = options_of(&a, CP_SERIALIZATION_JSON);
    options.limits = (cp_limits){.max_bytes = 20, .max_values = 5, .max_depth = 3};
    assert_int_equal(cp_channel_open(&a.channel, test_loop(), fds[0], &options), 0);
    static const char *const texts[] = {"[[1]]\n\"123456789012345678901\"\n", "[[1]]\n[1,2,3,4,5]\n",
                                        "[[1]]\n[[[[1]]]]\n"};
    assert_int_equal(write(fds[1], texts[i], strlen(texts[i])), strlen(texts[i]));
    run_until(&a.disconnects);
    assert_string_equal(a.log, "[[1]] error disconnect");
    assert_int_equal(a.error.code, CP_ETOOBIG);
    close(fds[1]);
    close_ends(&a, NULL);
  }
}

static void bad_arguments_are_named(void **state) {
  (void)state;
  cp_channel *channel;
  cp_error error;
  cp_channel_options options = {.error = &error};
  int null = open("/dev/null", O_RDWR | O_CLOEXEC), fds[2];
  assert_int_equal(cp_channel_open(&channel, NULL, 0, &options), UV_EINVAL);
  assert_int_equal(cp_channel_open(&channel, test_loop(), 9999, &options), UV_EBADF);
  assert_int_equal(cp_channel_open(&channel, test_loop(), null, &options), UV_ENOTSOCK);
  close(null);
  socket_pair(fds);
  options.limits.max_depth = CP_DEPTH_MAX + 1;
  assert_int_equal(cp_channel_open(&channel, test_loop(), fds[0], &options), UV_EINVAL);
  assert_non_null(strstr(error.message, "max_depth"));
  close(fds[0]);
  close(fds[1]);
  assert_int_equal(cp_send(NULL, cp_null(), NULL), CP_ECHANNELCLOSED);
  assert_int_equal(cp_channel_disconnect(NULL), CP_ECHANNELCLOSED);
  assert_int_equal(cp_channel_flush(NULL, 0), CP_ECHANNELCLOSED);
  assert_false(cp_channel_connected(NULL));
  cp_channel_pause(NULL);
  cp_channel_resume(NULL);
  cp_channel_free(NULL);
  assert_int_equal(cp_parent_channel(&channel, test_loop(), NULL), CP_ENOCHANNEL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(messages_arrive_in_order_in_both_serializations),
      TEST(what_cannot_be_carried_is_refused_and_nothing_is_sent),
      TEST(malformed_input_is_an_error_and_the_end),
      TEST(bad_utf8_is_replaced),
      TEST(messages_before_a_listener_wait_for_it_even_beyond_the_disconnect),
      TEST(a_paused_channel_delivers_nothing_and_then_all),
      TEST(pausing_in_a_callback_holds_from_the_next_message_on),
      TEST(a_peer_that_does_not_read_is_felt_and_the_queue_is_bounded),
      TEST(a_disconnect_writes_what_waits_first),
      TEST(a_peer_that_is_gone_fails_the_send_alone),
      TEST(flush_writes_while_the_peer_reads_and_gives_up_in_time),
      TEST(a_kept_message_outlives_its_callback_and_its_channel),
      TEST(freeing_in_a_callback_is_the_last_of_it),
      TEST(internal_messages_go_to_their_own_listener),
      TEST(the_trace_sees_every_frame),
      TEST(an_unreferenced_channel_lets_the_loop_end_but_for_what_is_not_sent),
      TEST(half_a_message_at_the_end_is_dropped),
      TEST(a_disconnect_in_the_middle_of_a_message_ends),
      TEST(limits_bound_what_comes_in),
      TEST(bad_arguments_are_named),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
