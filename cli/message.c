/* message.c - one write for each line: lines of several programs on one stderr do not mix. */
#include "message.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { LINE_BYTES = 1024 };

static bool quiet;
static void (*prepare_line)(void *data);
static void *prepare_data;

void say_nothing(void) { quiet = true; }

void say_after(void (*prepare)(void *data), void *data) {
  prepare_line = prepare;
  prepare_data = data;
}

/* `line` is cut to one. */
static void print_line(char *line, const char *tail) {
  if (quiet) return;
  for (char *p = line; *p != '\0'; p++)
    if (*p == '\n' || *p == '\r') *p = ' ';
  if (prepare_line != NULL) prepare_line(prepare_data);
  (void)fprintf(stderr, "child-process: %s%s\n", line, tail);
}

void say(const char *format, ...) {
  char line[LINE_BYTES];
  va_list arguments;
  va_start(arguments, format);
  (void)vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  print_line(line, "");
}

void say_usage(const char *command, const char *format, ...) {
  char line[LINE_BYTES], tail[64];
  va_list arguments;
  va_start(arguments, format);
  (void)vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  (void)snprintf(tail, sizeof tail, " (child-process %s%s--help)", command != NULL ? command : "",
                 command != NULL ? " " : "");
  print_line(line, tail);
}
