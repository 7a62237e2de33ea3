/* trace.c - a line for each event on stderr; a file in Chrome's trace event format, which Perfetto opens. */
#include "trace.h"

#include <string.h>

enum { PREVIEW_BYTES = 120, HEX_BYTES = 24, DECODED_BYTES = 65536 };

/* Rows of the picture: the process, and one lane for each direction. */
enum { LANE_WORKER = 1, LANE_SENT, LANE_RECEIVED };

/* ---------------------------------------------------------------- the start of a payload */

/* What a terminal would take for a command becomes a dot; a character is not cut in two. `out` has room for it. */
static void preview_text(char *out, const char *text, size_t length) {
  size_t end = length;
  if (length > PREVIEW_BYTES)
    for (end = PREVIEW_BYTES; end > 0 && ((unsigned char)text[end] & 0xC0) == 0x80;) end--;
  for (size_t i = 0; i < end; i++) {
    unsigned char byte = (unsigned char)text[i];
    bool c1 = i > 0 && (unsigned char)text[i - 1] == 0xC2 && byte >= 0x80 && byte < 0xA0;
    out[i] = byte < 0x20 || byte == 0x7F ? '.' : text[i];
    if (c1) out[i - 1] = out[i] = '.';
  }
  memcpy(out + end, end < length ? "..." : "\0\0\0", 4);
}

static void preview_hex(char *out, const unsigned char *bytes, size_t length) {
  size_t shown = length < HEX_BYTES ? length : HEX_BYTES;
  for (size_t i = 0; i < shown; i++) out += sprintf(out, "%02x ", bytes[i]);
  memcpy(out, shown < length ? "..." : "\0\0\0", 4);
}

/* Structured clone as console.log() shows it. False: too large to decode for this, or it does not decode. */
static bool preview_clone(char *out, const void *bytes, size_t length) {
  static const cp_inspect_options style = {.depth = -1, .break_length = -1, .max_elements = 20, .max_string = 100};
  if (length > DECODED_BYTES) return false;
  cp_heap *heap = cp_heap_new(NULL);
  cp_value value;
  int rc = heap != NULL ? cp_value_from_clone(&value, heap, bytes, length, CP_CLONE_CHANNEL, NULL) : UV_ENOMEM;
  char *text = rc == 0 ? cp_value_inspect(value, &style) : NULL;
  if (text != NULL) preview_text(out, text, strlen(text));
  cp_free(text);
  cp_heap_free(heap);
  return text != NULL;
}

static void preview(const tracer *self, char *out, const cp_trace *frame) {
  if (self->serialization == CP_SERIALIZATION_JSON)
    preview_text(out, frame->payload, frame->length);
  else if (!preview_clone(out, frame->payload, frame->length))
    preview_hex(out, frame->payload, frame->length);
}

/* ---------------------------------------------------------------- lines */

static void print_frame(const tracer *self, const cp_trace *frame, const char *text) {
  char handles[48] = "";
  if (frame->fds > 0) (void)snprintf(handles, sizeof handles, ", %zu handle%s", frame->fds, frame->fds > 1 ? "s" : "");
  (void)fprintf(stderr, "[IPC] +%.3f ms %s %zu bytes%s%s: %s\n", trace_file_ms(&self->out, frame->time_ns),
                frame->outgoing ? "sent" : "received", frame->length, frame->internal ? ", internal" : "", handles,
                text);
}

/* ---------------------------------------------------------------- the file */

static void write_frame(tracer *self, const cp_trace *frame, const char *text) {
  trace_file_event(&self->out, "i", frame->outgoing ? LANE_SENT : LANE_RECEIVED, frame->time_ns);
  (void)fprintf(self->out.file,
                ",\"s\":\"t\",\"cat\":\"ipc\",\"name\":\"%zu bytes\",\"args\":{\"direction\":\"%s\",\"bytes\":%zu,"
                "\"internal\":%s,\"handles\":%zu,\"payload\":",
                frame->length, frame->outgoing ? "sent" : "received", frame->length, frame->internal ? "true" : "false",
                frame->fds);
  trace_file_string(&self->out, text);
  (void)fputs("}}", self->out.file);
}

/* ---------------------------------------------------------------- events */

int tracer_open(tracer *self, const char *path) {
  self->out.started_ns = uv_hrtime();
  if (path == NULL) return 0;
  if (trace_file_open(&self->out, path, self->worker) != 0) return -1;
  trace_file_lane(&self->out, LANE_WORKER, "worker");
  trace_file_lane(&self->out, LANE_SENT, "sent to it");
  trace_file_lane(&self->out, LANE_RECEIVED, "received from it");
  return fflush(self->out.file) == 0 ? 0 : -1; /* as trace_file_open() */
}

bool tracer_is_on(const tracer *self) { return self->prints || self->out.file != NULL; }

void tracer_spawn(tracer *self, int pid) {
  uint64_t now = uv_hrtime();
  if (self->prints)
    (void)fprintf(stderr, "[IPC] +%.3f ms spawned pid %d: %s\n", trace_file_ms(&self->out, now), pid, self->worker);
  if (self->out.file == NULL) return;
  trace_file_event(&self->out, "B", LANE_WORKER, now);
  (void)fputs(",\"cat\":\"process\",\"name\":", self->out.file);
  trace_file_bytes(&self->out, self->worker);
  (void)fprintf(self->out.file, ",\"args\":{\"pid\":%d}}", pid);
  self->in_slice = true;
}

void tracer_frame(tracer *self, const cp_trace *frame) {
  char text[PREVIEW_BYTES + 8];
  preview(self, text, frame);
  if (self->prints) print_frame(self, frame, text);
  if (self->out.file != NULL) write_frame(self, frame, text);
}

void tracer_disconnect(tracer *self) {
  uint64_t now = uv_hrtime();
  if (self->prints) (void)fprintf(stderr, "[IPC] +%.3f ms disconnected\n", trace_file_ms(&self->out, now));
  if (self->out.file == NULL) return;
  trace_file_instant(&self->out, LANE_WORKER, now, "ipc", "disconnected");
}

void tracer_exit(tracer *self, const cp_exit *exit) {
  uint64_t now = uv_hrtime();
  const char *name = cp_signal_name(exit->signal);
  char how[64];
  if (exit->signal != 0)
    (void)snprintf(how, sizeof how, "ended by %s", name != NULL ? name : "a signal");
  else
    (void)snprintf(how, sizeof how, "exited with %d", exit->code);
  if (self->prints) (void)fprintf(stderr, "[IPC] +%.3f ms %s\n", trace_file_ms(&self->out, now), how);
  if (self->out.file == NULL || !self->in_slice) return;
  trace_file_event(&self->out, "E", LANE_WORKER, now);
  (void)fprintf(self->out.file, ",\"args\":{\"end\":\"%s\",\"reason\":\"%s\"}}", how, cp_reason_name(exit->reason));
  self->in_slice = false;
}

int tracer_close(tracer *self) { return trace_file_close(&self->out); }
