/* interop_life.c - the life of a channel between a C parent and a Node child. */
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "interop.h"

static void the_events_of_a_child_that_disconnects_come_in_order(void **state) {
  talk t;
  cp_options options = talk_options(&t);
  start(&t, PEER(state), CP_ARGS("send-and-disconnect", "2", "1"), &options);
  run_loop();
  assert_string_equal(t.log.text, "spawn message:\"x\" message:\"x\" disconnect exit:0 close:0");
  assert_int_equal(cp_send_json(t.channel, "1", 1, NULL), CP_ECHANNELCLOSED);
  cp_child_free(t.child);
}

static void messages_right_before_exit_arrive_before_it(void **state) {
  talk t;
  cp_options options = talk_options(&t);
  start(&t, PEER(state), CP_ARGS("send-and-exit", "3", "100"), &options);
  run_loop();
  assert_string_equal(t.log.text, "spawn message:long message:long message:long disconnect exit:3 close:3");
  cp_child_free(t.child);
}

static void many_messages_right_before_exit_arrive(void **state) {
  talk t;
  cp_options options = talk_options(&t);
  start(&t, PEER(state), CP_ARGS("send-and-exit", "200", "100"), &options);
  run_loop();
  assert_int_equal(t.messages, 200);
  assert_int_equal(t.disconnects, 1);
  assert_int_equal(t.log.exit.code, 3);
  cp_child_free(t.child);
}

/* After the message the loop finds the ends of the channel and of the process in one round. */
static void an_end_that_is_seen_all_at_once_is_told_in_order(void **state) {
  talk t;
  cp_options options = talk_options(&t);
  start(&t, PEER(state), CP_ARGS("send-and-exit", "1", "1"), &options);
  await_messages(&t, 1);
  struct pollfd process = {.fd = cp_child_pidfd(t.child), .events = POLLIN};
  if (process.fd < 0) {
    run_loop();
    cp_child_free(t.child);
    skip();
  }
  assert_int_equal(poll(&process, 1, 30000), 1);
  run_loop();
  assert_string_equal(t.log.text, "spawn message:\"x\" disconnect exit:3 close:3");
  cp_child_free(t.child);
}

static void the_parents_disconnect_ends_a_child_that_listens(void **state) {
  talk t;
  cp_options options = talk_options(&t);
  start(&t, PEER(state), CP_ARGS("echo"), &options);
  send_text(&t, "{\"hello\":\"world\"}");
  await_messages(&t, 1);
  assert_int_equal(cp_channel_disconnect(t.channel), 0);
  assert_false(cp_child_connected(t.child));
  run_loop();
  assert_string_equal(t.log.text, "spawn message:{\"hello\":\"world\"} disconnect exit:0 close:0");
  cp_child_free(t.child);
}

static void the_childs_disconnect_is_told(void **state) {
  talk t;
  cp_options options = talk_options(&t);
  start(&t, PEER(state), CP_ARGS("disconnect"), &options);
  send_text(&t, "1");
  run_loop();
  assert_string_equal(t.log.text, "spawn disconnect exit:0 close:0");
  cp_child_free(t.child);
}

static void a_child_that_never_listens_ends_by_itself(void **state) {
  talk t;
  cp_options options = talk_options(&t);
  start(&t, PEER(state), CP_ARGS("idle"), &options);
  send_text(&t, "1");
  run_loop();
  assert_string_equal(t.log.text, "spawn disconnect exit:0 close:0");
  cp_child_free(t.child);
}

static void a_child_that_unrefs_its_channel_ends_by_itself(void **state) {
  talk t;
  cp_options options = talk_options(&t);
  start(&t, PEER(state), CP_ARGS("listen-unref"), &options);
  run_loop();
  assert_string_equal(t.log.text, "spawn disconnect exit:0 close:0");
  cp_child_free(t.child);
}

static void a_child_that_refs_its_channel_stays(void **state) {
  talk t;
  cp_options options = talk_options(&t);
  start(&t, PEER(state), CP_ARGS("ref"), &options);
  run_until(&t.log.spawned);
  (void)cp_channel_disconnect(t.channel);
  run_loop();
  assert_string_equal(t.log.text, "spawn disconnect exit:0 close:0");
  cp_child_free(t.child);
}

static void a_child_that_listens_once_ends_after_it(void **state) {
  talk t;
  cp_options options = talk_options(&t);
  start(&t, PEER(state), CP_ARGS("once"), &options);
  send_text(&t, "\"a\"");
  run_loop();
  assert_string_equal(t.log.text, "spawn message:[\"got\",\"a\"] disconnect exit:0 close:0");
  cp_child_free(t.child);
}

static void messages_wait_for_the_childs_listener(void **state) {
  talk t;
  cp_options options = talk_options(&t);
  options.stdio = CP_STDIO(CP_PIPE, CP_INHERIT, CP_INHERIT, CP_IPC);
  start(&t, PEER(state), CP_ARGS("late"), &options);
  for (int i = 0; i < 5; i++) send_text(&t, "\"early\"");
  send_text(&t, "\"count\"");
  (void)cp_stream_end(cp_child_stdin(t.child));
  await_messages(&t, 1);
  assert_string_equal(t.last, "6");
  finish(&t);
}

static void a_killed_child_disconnects_before_its_exit(void **state) {
  talk t;
  cp_options options = talk_options(&t);
  start(&t, PEER(state), CP_ARGS("echo"), &options);
  send_text(&t, "1");
  await_messages(&t, 1);
  assert_int_equal(cp_child_kill(t.child, SIGKILL), 0);
  run_loop();
  assert_string_equal(t.log.text, "spawn message:1 disconnect exit:SIGKILL close:SIGKILL");
  cp_child_free(t.child);
}

static void a_child_that_throws_disconnects_and_exits_with_1(void **state) {
  talk t;
  cp_options options = talk_options(&t);
  options.silent = true;
  start(&t, PEER(state), CP_ARGS("throw"), &options);
  send_text(&t, "1");
  run_loop();
  assert_int_equal(t.disconnects, 1);
  assert_int_equal(t.log.exit.code, 1);
  assert_non_null(strstr(t.log.err, "thrown on purpose"));
  cp_child_free(t.child);
}

static void the_child_is_told_that_its_message_is_sent(void **state) {
  talk t;
  cp_options options = talk_options(&t);
  start(&t, PEER(state), CP_ARGS("callback"), &options);
  await_messages(&t, 2);
  assert_string_equal(t.last, "[\"callback\",null]");
  finish(&t);
}

static void check_channel_at(peer kind, size_t fd) {
  talk t;
  cp_options options = talk_options(&t);
  cp_stdio entries[21];
  for (size_t i = 0; i <= fd; i++)
    entries[i] = (cp_stdio){.kind = i == fd ? CP_STDIO_IPC : i < 3 ? CP_STDIO_INHERIT : CP_STDIO_IGNORE};
  options.stdio = (cp_stdio_list){entries, fd + 1};
  start(&t, kind, CP_ARGS("echo"), &options);
  send_text(&t, "[1,2]");
  await_messages(&t, 1);
  assert_string_equal(t.last, "[1,2]");
  finish(&t);
}

static void the_channel_may_be_at_any_fd(void **state) {
  static const size_t fds[] = {0, 4, 9, 20};
  for (size_t i = 0; i < sizeof fds / sizeof *fds; i++) check_channel_at(PEER(state), fds[i]);
}

static void check_mode(peer kind, cp_serialization serialization, const char *arrives) {
  talk t;
  cp_options options = talk_options(&t);
  options.serialization = serialization;
  options.env_overlay = CP_ARGS("NODE_CHANNEL_FD=9", "NODE_CHANNEL_SERIALIZATION_MODE=none");
  start(&t, kind, CP_ARGS("environment"), &options);
  await_messages(&t, 1);
  assert_string_equal(t.last, arrives);
  run_loop();
  assert_int_equal(t.log.exit.code, 0);
  cp_child_free(t.child);
}

/* A Map is {} in JSON, both when the child writes it and when this library does. Ours tells no Node peer of itself. */
static void the_child_is_told_the_serialization_and_hides_its_variables(void **state) {
  (void)state;
  check_mode(PEER_NODE, CP_SERIALIZATION_JSON, "[{},[\"CHILD_PROCESS_CHANNEL\"]]");
  check_mode(PEER_NODE, CP_SERIALIZATION_ADVANCED, "[{},[\"CHILD_PROCESS_CHANNEL\"]]");
}

/* ---------------------------------------------------------------- large and many */

static char *text_of(size_t length) {
  char *json = malloc(length + 3);
  assert_non_null(json);
  memset(json, 'x', length + 2);
  json[0] = json[length + 1] = '"';
  json[length + 2] = '\0';
  return json;
}

static void check_large(peer kind, cp_serialization serialization, size_t length) {
  talk t;
  cp_options options = talk_options(&t);
  options.silent = true;
  options.serialization = serialization;
  start(&t, kind, CP_ARGS("events"), &options);
  char *json = text_of(length), expected[100];
  assert_int_equal(cp_send_json(t.channel, json, length + 2, NULL), 1);
  free(json);
  (void)cp_channel_disconnect(t.channel);
  run_loop();
  (void)snprintf(expected, sizeof expected, "%zu,disconnect,false", length);
  assert_string_equal(t.log.out, expected);
  cp_child_free(t.child);
}

static void a_large_message_before_a_disconnect_arrives_whole(void **state) {
  check_large(PEER(state), CP_SERIALIZATION_JSON, 20000000);
  check_large(PEER(state), CP_SERIALIZATION_ADVANCED, 20000000);
}

static void check_echo_of_large(peer kind, cp_serialization serialization) {
  enum { LENGTH = 5000000 };
  talk t;
  cp_options options = talk_options(&t);
  options.serialization = serialization;
  start(&t, kind, CP_ARGS("echo"), &options);
  char *json = text_of(LENGTH);
  for (int i = 0; i < 3; i++) assert_int_equal(cp_send_json(t.channel, json, LENGTH + 2, NULL), 1);
  free(json);
  await_messages(&t, 3);
  assert_string_equal(t.log.text, "spawn message:long message:long message:long");
  finish(&t);
}

static void large_messages_come_back(void **state) {
  check_echo_of_large(PEER(state), CP_SERIALIZATION_JSON);
  check_echo_of_large(PEER(state), CP_SERIALIZATION_ADVANCED);
}

static void on_drain(cp_channel *channel, void *data) {
  talk *t = data;
  t->drains++;
  assert_int_equal(cp_channel_queued_bytes(channel), 0);
}

/* Its loop stands still until stdin ends: the queue cannot drain before. */
static void a_child_that_blocks_fills_the_queue_until_it_goes_on(void **state) {
  talk t;
  cp_options options = talk_options(&t);
  char *json = text_of(1000), expected[20];
  cp_send_options sending = {.cb = on_sent, .data = &t};
  int sent = 0, rc = 0;
  options.stdio = CP_STDIO(CP_PIPE, CP_INHERIT, CP_INHERIT, CP_IPC);
  start(&t, PEER(state), CP_ARGS("block-and-count"), &options);
  cp_channel_on_drain(t.channel, on_drain, &t);
  for (; rc == 0; sent++) rc = cp_send_json(t.channel, json, 1002, &sending);
  free(json);
  assert_int_equal(rc, 1);
  assert_true(cp_channel_queued_bytes(t.channel) > CP_SEND_HIGH_WATER);
  assert_int_equal(t.drains, 0);
  send_text(&t, "\"count\"");
  (void)cp_stream_end(cp_child_stdin(t.child));
  run_until(&t.drains);
  await_messages(&t, 1);
  (void)snprintf(expected, sizeof expected, "%d", sent + 1);
  assert_string_equal(t.last, expected);
  assert_int_equal(t.sent, sent);
  assert_int_equal(t.unsent, 0);
  finish(&t);
  assert_int_equal(t.drains, 1);
}

/* The child's send says false as soon as enough waits, and all of it arrives when this end reads again. */
static void a_parent_that_does_not_read_is_told_to_the_child(void **state) {
  talk t;
  cp_options options = talk_options(&t);
  options.stdio = CP_STDIO(CP_IGNORE, CP_INHERIT, CP_INHERIT, CP_IPC);
  start(&t, PEER(state), CP_ARGS("flood", "50000"), &options);
  run_loop();
  assert_true(t.messages > 1);
  char expected[20];
  (void)snprintf(expected, sizeof expected, "%d", t.messages - 1);
  assert_string_equal(t.last, expected);
  assert_int_equal(t.log.exit.code, 0);
  cp_child_free(t.child);
}

static void free_in_message(cp_child *child, cp_message *message, void *data) {
  talk *t = data;
  (void)message;
  t->messages++;
  cp_child_free(child);
}

static void freeing_the_child_in_its_message_is_safe(void **state) {
  talk t;
  cp_options options = talk_options(&t);
  options.on_message = free_in_message;
  start(&t, PEER(state), CP_ARGS("send-and-exit", "5", "10"), &options);
  run_until(&t.messages);
  reap_freed();
  assert_int_equal(t.messages, 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST_NODE(the_events_of_a_child_that_disconnects_come_in_order),
      TEST_NODE(messages_right_before_exit_arrive_before_it),
      TEST_NODE(many_messages_right_before_exit_arrive),
      TEST_NODE(an_end_that_is_seen_all_at_once_is_told_in_order),
      TEST_NODE(the_parents_disconnect_ends_a_child_that_listens),
      TEST_NODE(the_childs_disconnect_is_told),
      TEST_NODE(a_child_that_never_listens_ends_by_itself),
      TEST_NODE(a_child_that_unrefs_its_channel_ends_by_itself),
      TEST_NODE(a_child_that_refs_its_channel_stays),
      TEST_NODE(a_child_that_listens_once_ends_after_it),
      TEST_NODE(messages_wait_for_the_childs_listener),
      TEST_NODE(a_killed_child_disconnects_before_its_exit),
      TEST_NODE(a_child_that_throws_disconnects_and_exits_with_1),
      TEST_NODE(the_child_is_told_that_its_message_is_sent),
      TEST_NODE(the_channel_may_be_at_any_fd),
      TEST_NODE(the_child_is_told_the_serialization_and_hides_its_variables),
      TEST_NODE(a_large_message_before_a_disconnect_arrives_whole),
      TEST_NODE(large_messages_come_back),
      TEST_BOTH(a_child_that_blocks_fills_the_queue_until_it_goes_on),
      TEST_BOTH(a_parent_that_does_not_read_is_told_to_the_child),
      TEST_NODE(freeing_the_child_in_its_message_is_safe),
      TEST_C(messages_wait_for_the_childs_listener),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
