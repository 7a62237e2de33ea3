/* error.c - codes, their names and sentences, and cp_error. */
#include "fail.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *cp_version(void) { return CP_VERSION_STRING; }

/* libuv's own tables print unknown codes into memory that leaks; a table over its X-macro does not. */
static const struct {
  int code;
  const char *name, *text;
} codes[] = {{0, "OK", "success"},
#define ENTRY(name, value, text) {name, #name, text},
             CP_ERRORS(ENTRY)
#undef ENTRY
#define ENTRY(name, text) {UV_##name, #name, text},
                 UV_ERRNO_MAP(ENTRY)
#undef ENTRY
};

const char *cp_strerror(int code) {
  for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
    if (codes[i].code == code) return codes[i].text;
  return "unknown error code";
}

const char *cp_err_name(int code) {
  for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
    if (codes[i].code == code) return codes[i].name;
  return "UNKNOWN";
}

const char *cp_stage_name(cp_stage stage) {
  static const char *const names[] = {
#define ENTRY(name, text) text,
      CP_STAGES(ENTRY)
#undef ENTRY
  };
  return (unsigned)stage < CP_STAGE_COUNT ? names[stage] : "";
}

const char *cp_reason_name(cp_reason reason) {
  static const char *const names[] = {"running", "exited",     "signalled", "timeout",
                                      "aborted", "max_buffer", "error",     "lost"};
  return (unsigned)reason < sizeof names / sizeof *names ? names[reason] : "unknown";
}

int cp__fail(cp_error *error, int code, cp_stage stage, int index, const char *path, const char *format, ...) {
  if (error == NULL) return code;
  *error = (cp_error){.code = code, .stage = stage, .index = index};
  if (path != NULL) (void)snprintf(error->path, sizeof error->path, "%s", path);
  va_list arguments;
  va_start(arguments, format);
  (void)vsnprintf(error->message, sizeof error->message, format, arguments);
  va_end(arguments);
  for (char *p = error->message; *p != '\0'; p++)
    if (*p == '\n' || *p == '\r') *p = ' ';
  return code;
}

int cp__fail_plain(cp_error *error, int code, cp_stage stage, int index, const char *path) {
  const char *name = cp_stage_name(stage), *blank = path != NULL ? " " : "";
  return cp__fail(error, code, stage, index, path, "%s%s%.300s: %s", name, blank, path != NULL ? path : "",
                  cp_strerror(code));
}
