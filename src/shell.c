/* shell.c - quoting words for /bin/sh. */
#include "shell.h"

#include <stdlib.h>
#include <string.h>

#include "child_process.h"

static bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         (c != '\0' && strchr("_-./", c) != NULL);
}

bool cp_shell_arg_is_safe(const char *word) {
  if (word == NULL || *word == '\0' || *word == '-') return false;
  for (; *word != '\0'; word++)
    if (!is_plain(*word)) return false;
  return true;
}

static size_t quoted_length(const char *word) {
  size_t length = 2;
  for (; *word != '\0'; word++) length += *word == '\'' ? 4 : 1;
  return length;
}

/* Inside single quotes every byte stands for itself; a single quote itself is '\'' . Returns the end. */
static char *put_quoted(char *to, const char *word) {
  *to++ = '\'';
  for (; *word != '\0'; word++) {
    if (*word != '\'') {
      *to++ = *word;
    } else {
      memcpy(to, "'\\''", 4);
      to += 4;
    }
  }
  *to++ = '\'';
  return to;
}

char *cp_shell_quote(const char *word) {
  if (word == NULL) return NULL;
  char *quoted = malloc(quoted_length(word) + 1);
  if (quoted != NULL) *put_quoted(quoted, word) = '\0';
  return quoted;
}

void cp_free(void *memory) { free(memory); }

char *cp__shell_join(cp__arena *arena, const char *script, const char *const *args) {
  size_t length = strlen(script) + 1;
  for (const char *const *arg = args; arg != NULL && *arg != NULL; arg++) length += 1 + quoted_length(*arg);
  char *line = cp__arena_alloc(arena, length);
  if (line == NULL) return NULL;
  char *end = stpcpy(line, script);
  for (const char *const *arg = args; arg != NULL && *arg != NULL; arg++) {
    *end++ = ' ';
    end = put_quoted(end, *arg);
  }
  *end = '\0';
  return line;
}
