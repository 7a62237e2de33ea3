/* test_cli_events.c - --events: lines of JSON, as things happen. */
#include "cli_support.h"

enum { MAX_EVENTS = 64 };

static cJSON *events[MAX_EVENTS];
static int event_count;

static void read_events(const cp_result *result) {
  for (const char *line = result->out.bytes; *line != '\0'; line = strchr(line, '\n') + 1) {
    assert_true(event_count < MAX_EVENTS);
    assert_non_null(strchr(line, '\n'));
    cJSON *event = cJSON_ParseWithOpts(line, NULL, false);
    if (event == NULL) fail_msg("no JSON: %s", line);
    events[event_count++] = event;
  }
}

static int forget_events(void **state) {
  while (event_count > 0) cJSON_Delete(events[--event_count]);
  return cli_dispose(state);
}

/* The names, joined with blanks; events of the same name in a row once. */
static const char *event_names(void) {
  static char names[1024];
  const char *before = "";
  names[0] = '\0';
  for (int i = 0; i < event_count; i++) {
    const char *name = text_at(events[i], "event");
    size_t used = strlen(names);
    if (strcmp(name, before) != 0) (void)snprintf(names + used, sizeof names - used, used > 0 ? " %s" : "%s", name);
    before = name;
  }
  return names;
}

static const cJSON *event_named(const char *name) {
  for (int i = 0; i < event_count; i++)
    if (strcmp(text_at(events[i], "event"), name) == 0) return events[i];
  fail_msg("no event %s", name);
  return NULL;
}

static const char *all_text(const char *name) {
  static char text[4096];
  text[0] = '\0';
  for (int i = 0; i < event_count; i++)
    if (strcmp(text_at(events[i], "event"), name) == 0) strcat(text, text_at(events[i], "text"));
  return text;
}

static void events_come_in_order(void **state) {
  (void)state;
  const cp_result *r = CLI_RUN("run", "--events", "--", HELPER, "echo", "hi", "--", "exit", "3");
  assert_status(r, 3);
  read_events(r);
  assert_string_equal(event_names(), "spawn stdout exit close");
  assert_string_equal(all_text("stdout"), "hi\n");
  assert_true(number_at(event_named("spawn"), "pid") > 1);
  assert_string_equal(cJSON_GetArrayItem(member(event_named("spawn"), "command"), 1)->valuestring, "echo");
  assert_int_equal((int)number_at(event_named("exit"), "code"), 3);
  assert_true(number_at(event_named("exit"), "usage.max_rss_kib") >= 0);
  assert_int_equal((int)number_at(event_named("close"), "status"), 3);
}

static void time_does_not_run_backwards(void **state) {
  (void)state;
  read_events(CLI_RUN("run", "--events", "--", HELPER, "echo", "hi"));
  double before = 0;
  for (int i = 0; i < event_count; i++) {
    assert_true(number_at(events[i], "time_ms") >= before);
    before = number_at(events[i], "time_ms");
  }
}

static void stderr_is_told_apart(void **state) {
  (void)state;
  read_events(CLI_RUN("run", "--events", "--", HELPER, "write", "2", "bad", "--", "write", "1", "good"));
  assert_string_equal(all_text("stderr"), "bad");
  assert_string_equal(all_text("stdout"), "good");
}

static void a_failed_start_is_an_error_and_a_close(void **state) {
  (void)state;
  const cp_result *r = CLI_RUN("run", "--events", "--", "no-such-program");
  assert_status(r, 127);
  assert_err(r, "");
  read_events(r);
  assert_string_equal(event_names(), "error close");
  assert_string_equal(text_at(event_named("error"), "error.code"), "ENOENT");
  assert_int_equal((int)number_at(event_named("close"), "status"), 127);
}

static void what_the_library_refuses_is_an_error_and_a_close(void **state) {
  (void)state;
  const cp_result *r = CLI_RUN("run", "--events", "--stdio", ",,&7", "--", HELPER);
  assert_status(r, 125);
  read_events(r);
  assert_string_equal(event_names(), "error close");
  assert_string_equal(text_at(event_named("error"), "error.stage"), "options");
}

static void a_timeout_is_told_by_the_exit(void **state) {
  (void)state;
  const cp_result *r = CLI_RUN("run", "--events", "--timeout", "30ms", "--", HELPER, "pause");
  assert_status(r, 124);
  read_events(r);
  assert_string_equal(event_names(), "spawn exit close");
  assert_string_equal(text_at(event_named("exit"), "reason"), "timeout");
}

static void max_buffer_limits_a_stream(void **state) {
  (void)state;
  const cp_result *r = CLI_RUN("run", "--events", "--max-buffer", "10", "--", HELPER, "fill", "1", "26", "--", "pause");
  assert_status(r, 125);
  read_events(r);
  assert_string_equal(all_text("stdout"), "abcdefghij");
  assert_string_equal(text_at(event_named("exit"), "reason"), "max_buffer");
}

static void nul_bytes_are_written_as_json_wants_them(void **state) {
  (void)state;
  const cp_result *r = CLI_RUN("run", "--events", "--", HELPER, "hex", "1", "00");
  assert_non_null(strstr(r->out.bytes, "\"text\":\"\\u0000\"}"));
}

int main(void) {
#define EVENT_TEST(f) cmocka_unit_test_setup_teardown(f, setup, forget_events)
  const struct CMUnitTest tests[] = {
      EVENT_TEST(events_come_in_order),
      EVENT_TEST(time_does_not_run_backwards),
      EVENT_TEST(stderr_is_told_apart),
      EVENT_TEST(a_failed_start_is_an_error_and_a_close),
      EVENT_TEST(what_the_library_refuses_is_an_error_and_a_close),
      EVENT_TEST(a_timeout_is_told_by_the_exit),
      EVENT_TEST(max_buffer_limits_a_stream),
      EVENT_TEST(nul_bytes_are_written_as_json_wants_them),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
