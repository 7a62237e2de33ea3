/* trace_file.h - a file in Chrome's trace event format, which https://ui.perfetto.dev opens. */
#ifndef CLI_TRACE_FILE_H
#define CLI_TRACE_FILE_H

#include <stdint.h>
#include <stdio.h>

typedef struct trace_file {
  FILE *file;          /* NULL: none is written, and no event may be */
  uint64_t started_ns; /* uv_hrtime(); times are counted from here */
} trace_file;

/* Begins; `process` is the name above all lanes, any bytes. 0, or -1: errno tells. */
int trace_file_open(trace_file *trace, const char *path, const char *process);

/* Names a lane, a number from 1 on. `name` is plain text. */
void trace_file_lane(trace_file *trace, int lane, const char *name);

/*
 * Begins an event: "B" and "E" are a slice, "X" a whole one, whose "dur" follows in microseconds, "i" an instant. Its
 * members go on behind it, beginning with a comma, and the last is followed by "}".
 */
void trace_file_event(trace_file *trace, const char *phase, int lane, uint64_t time_ns);

/* An instant in its lane, without more members. `name` is plain text. */
void trace_file_instant(trace_file *trace, int lane, uint64_t time_ns, const char *category, const char *name);

/* A member's value: UTF-8 in quotes; any bytes, made UTF-8. */
void trace_file_string(trace_file *trace, const char *text);
void trace_file_bytes(trace_file *trace, const char *bytes);

/* From the start to `time_ns`. */
double trace_file_ms(const trace_file *trace, uint64_t time_ns);

/* Completes the file, if there is one. 0, or -1: it could not be written. */
int trace_file_close(trace_file *trace);

#endif
