/* test_fork_options.c - each option of cp_fork(), as the worker sees it. */
#include <signal.h>
#include <unistd.h>

#include "support.h"

/* The first message, and the events. */
typedef struct talk {
  event_log log;
  cp_child *child;
  cp_message *first;
  int messages;
} talk;

static void on_message(cp_child *child, cp_message *message, void *data) {
  talk *t = data;
  (void)child;
  if (t->first == NULL) t->first = cp_message_keep(message);
  t->messages++;
}

static cp_options talk_options(talk *t) {
  memset(t, 0, sizeof *t);
  cp_options options = log_options(&t->log);
  options.on_message = on_message;
  return options;
}

static void start(talk *t, const char *module, const char *const *args, const cp_options *options) {
  assert_int_equal(cp_fork(&t->child, test_loop(), module, args, options), 0);
}

static void finish(talk *t) {
  (void)cp_channel_disconnect(cp_child_channel(t->child));
  run_loop();
  cp_message_free(t->first);
  cp_child_free(t->child);
}

/* Runs `module describe` and gives what it says. */
static cp_value described(talk *t, const char *module, const cp_options *options) {
  start(t, module, CP_ARGS("describe", "an arg"), options);
  run_until(&t->messages);
  return cp_message_value(t->first);
}

static const char *text(cp_value object, const char *key) {
  const char *value = cp_value_string(cp_value_get(object, key), NULL);
  return value != NULL ? value : "(none)";
}

static const char *word(cp_value object, uint32_t i) {
  const char *value = cp_value_string(cp_value_at(cp_value_get(object, "argv"), i), NULL);
  return value != NULL ? value : "(none)";
}

static void cwd_env_and_arguments_reach_the_worker(void **state) {
  (void)state;
  talk t;
  cp_options options = talk_options(&t);
  options.cwd = "/tmp";
  options.env_overlay = CP_ARGS("MARK=here");
  cp_value seen = described(&t, WORKER, &options);
  assert_string_equal(text(seen, "cwd"), "/tmp");
  assert_string_equal(text(seen, "env"), "here");
  assert_string_equal(word(seen, 0), WORKER);
  assert_string_equal(word(seen, 2), "an arg");
  assert_false(cp_value_boolean(cp_value_get(seen, "leads")));
  assert_string_equal(cp_child_spawn_file(t.child), WORKER);
  finish(&t);
}

static void a_whole_environment_replaces_the_parents(void **state) {
  (void)state;
  talk t;
  cp_options options = talk_options(&t);
  options.env = CP_ARGS("MARK=only", "NODE_CHANNEL_FD=77");
  cp_value seen = described(&t, WORKER, &options);
  assert_string_equal(text(seen, "env"), "only");
  finish(&t);
}

static void a_module_is_relative_to_the_workers_directory(void **state) {
  (void)state;
  talk t;
  cp_options options = talk_options(&t);
  char directory[sizeof WORKER];
  (void)snprintf(directory, sizeof directory, "%s", WORKER);
  *strrchr(directory, '/') = '\0';
  options.cwd = directory;
  cp_value seen = described(&t, strrchr(WORKER, '/') + 1, &options);
  assert_string_equal(text(seen, "cwd"), directory);
  finish(&t);
}

static void exec_path_and_exec_argv_run_the_module(void **state) {
  (void)state;
  talk t;
  cp_options options = talk_options(&t);
  options.exec_path = WORKER;
  options.exec_argv = CP_ARGS("describe", "--flag");
  start(&t, "module.js", CP_ARGS("last"), &options);
  run_until(&t.messages);
  cp_value seen = cp_message_value(t.first);
  assert_string_equal(word(seen, 1), "describe");
  assert_string_equal(word(seen, 2), "--flag");
  assert_string_equal(word(seen, 3), "module.js");
  assert_string_equal(word(seen, 4), "last");
  finish(&t);
}

static void a_script_of_node_is_run_by_node_even_if_it_is_executable(void **state) {
  (void)state;
  talk t;
  cp_options options = talk_options(&t);
  const char *path = temp_path("worker.js"), *node = temp_path("node");
  char command[1024];
  write_file(path, "", 0755);
  (void)snprintf(command, sizeof command, "#!/bin/sh\nexec %s describe \"$@\"\n", WORKER);
  write_file(node, command, 0755);
  char *slash = strrchr(node, '/'), search[1024];
  (void)snprintf(search, sizeof search, "PATH=%.*s:/bin:/usr/bin", (int)(slash - node), node);
  options.env_overlay = CP_ARGS(search);
  start(&t, path, NULL, &options);
  run_until(&t.messages);
  assert_string_equal(word(cp_message_value(t.first), 2), path);
  finish(&t);
}

static void silent_gives_pipes(void **state) {
  (void)state;
  talk t;
  cp_options options = talk_options(&t);
  options.silent = true;
  start(&t, WORKER, CP_ARGS("describe"), &options);
  assert_non_null(cp_child_stdin(t.child));
  assert_non_null(cp_child_stdout(t.child));
  run_until(&t.messages);
  finish(&t);
  options = talk_options(&t);
  start(&t, WORKER, CP_ARGS("describe"), &options);
  assert_null(cp_child_stdin(t.child));
  assert_null(cp_child_stderr(t.child));
  run_until(&t.messages);
  finish(&t);
}

static void stdio_overrides_silent(void **state) {
  (void)state;
  talk t;
  cp_options options = talk_options(&t);
  options.silent = true;
  options.stdio = CP_STDIO(CP_IGNORE, CP_IPC, CP_PIPE);
  start(&t, WORKER, CP_ARGS("describe"), &options);
  assert_null(cp_child_stdin(t.child));
  assert_null(cp_child_stdout(t.child));
  assert_non_null(cp_child_stderr(t.child));
  run_until(&t.messages);
  finish(&t);
}

static void detached_leads_a_session(void **state) {
  (void)state;
  talk t;
  cp_options options = talk_options(&t);
  options.detached = true;
  cp_value seen = described(&t, WORKER, &options);
  assert_true(cp_value_boolean(cp_value_get(seen, "leads")));
  finish(&t);
}

static void shell_is_ignored(void **state) {
  (void)state;
  talk t;
  cp_options options = talk_options(&t);
  options.shell = CP_SHELL;
  options.shell_positional = true;
  cp_value seen = described(&t, WORKER, &options);
  assert_string_equal(word(seen, 0), WORKER);
  finish(&t);
}

static void uid_and_gid_are_taken(void **state) {
  (void)state;
  talk t;
  if (getuid() != 0) skip();
  cp_options options = talk_options(&t);
  options.uid = CP_ID(65534);
  options.gid = CP_ID(65534);
  start(&t, WORKER, CP_ARGS("describe"), &options);
  while (t.messages == 0 && t.log.closed == 0) assert_int_not_equal(uv_run(test_loop(), UV_RUN_ONCE), 0);
  if (t.messages > 0) {
    cp_value seen = cp_message_value(t.first);
    assert_true(cp_value_number(cp_value_get(seen, "uid")) == 65534);
    assert_true(cp_value_number(cp_value_get(seen, "gid")) == 65534);
  } else { /* the build lies where nobody else may look */
    assert_int_equal(t.log.error.code, UV_EACCES);
  }
  finish(&t);
}

static void a_timeout_stops_a_worker(void **state) {
  (void)state;
  talk t;
  cp_options options = talk_options(&t);
  options.timeout_ms = ENOUGH_MS;
  options.kill_signal = SIGINT;
  start(&t, WORKER, CP_ARGS("echo"), &options);
  run_loop();
  assert_int_equal(t.log.exit.reason, CP_REASON_TIMEOUT);
  assert_int_equal(t.log.exit.signal, SIGINT);
  finish(&t);
}

static void a_worker_that_ignores_the_signal_meets_grace(void **state) {
  (void)state;
  talk t;
  cp_options options = talk_options(&t);
  options.timeout_ms = ENOUGH_MS;
  options.grace_ms = 20;
  start(&t, WORKER, CP_ARGS("stubborn"), &options);
  run_loop();
  assert_int_equal(t.log.exit.signal, SIGKILL);
  finish(&t);
}

static void an_abort_kills_and_is_told(void **state) {
  (void)state;
  talk t;
  cp_abort *abort = cp_abort_new();
  cp_options options = talk_options(&t);
  options.signal = abort;
  start(&t, WORKER, CP_ARGS("echo"), &options);
  assert_int_equal(cp_send_json(cp_child_channel(t.child), "1", 1, NULL), 0);
  run_until(&t.messages);
  cp_abort_trigger(abort);
  run_loop();
  assert_int_equal(t.log.error.code, CP_EABORTED);
  assert_int_equal(t.log.closed, 1);
  finish(&t);
  cp_abort_free(abort);
}

static void the_channel_keeps_the_loop_alive_after_the_child_is_unreferenced(void **state) {
  (void)state;
  talk t;
  cp_options options = talk_options(&t);
  start(&t, WORKER, CP_ARGS("describe"), &options);
  cp_child_unref(t.child);
  run_until(&t.messages);
  assert_int_not_equal(uv_loop_alive(test_loop()), 0);
  cp_channel_unref(cp_child_channel(t.child));
  (void)uv_run(test_loop(), UV_RUN_DEFAULT);
  cp_child_ref(t.child);
  cp_channel_ref(cp_child_channel(t.child));
  finish(&t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(cwd_env_and_arguments_reach_the_worker),
      TEST(a_whole_environment_replaces_the_parents),
      TEST(a_module_is_relative_to_the_workers_directory),
      TEST(exec_path_and_exec_argv_run_the_module),
      TEST(a_script_of_node_is_run_by_node_even_if_it_is_executable),
      TEST(silent_gives_pipes),
      TEST(stdio_overrides_silent),
      TEST(detached_leads_a_session),
      TEST(shell_is_ignored),
      TEST(uid_and_gid_are_taken),
      TEST(a_timeout_stops_a_worker),
      TEST(a_worker_that_ignores_the_signal_meets_grace),
      TEST(an_abort_kills_and_is_told),
      TEST(the_channel_keeps_the_loop_alive_after_the_child_is_unreferenced),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
