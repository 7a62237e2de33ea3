/* message.c - one write for each line: lines of several programs on one stderr do not mix. */
#include "message.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { LINE_BYTES = 1024 };

static bool quiet;

void say_nothing(void) { quiet = true; }

static void print_line(const char *format, va_list arguments, const char *tail) {
  char line[LINE_BYTES];
  if (quiet) return;
  (void)vsnprintf(line, sizeof line, format, arguments);
  for (char *p = line; *p != '\0'; p++)
    if (*p == '\n' || *p == '\r') *p = ' ';
  (void)fprintf(stderr, "child-process: %s%s\n", line, tail);
}

void say(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  print_line(format, arguments, "");
  va_end(arguments);
}

void say_usage(const char *command, const char *format, ...) {
  char tail[64];
  va_list arguments;
  (void)snprintf(tail, sizeof tail, " (child-process %s%s--help)", command != NULL ? command : "",
                 command != NULL ? " " : "");
  va_start(arguments, format);
  print_line(format, arguments, tail);
  va_end(arguments);
}
