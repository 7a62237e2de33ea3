/* report.c - JSON by cJSON. Each function that adds to an object ignores a NULL object: out of memory shows at the end.
 */
#include "report.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

/* ---------------------------------------------------------------- text */

char *new_utf8(const char *bytes) {
  size_t length = strlen(bytes), used = 0;
  char *text = malloc(length * 3 + 1);
  mbstate_t state = {0};
  if (text == NULL) return NULL;
  while (length > 0) {
    size_t n = mbrtowc(NULL, bytes, length, &state);
    bool good = n != 0 && n <= length;
    if (!good) {
      n = 1;
      state = (mbstate_t){0};
    }
    memcpy(text + used, good ? bytes : "\xEF\xBF\xBD", good ? n : 3);
    used += good ? n : 3;
    bytes += n;
    length -= n;
  }
  text[used] = '\0';
  return text;
}

static cJSON *new_name(const char *bytes) {
  char *text = new_utf8(bytes);
  cJSON *item = text != NULL ? cJSON_CreateString(text) : NULL;
  free(text);
  return item;
}

static bool print_piece(FILE *stream, const char *piece) {
  if (*piece == '\0') return true;
  cJSON *item = cJSON_CreateString(piece);
  char *quoted = item != NULL ? cJSON_PrintUnformatted(item) : NULL;
  if (quoted != NULL) (void)fwrite(quoted + 1, 1, strlen(quoted) - 2, stream);
  cJSON_Delete(item);
  cJSON_free(quoted);
  return quoted != NULL;
}

/* cJSON's strings end at the first NUL, output does not: the pieces between NULs are joined with \u0000. `bytes` is
 * UTF-8 already and followed by a NUL. */
static cJSON *new_output(const char *bytes, size_t length) {
  char *text = NULL;
  size_t size = 0;
  FILE *stream = open_memstream(&text, &size);
  if (stream == NULL) return NULL;
  bool complete = true;
  (void)fputc('"', stream);
  for (size_t at = 0; complete && at <= length; at += strlen(bytes + at) + 1) {
    if (at > 0) (void)fputs("\\u0000", stream);
    complete = print_piece(stream, bytes + at);
  }
  (void)fputc('"', stream);
  complete = fclose(stream) == 0 && complete;
  cJSON *item = complete ? cJSON_CreateRaw(text) : NULL;
  free(text);
  return item;
}

/* ---------------------------------------------------------------- parts of a report */

/* Takes `item`. False: out of memory. */
static bool add(cJSON *object, const char *name, cJSON *item) {
  if (item != NULL && cJSON_AddItemToObject(object, name, item)) return true;
  cJSON_Delete(item);
  return false;
}

static bool add_number(cJSON *object, const char *name, double number) {
  return cJSON_AddNumberToObject(object, name, number) != NULL;
}

static bool add_command(cJSON *object, const char *const *command) {
  cJSON *array = cJSON_AddArrayToObject(object, "command");
  for (; array != NULL && *command != NULL; command++) {
    cJSON *word = new_name(*command);
    if (word == NULL || !cJSON_AddItemToArray(array, word)) return false;
  }
  return array != NULL;
}

static bool add_started(cJSON *object, const struct timespec *started) {
  char seconds[32], text[64];
  struct tm utc;
  (void)gmtime_r(&started->tv_sec, &utc);
  (void)strftime(seconds, sizeof seconds, "%Y-%m-%dT%H:%M:%S", &utc);
  (void)snprintf(text, sizeof text, "%s.%03ldZ", seconds, started->tv_nsec / 1000000);
  return cJSON_AddStringToObject(object, "started", text) != NULL;
}

/* A process that ended tells a code or a signal; one that did not end, or never began, neither. */
static bool add_end(cJSON *object, const cp_exit *exit) {
  bool told = exit->reason != CP_REASON_NONE && exit->reason != CP_REASON_ERROR && exit->reason != CP_REASON_LOST;
  const char *name = cp_signal_name(exit->signal);
  bool has_signal = told && name != NULL, has_code = told && exit->signal == 0;
  return add(object, "code", has_code ? cJSON_CreateNumber(exit->code) : cJSON_CreateNull()) &&
         add(object, "signal", has_signal ? cJSON_CreateString(name) : cJSON_CreateNull()) &&
         cJSON_AddStringToObject(object, "reason", cp_reason_name(exit->reason)) != NULL &&
         cJSON_AddBoolToObject(object, "core_dumped", exit->core_dumped) != NULL;
}

static bool add_usage(cJSON *object, const cp_usage *usage) {
  cJSON *item = cJSON_AddObjectToObject(object, "usage");
  return item != NULL && add_number(item, "user_ms", (double)usage->user_us / 1000) &&
         add_number(item, "system_ms", (double)usage->system_us / 1000) &&
         add_number(item, "max_rss_kib", (double)usage->max_rss_kib) &&
         add_number(item, "minor_faults", (double)usage->minor_faults) &&
         add_number(item, "major_faults", (double)usage->major_faults) &&
         add_number(item, "blocks_in_512_bytes", (double)usage->blocks_in) &&
         add_number(item, "blocks_out_512_bytes", (double)usage->blocks_out) &&
         add_number(item, "voluntary_switches", (double)usage->voluntary_switches) &&
         add_number(item, "involuntary_switches", (double)usage->involuntary_switches);
}

/* The monotonic clock's duration; null for what has not ended. */
static bool add_measures(cJSON *object, const cp_exit *exit) {
  if (exit->reason == CP_REASON_NONE || exit->reason == CP_REASON_ERROR)
    return add(object, "duration_ms", cJSON_CreateNull()) && add(object, "usage", cJSON_CreateNull());
  return add_number(object, "duration_ms", (double)exit->duration_us / 1000) && add_usage(object, &exit->usage);
}

static bool add_output(cJSON *object, const char *name, const cp_result *result, size_t fd) {
  static const cp_bytes nothing;
  const cp_bytes *captured = fd < result->output_count ? &result->output[fd] : &nothing;
  char dropped[32];
  (void)snprintf(dropped, sizeof dropped, "%s_dropped_bytes", name);
  bool has = captured->bytes != NULL;
  return add(object, name, has ? new_output(captured->bytes, captured->length) : cJSON_CreateNull()) &&
         add_number(object, dropped, (double)captured->dropped);
}

/* error->index is left out: the message names the fd or the argument too. */
static bool add_error(cJSON *object, const cp_error *error) {
  if (error->code == 0) return add(object, "error", cJSON_CreateNull());
  cJSON *item = cJSON_AddObjectToObject(object, "error");
  return item != NULL && cJSON_AddStringToObject(item, "code", cp_err_name(error->code)) != NULL &&
         cJSON_AddStringToObject(item, "stage", cp_stage_name(error->stage)) != NULL &&
         add(item, "path", *error->path != '\0' ? new_name(error->path) : cJSON_CreateNull()) &&
         add(item, "message", new_name(error->message));
}

/* ---------------------------------------------------------------- lines */

/* Takes `object`. NULL: out of memory. */
static char *to_text(cJSON *object, bool complete) {
  char *text = complete ? cJSON_PrintUnformatted(object) : NULL;
  cJSON_Delete(object);
  return text;
}

/* Takes `line`. */
static int print_text(char *line) {
  if (line == NULL) return -1;
  (void)fputs(line, stdout);
  (void)fputc('\n', stdout);
  (void)fflush(stdout);
  cJSON_free(line);
  return 0;
}

static int print_line(cJSON *object, bool complete) { return print_text(to_text(object, complete)); }

static cJSON *new_event(const run_report *report, const char *name) {
  cJSON *object = cJSON_CreateObject();
  uint64_t time_us = (uv_hrtime() - report->started_ns) / 1000;
  if (object != NULL && cJSON_AddStringToObject(object, "event", name) != NULL &&
      add_number(object, "time_ms", (double)time_us / 1000))
    return object;
  cJSON_Delete(object);
  return NULL;
}

void report_begin(run_report *report, const char *const *command) {
  report->command = command;
  (void)clock_gettime(CLOCK_REALTIME, &report->started);
  report->started_ns = uv_hrtime();
}

static bool add_line(cJSON *object, const run_report *report) {
  return report->line == 0 ||
         (add_number(object, "line", (double)report->line) && add_number(object, "attempts", report->attempts));
}

char *report_text(const run_report *report, const cp_result *result, int status) {
  cJSON *o = cJSON_CreateObject();
  bool complete =
      o != NULL && add_line(o, report) && add_command(o, report->command) &&
      add(o, "pid", result->pid != 0 ? cJSON_CreateNumber(result->pid) : cJSON_CreateNull()) &&
      add_end(o, &result->exit) && add_number(o, "status", status) && add_started(o, &report->started) &&
      add_measures(o, &result->exit) && add_output(o, "stdout", result, 1) && add_output(o, "stderr", result, 2) &&
      cJSON_AddBoolToObject(o, "stdio_timed_out", result->exit.stdio_timed_out) && add_error(o, &result->error);
  return to_text(o, complete);
}

int report_result(const run_report *report, const cp_result *result, int status) {
  return print_text(report_text(report, result, status));
}

int report_spawn(const run_report *report, int pid) {
  cJSON *o = new_event(report, "spawn");
  bool complete =
      o != NULL && add_number(o, "pid", pid) && add_started(o, &report->started) && add_command(o, report->command);
  return print_line(o, complete);
}

int report_output(const run_report *report, const char *stream, const char *bytes, size_t length) {
  cJSON *o = new_event(report, stream);
  char *copy = malloc(length + 1); /* followed by a NUL */
  bool complete = o != NULL && copy != NULL;
  if (copy != NULL) {
    memcpy(copy, bytes, length);
    copy[length] = '\0';
  }
  complete = complete && add(o, "text", new_output(copy, length));
  free(copy);
  return print_line(o, complete);
}

int report_error(const run_report *report, const cp_error *error) {
  cJSON *o = new_event(report, "error");
  return print_line(o, o != NULL && add_error(o, error));
}

int report_exit(const run_report *report, const cp_exit *exit) {
  cJSON *o = new_event(report, "exit");
  return print_line(o, o != NULL && add_end(o, exit) && add_measures(o, exit));
}

int report_close(const run_report *report, const cp_exit *exit, int status) {
  cJSON *o = new_event(report, "close");
  bool complete = o != NULL && add_end(o, exit) && add_number(o, "status", status) &&
                  cJSON_AddBoolToObject(o, "stdio_timed_out", exit->stdio_timed_out);
  return print_line(o, complete);
}

/* ---------------------------------------------------------------- tasks of a pool */

/* Only what is JSON may stand there as it is. */
static bool add_task(cJSON *object, const char *task, int status) {
  bool is_json = status != CP_EMESSAGE && status != CP_ETOOBIG;
  if (is_json) return add(object, "task", cJSON_CreateRaw(task));
  return add(object, "task", cJSON_CreateNull()) && add(object, "text", new_name(task));
}

static bool add_exit(cJSON *object, const cp_exit *exit) {
  const char *name = exit != NULL && exit->signal != 0 ? cp_signal_name(exit->signal) : NULL;
  bool has_code = exit != NULL && exit->signal == 0 && exit->code >= 0;
  return add(object, "exitCode", has_code ? cJSON_CreateNumber(exit->code) : cJSON_CreateNull()) &&
         add(object, "signal", name != NULL ? cJSON_CreateString(name) : cJSON_CreateNull());
}

/* What a worker answered that could not do it. */
static bool add_reply(cJSON *object, const cp_outcome *outcome) {
  const char *json = outcome->status == CP_EREPLY ? cp_outcome_json(outcome, NULL) : NULL;
  return json == NULL || add(object, "reply", cJSON_CreateRaw(json));
}

char *report_failure(uint64_t line, const char *task, const cp_outcome *outcome) {
  cJSON *o = cJSON_CreateObject();
  bool complete = o != NULL && add_number(o, "line", (double)line) && add_task(o, task, outcome->status);
  cJSON *error = complete ? cJSON_AddObjectToObject(o, "error") : NULL;
  complete = error != NULL && cJSON_AddStringToObject(error, "code", cp_err_name(outcome->status)) != NULL &&
             add(error, "message", new_name(outcome->error)) && add_exit(error, outcome->exit) &&
             add_number(error, "attempts", outcome->attempts) &&
             add(error, "stderr", new_name(outcome->err != NULL ? outcome->err : "")) && add_reply(error, outcome);
  return to_text(o, complete);
}

void report_time(const cp_exit *exit) {
  (void)fprintf(stderr, "real %.3f s\nuser %.3f s\nsys  %.3f s\nmax RSS %llu KiB\n", (double)exit->duration_us / 1e6,
                (double)exit->usage.user_us / 1e6, (double)exit->usage.system_us / 1e6,
                (unsigned long long)exit->usage.max_rss_kib);
}
