/* job_log.c - --joblog: a line for each command that has ended. */
#include "job_log.h"

#include <inttypes.h>
#include <string.h>

int job_log_open(job_log *self, const char *path) {
  self->file = fopen(path, "we");
  if (self->file == NULL) return -1;
  (void)fputs("Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand\n", self->file);
  return fflush(self->file); /* a copy of this process, on its way to a command, has nothing to write */
}

/* As a shell would take it; what would end a line or a column is a blank. */
static void write_word(FILE *file, const char *word) {
  bool safe =
      cp_shell_arg_is_safe(word + strspn(word, "-")) || strcmp(word, "--") == 0; /* options are no danger here */
  char *quoted = safe ? NULL : cp_shell_quote(word);
  for (const char *p = quoted != NULL ? quoted : word; *p != '\0'; p++)
    (void)fputc(*p == '\n' || *p == '\t' || *p == '\r' ? ' ' : *p, file);
  cp_free(quoted);
}

/* -1: it did not start, or its time was over, as there. */
static int exit_value(const cp_exit *exit) {
  if (exit->reason == CP_REASON_TIMEOUT || exit->code < 0) return exit->reason == CP_REASON_SIGNALLED ? 0 : -1;
  return exit->code;
}

void job_log_add(job_log *self, const job_entry *entry) {
  const cp_result *result = entry->result;
  if (self->file == NULL) return;
  (void)fprintf(self->file, "%" PRIu64 "\t:\t%" PRId64 ".%03ld\t%10.3f\t0\t%zu\t%d\t%d\t", entry->line,
                (int64_t)entry->started.tv_sec, entry->started.tv_nsec / 1000000,
                (double)result->exit.duration_us / 1e6, result->out.length, exit_value(&result->exit),
                result->exit.signal);
  for (const char *const *word = entry->words; *word != NULL; word++) {
    if (word != entry->words) (void)fputc(' ', self->file);
    write_word(self->file, *word);
  }
  (void)fputc('\n', self->file);
  (void)fflush(self->file);
}

int job_log_close(job_log *self) {
  if (self->file == NULL) return 0;
  int failed = ferror(self->file);
  failed = fclose(self->file) != 0 || failed;
  self->file = NULL;
  return failed ? -1 : 0;
}
