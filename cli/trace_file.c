/* trace_file.c - a file in Chrome's trace event format. */
#include "trace_file.h"

#include <stdlib.h>
#include <uv.h>

#include "report.h"

double trace_file_ms(const trace_file *self, uint64_t time_ns) {
  return time_ns > self->started_ns ? (double)(time_ns - self->started_ns) / 1e6 : 0;
}

void trace_file_string(trace_file *self, const char *text) {
  (void)fputc('"', self->file);
  for (; *text != '\0'; text++) {
    unsigned char byte = (unsigned char)*text;
    if (byte < 0x20)
      (void)fprintf(self->file, "\\u%04x", byte);
    else if (byte == '"' || byte == '\\')
      (void)fprintf(self->file, "\\%c", byte);
    else
      (void)fputc(byte, self->file);
  }
  (void)fputc('"', self->file);
}

void trace_file_bytes(trace_file *self, const char *bytes) {
  char *text = new_utf8(bytes);
  trace_file_string(self, text != NULL ? text : "?");
  free(text);
}

void trace_file_event(trace_file *self, const char *phase, int lane, uint64_t time_ns) {
  (void)fprintf(self->file, ",\n{\"ph\":\"%s\",\"pid\":1,\"tid\":%d,\"ts\":%.3f", phase, lane,
                trace_file_ms(self, time_ns) * 1000);
}

void trace_file_instant(trace_file *self, int lane, uint64_t time_ns, const char *category, const char *name) {
  trace_file_event(self, "i", lane, time_ns);
  (void)fprintf(self->file, ",\"s\":\"t\",\"cat\":\"%s\",\"name\":\"%s\"}", category, name);
}

void trace_file_lane(trace_file *self, int lane, const char *name) {
  (void)fprintf(self->file,
                ",\n{\"ph\":\"M\",\"pid\":1,\"tid\":%d,\"name\":\"thread_name\",\"args\":{\"name\":\"%s\"}}", lane,
                name);
}

int trace_file_open(trace_file *self, const char *path, const char *process) {
  self->started_ns = uv_hrtime();
  self->file = fopen(path, "we");
  if (self->file == NULL) return -1;
  (void)fputs(
      "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n"
      "{\"ph\":\"M\",\"pid\":1,\"tid\":1,\"name\":\"process_name\",\"args\":{\"name\":",
      self->file);
  trace_file_bytes(self, process);
  (void)fputs("}}", self->file);
  return fflush(self->file) == 0 ? 0 : -1; /* a copy of this process, on its way to the worker, has nothing to write */
}

int trace_file_close(trace_file *self) {
  if (self->file == NULL) return 0;
  (void)fputs("\n]}\n", self->file);
  int failed = ferror(self->file);
  failed = fclose(self->file) != 0 || failed;
  self->file = NULL;
  return failed ? -1 : 0;
}
