/* test_fork.c - cp_fork(): which program, with what, and the life of its channel. */
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support.h"

/* What the events write down. */
typedef struct talk {
  event_log log;
  int messages, disconnects;
  char last[4096]; /* the JSON of the last message */
} talk;

static void on_message(cp_child *child, cp_message *message, void *data) {
  talk *t = data;
  size_t length;
  const char *text = cp_message_json(message, &length);
  assert_non_null(text);
  assert_int_equal(strlen(text), length);
  (void)snprintf(t->last, sizeof t->last, "%s", text);
  t->messages++;
  if (t->messages < 20) note(&t->log, "message:%s", length < 64 ? text : "long");
  assert_ptr_equal(cp_channel_child(cp_message_channel(message)), child);
}

static void on_disconnect(cp_child *child, void *data) {
  talk *t = data;
  t->disconnects++;
  note(&t->log, "disconnect");
  assert_false(cp_child_connected(child));
}

static cp_options talk_options(talk *t) {
  memset(t, 0, sizeof *t);
  cp_options options = log_options(&t->log);
  options.on_message = on_message;
  options.on_disconnect = on_disconnect;
  return options;
}

static cp_child *fork_worker(talk *t, const char *const *args, cp_options options) {
  cp_child *child = NULL;
  (void)t;
  assert_int_equal(cp_fork(&child, test_loop(), WORKER, args, &options), 0);
  return child;
}

static void send_text(cp_child *child, const char *json) {
  assert_int_equal(cp_send_json(cp_child_channel(child), json, strlen(json), NULL), 0);
}

static void an_executable_module_is_run_directly_and_answers(void **state) {
  (void)state;
  talk t;
  cp_child *child = fork_worker(&t, CP_ARGS("echo"), talk_options(&t));
  send_text(child, "{\"a\":[1,2,{\"b\":null}]}");
  run_until(&t.messages);
  assert_string_equal(t.last, "{\"a\":[1,2,{\"b\":null}]}");
  assert_true(cp_channel_peer_is_library(cp_child_channel(child)));
  assert_int_equal(cp_channel_disconnect(cp_child_channel(child)), 0);
  assert_false(cp_child_connected(child));
  run_loop();
  assert_string_equal(t.log.text, "spawn message:{\"a\":[1,2,{\"b\":null}]} disconnect exit:0 close:0");
  cp_child_free(child);
}

static void messages_before_the_start_are_told_are_not_lost(void **state) {
  (void)state;
  talk t;
  cp_child *child = fork_worker(&t, CP_ARGS("count"), talk_options(&t));
  for (int i = 0; i < 1000; i++) send_text(child, "0");
  send_text(child, "\"count\"");
  run_until(&t.messages);
  assert_string_equal(t.last, "1001");
  (void)cp_channel_disconnect(cp_child_channel(child));
  run_loop();
  cp_child_free(child);
}

static void all_that_a_child_sent_before_it_exited_comes_before_the_exit(void **state) {
  (void)state;
  talk t;
  cp_child *child = fork_worker(&t, CP_ARGS("send-and-exit", "300", "5000"), talk_options(&t));
  run_loop();
  assert_int_equal(t.messages, 300);
  assert_int_equal(t.disconnects, 1);
  assert_int_equal(t.log.exited, 1);
  cp_child_free(child);
}

static void a_large_message_before_the_exit_arrives_whole(void **state) {
  (void)state;
  talk t;
  cp_child *child = fork_worker(&t, CP_ARGS("send-and-exit", "2", "20000000"), talk_options(&t));
  run_loop();
  assert_int_equal(t.messages, 2);
  assert_string_equal(t.log.text, "spawn message:long message:long disconnect exit:0 close:0");
  cp_child_free(child);
}

static void the_worker_sees_no_variable_of_the_channel_any_more(void **state) {
  (void)state;
  talk t;
  cp_options options = talk_options(&t);
  options.env_overlay = CP_ARGS("NODE_CHANNEL_FD=9", "NODE_CHANNEL_SERIALIZATION_MODE=advanced");
  cp_child *child = fork_worker(&t, CP_ARGS("environment"), options);
  run_loop();
  assert_string_equal(t.last, "[]");
  cp_child_free(child);
}

static void a_worker_without_a_listener_ends_by_itself(void **state) {
  (void)state;
  talk t;
  cp_child *child = fork_worker(&t, CP_ARGS("idle"), talk_options(&t));
  run_loop();
  assert_string_equal(t.log.text, "spawn disconnect exit:0 close:0");
  cp_child_free(child);
}

static void a_disconnect_by_the_child_is_told_before_its_exit(void **state) {
  (void)state;
  talk t;
  cp_child *child = fork_worker(&t, CP_ARGS("disconnect"), talk_options(&t));
  send_text(child, "1");
  run_loop();
  assert_string_equal(t.log.text, "spawn disconnect exit:0 close:0");
  assert_int_equal(cp_send_json(cp_child_channel(child), "1", 1, NULL), CP_ECHANNELCLOSED);
  cp_child_free(child);
}

static void a_killed_child_disconnects(void **state) {
  (void)state;
  talk t;
  cp_child *child = fork_worker(&t, CP_ARGS("echo"), talk_options(&t));
  send_text(child, "1");
  run_until(&t.messages);
  assert_int_equal(cp_child_kill(child, SIGKILL), 0);
  run_loop();
  assert_string_equal(t.log.text, "spawn message:1 disconnect exit:SIGKILL close:SIGKILL");
  cp_child_free(child);
}

static void stdio_needs_exactly_one_channel(void **state) {
  (void)state;
  cp_child *child = NULL;
  cp_error error;
  cp_options options = {.stdio = CP_STDIO(CP_PIPE, CP_PIPE, CP_PIPE), .error = &error};
  assert_int_equal(cp_fork(&child, test_loop(), WORKER, NULL, &options), UV_EINVAL);
  assert_non_null(strstr(error.message, "options.stdio"));
  options.stdio = CP_STDIO(CP_IPC, CP_PIPE, CP_PIPE, CP_IPC);
  assert_int_equal(cp_fork(&child, test_loop(), WORKER, NULL, &options), UV_EINVAL);
  assert_non_null(strstr(error.message, "only one CP_IPC"));
  assert_int_equal(cp_spawn(&child, test_loop(), WORKER, NULL, &options), UV_EINVAL);
}

static void the_sync_forms_refuse_a_channel(void **state) {
  (void)state;
  cp_result result;
  cp_options options = {.stdio = CP_STDIO(CP_PIPE, CP_PIPE, CP_PIPE, CP_IPC)};
  assert_int_equal(cp_spawn_sync(&result, WORKER, NULL, &options), UV_EINVAL);
  assert_non_null(strstr(result.error.message, "CP_IPC"));
  cp_result_dispose(&result);
}

static void spawn_puts_the_channel_at_any_fd(void **state) {
  (void)state;
  talk t;
  cp_child *child = NULL;
  cp_options options = talk_options(&t);
  options.stdio = CP_STDIO(CP_IGNORE, CP_PIPE, CP_PIPE, CP_IGNORE, CP_IGNORE, CP_IPC);
  options.serialization = CP_SERIALIZATION_ADVANCED;
  assert_int_equal(cp_spawn(&child, test_loop(), WORKER, CP_ARGS("echo"), &options), 0);
  send_text(child, "[1]");
  run_until(&t.messages);
  assert_string_equal(t.last, "[1]");
  (void)cp_channel_disconnect(cp_child_channel(child));
  run_loop();
  cp_child_free(child);
}

static void a_module_that_is_missing_is_told(void **state) {
  (void)state;
  talk t;
  cp_child *child = NULL;
  cp_options options = talk_options(&t);
  options.exec_path = "/no/such/node";
  assert_int_equal(cp_fork(&child, test_loop(), "module.js", NULL, &options), 0);
  run_loop();
  assert_string_equal(t.log.text, "error:ENOENT:execve disconnect close:-2");
  cp_child_free(child);
}

static void freeing_a_worker_in_its_message_is_safe(void **state) {
  (void)state;
  talk t;
  cp_child *child = fork_worker(&t, CP_ARGS("echo"), talk_options(&t));
  send_text(child, "1");
  run_until(&t.messages);
  cp_child_free(child);
  reap_freed();
}

static void a_message_without_a_listener_waits_for_it(void **state) {
  (void)state;
  talk t;
  cp_options options = talk_options(&t);
  options.on_message = NULL;
  cp_child *child = fork_worker(&t, CP_ARGS("send-and-exit", "10", "20"), options);
  run_until(&t.disconnects);
  assert_int_equal(t.messages, 0);
  run_loop();
  assert_int_equal(t.log.closed, 1);
  cp_child_free(child);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(an_executable_module_is_run_directly_and_answers),
      TEST(messages_before_the_start_are_told_are_not_lost),
      TEST(all_that_a_child_sent_before_it_exited_comes_before_the_exit),
      TEST(a_large_message_before_the_exit_arrives_whole),
      TEST(the_worker_sees_no_variable_of_the_channel_any_more),
      TEST(a_worker_without_a_listener_ends_by_itself),
      TEST(a_disconnect_by_the_child_is_told_before_its_exit),
      TEST(a_killed_child_disconnects),
      TEST(stdio_needs_exactly_one_channel),
      TEST(the_sync_forms_refuse_a_channel),
      TEST(spawn_puts_the_channel_at_any_fd),
      TEST(a_module_that_is_missing_is_told),
      TEST(freeing_a_worker_in_its_message_is_safe),
      TEST(a_message_without_a_listener_waits_for_it),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
