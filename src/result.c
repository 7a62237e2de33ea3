/* result.c - results: memory, and the sentence that says what went wrong. */
#include "result.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fail.h"
#include "signum.h"

int cp__result_init(cp_result *result, int count) {
  *result = (cp_result){.exit = {.code = -1}, .error = {.index = -1}};
  cp__result_alias(result);
  result->output = calloc((size_t)count, sizeof *result->output);
  if (result->output == NULL) return UV_ENOMEM;
  result->output_count = (size_t)count;
  return 0;
}

void cp__result_alias(cp_result *result) {
  static char nothing[1];
  const cp_bytes empty = {.bytes = nothing};
  bool out = result->output_count > 1 && result->output[1].bytes != NULL;
  bool err = result->output_count > 2 && result->output[2].bytes != NULL;
  result->out = out ? result->output[1] : empty;
  result->err = err ? result->output[2] : empty;
}

void cp_result_dispose(cp_result *result) {
  if (result == NULL) return;
  for (size_t i = 0; i < result->output_count; i++) free(result->output[i].bytes);
  free(result->output);
  *result = (cp_result){0};
}

void cp__result_describe(const char *const *argv, bool shell, char *text, size_t size) {
  size_t used = 0;
  if (shell) {
    (void)snprintf(text, size, "%s", argv[2]);
    return;
  }
  for (; *argv != NULL && used + 1 < size; argv++) {
    int n = snprintf(text + used, size - used, "%s%s", used > 0 ? " " : "", *argv);
    used += n > 0 ? (size_t)n : 0;
  }
}

/* The last line of stderr is what programs say before they give up. */
static void last_words(const cp_bytes *err, char *words, size_t size) {
  words[0] = '\0';
  const char *end = err->bytes + err->length;
  while (end > err->bytes && (end[-1] == '\n' || end[-1] == '\r' || end[-1] == ' ')) end--;
  const char *start = end;
  while (start > err->bytes && start[-1] != '\n' && (size_t)(end - start) < size - 3) start--;
  if (end > start) (void)snprintf(words, size, ": %.*s", (int)(end - start), start);
}

static int judge_status(cp_result *result, const char *command) {
  char words[160];
  const cp_exit *exit = &result->exit;
  if (exit->signal == 0 && exit->code == 0) return 0;
  last_words(&result->err, words, sizeof words);
  if (exit->signal == 0)
    return cp__fail(&result->error, CP_EFAILED, CP_STAGE_RUN, -1, command, "command failed with exit code %d: %.200s%s",
                    exit->code, command, words);
  return cp__fail(&result->error, CP_EFAILED, CP_STAGE_RUN, -1, command, "command ended by %s: %.200s%s",
                  cp__signal_label(exit->signal), command, words);
}

/* What we did about it: " (SIGTERM sent)"; nothing if it had ended by itself. */
static void describe_signal(const cp_options *options, const cp_exit *exit, bool sent, char *text, size_t size) {
  int signum = cp__kill_signal(options);
  bool escalated = exit->signal == SIGKILL && signum != SIGKILL && options->grace_ms > 0;
  text[0] = '\0';
  if (sent) (void)snprintf(text, size, " (%s%s sent)", cp__signal_label(signum), escalated ? ", then SIGKILL," : "");
}

int cp__result_judge(cp_result *result, const char *command, const cp_options *options, bool sent, bool strict) {
  cp_error *error = &result->error;
  char what[64];
  describe_signal(options, &result->exit, sent, what, sizeof what);
  switch (result->exit.reason) {
    case CP_REASON_TIMEOUT:
      return cp__fail(error, CP_ETIMEDOUT, CP_STAGE_RUN, -1, command, "timed out after %llu ms%s: %.300s",
                      (unsigned long long)options->timeout_ms, sent ? what : " (a descendant held its output)",
                      command);
    case CP_REASON_ABORTED:
      return cp__fail(error, CP_EABORTED, CP_STAGE_RUN, -1, command, "aborted%s: %.300s", what, command);
    case CP_REASON_MAX_BUFFER:
      return cp__fail(error, CP_EMAXBUFFER, CP_STAGE_RUN, -1, command,
                      "more output than options.max_buffer_bytes%s: %.300s", what, command);
    case CP_REASON_LOST:
      return cp__fail(error, CP_ESTATUSLOST, CP_STAGE_WAIT, -1, command, "wait: %s: %.300s",
                      cp_strerror(CP_ESTATUSLOST), command);
    case CP_REASON_ERROR:
      return error->code;
    default:
      return strict ? judge_status(result, command) : 0;
  }
}
