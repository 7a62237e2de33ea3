/* cli_support.c - runs the program child-process and keeps what it said. */
#include "cli_support.h"

static cp_result last;
static cJSON *report;

static void forget(void) {
  cp_result_dispose(&last);
  cJSON_Delete(report);
  report = NULL;
}

int cli_dispose(void **state) {
  forget();
  return teardown(state);
}

const cp_result *run_cli_with(const char *const *args, const cp_options *given) {
  cp_options options = given != NULL ? *given : (cp_options){.input = ""};
  forget();
  options.max_buffer_bytes = CP_BUFFER_UNLIMITED;
  int rc = cp_spawn_sync(&last, CLI, args, &options);
  if (rc != 0) fail_msg("%s: %s", CLI, last.error.message);
  return &last;
}

const cp_result *run_cli(const char *const *args) { return run_cli_with(args, NULL); }

typedef struct cued {
  event_log log;
  const cue *next;
  size_t out_seen, err_seen; /* a word counts once */
} cued;

static void collect(char *to, size_t size, size_t *length, const char *bytes, size_t more) {
  if (*length + more >= size) fail_msg("more output than there is room for");
  memcpy(to + *length, bytes, more);
  to[ *length += more] = '\0';
}

static bool has_come(const char *text, size_t *seen, const char *word) {
  const char *found = strstr(text + *seen, word);
  if (found != NULL) *seen = (size_t)(found - text) + strlen(word);
  return found != NULL;
}

static void give_cues(cued *self, cp_child *child) {
  event_log *log = &self->log;
  while (self->next->word != NULL && (has_come(log->out, &self->out_seen, self->next->word) ||
                                      has_come(log->err, &self->err_seen, self->next->word))) {
    assert_int_equal((LINUX_LAUNCHER ? cp_child_kill_group : cp_child_kill)(child, self->next->signum), 0);
    self->next++;
  }
}

static void cued_stdout(cp_child *child, const char *bytes, size_t length, void *data) {
  cued *self = data;
  collect(self->log.out, sizeof self->log.out, &self->log.out_length, bytes, length);
  give_cues(self, child);
}

static void cued_stderr(cp_child *child, const char *bytes, size_t length, void *data) {
  cued *self = data;
  collect(self->log.err, sizeof self->log.err, &self->log.err_length, bytes, length);
  give_cues(self, child);
}

static void cued_close(cp_child *child, const cp_exit *exit, void *data) {
  cued *self = data;
  (void)child;
  self->log.exit = *exit;
}

const event_log *run_cli_cued(const char *const *args, const char *input, bool keep_open, const cue *cues) {
  static cued self;
  self = (cued){.next = cues};
  const cp_options options = {.process_group = LINUX_LAUNCHER,
                              .on_stdout = cued_stdout,
                              .on_stderr = cued_stderr,
                              .on_close = cued_close,
                              .data = &self};
  cp_child *child;
  assert_int_equal(cp_spawn(&child, test_loop(), CLI, args, &options), 0);
  assert_true(cp_stream_write(cp_child_stdin(child), input, strlen(input), NULL, NULL) >= 0);
  if (!keep_open) (void)cp_stream_end(cp_child_stdin(child));
  run_loop();
  cp_child_free(child);
  if (self.next->word != NULL) fail_msg("\"%s\" did not come: %s%s", self.next->word, self.log.out, self.log.err);
  return &self.log;
}

int status_of(const cp_result *result) {
  if (result->exit.signal != 0) fail_msg("ended by signal %d", result->exit.signal);
  return result->exit.code;
}

void assert_status(const cp_result *result, int status) {
  if (status_of(result) == status) return;
  fail_msg("status %d instead of %d\nstdout: %s\nstderr: %s", status_of(result), status, result->out.bytes,
           result->err.bytes);
}

void assert_out(const cp_result *result, const char *text) { assert_string_equal(result->out.bytes, text); }
void assert_err(const cp_result *result, const char *text) { assert_string_equal(result->err.bytes, text); }

void assert_err_has(const cp_result *result, const char *text) {
  if (strstr(result->err.bytes, text) == NULL) fail_msg("\"%s\" is not in stderr: %s", text, result->err.bytes);
}

const cJSON *report_of(const cp_result *result) {
  const char *newline = strchr(result->out.bytes, '\n');
  if (newline == NULL || newline[1] != '\0') fail_msg("not one line: %s", result->out.bytes);
  cJSON_Delete(report);
  report = cJSON_Parse(result->out.bytes);
  if (report == NULL) fail_msg("no JSON: %s", result->out.bytes);
  return report;
}

const cJSON *member(const cJSON *object, const char *path) {
  char name[64];
  for (const char *rest = path; *rest != '\0'; rest += rest[0] == '.') {
    size_t length = strcspn(rest, ".");
    (void)snprintf(name, sizeof name, "%.*s", (int)length, rest);
    object = cJSON_GetObjectItemCaseSensitive(object, name);
    if (object == NULL) fail_msg("no member %s", path);
    rest += length;
  }
  return object;
}

const char *text_at(const cJSON *object, const char *path) {
  const char *text = cJSON_GetStringValue(member(object, path));
  if (text == NULL) fail_msg("%s is no string", path);
  return text;
}

double number_at(const cJSON *object, const char *path) {
  const cJSON *item = member(object, path);
  if (!cJSON_IsNumber(item)) fail_msg("%s is no number", path);
  return item->valuedouble;
}

void assert_null_at(const cJSON *object, const char *path) { assert_true(cJSON_IsNull(member(object, path))); }
