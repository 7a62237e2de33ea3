/* stdio_spec.c - the value of --stdio. */
#include "stdio_spec.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

enum { STANDARD = 3 };

static int parse_fd(const char *text) {
  size_t length = strlen(text);
  if (length == 0 || length > 6 || strspn(text, "0123456789") != length) return -1;
  return (int)strtol(text, NULL, 10);
}

/* Asked before the loop opens fds of its own, which must not be mistaken for the caller's. */
static bool is_open(int fd) { return fcntl(fd, F_GETFD) >= 0; }

static const char *parse_inherit(size_t index, cp_stdio *entry) {
  *entry = CP_INHERIT;
  return index < STANDARD || is_open((int)index) ? NULL : "is not open here";
}

/* fd 3 and up would be a socket, and nobody here would talk to it. */
static const char *parse_pipe(size_t index, cp_stdio *entry) {
  *entry = CP_PIPE;
  return index < STANDARD ? NULL : "can be no pipe; only 0, 1 and 2 can";
}

static const char *parse_file(const char *word, cp_stdio *entry) {
  if (word[0] == '<')
    *entry = CP_READ_FILE(word + 1);
  else if (word[1] == '>')
    *entry = CP_APPEND_FILE(word + 2);
  else
    *entry = CP_WRITE_FILE(word + 1);
  return *entry->path != '\0' ? NULL : "lacks the name of its file";
}

static const char *parse_number(const char *word, cp_stdio *entry) {
  bool same = word[0] == '&';
  int fd = parse_fd(word + same);
  *entry = same ? CP_SAME_AS(fd) : CP_FD(fd);
  if (fd < 0) return "is none of inherit, ignore, pipe, FD, <FILE, >FILE, >>FILE, &FD";
  return same || is_open(fd) ? NULL : "is given an fd that is not open";
}

/* NULL, or what is wrong with it. */
static const char *parse_entry(const char *word, size_t index, cp_stdio *entry) {
  *entry = CP_DEFAULT;
  if (*word == '\0') return NULL;
  if (strcmp(word, "inherit") == 0) return parse_inherit(index, entry);
  if (strcmp(word, "pipe") == 0) return parse_pipe(index, entry);
  if (strchr("<>", *word) != NULL) return parse_file(word, entry);
  if (strcmp(word, "ignore") != 0) return parse_number(word, entry);
  *entry = CP_IGNORE;
  return NULL;
}

static const char *parse_entries(stdio_spec *spec, size_t *index) {
  char *rest = spec->words;
  for (*index = 0; *index < spec->count && rest != NULL; ++*index) {
    const char *word = strsep(&rest, ",");
    const char *problem = parse_entry(word, *index, &spec->entries[*index]);
    if (problem != NULL) return problem;
  }
  return NULL;
}

static void spread_single_word(stdio_spec *spec) {
  cp_stdio_kind kind = spec->entries[0].kind;
  bool is_word = kind == CP_STDIO_INHERIT || kind == CP_STDIO_IGNORE || kind == CP_STDIO_PIPE;
  for (size_t i = 1; is_word && i < STANDARD; i++) spec->entries[i] = spec->entries[0];
}

static size_t count_entries(const char *text) {
  size_t count = 1;
  for (; *text != '\0'; text++) count += *text == ',';
  return count;
}

static int make_entries(stdio_spec *spec, size_t count) {
  spec->count = count < STANDARD ? STANDARD : count;
  spec->entries = calloc(spec->count, sizeof *spec->entries);
  if (spec->entries == NULL) return -1;
  for (size_t i = 0; i < spec->count; i++) spec->entries[i] = CP_DEFAULT;
  return 0;
}

int stdio_spec_init(stdio_spec *spec) {
  *spec = (stdio_spec){0};
  return make_entries(spec, STANDARD);
}

void stdio_spec_dispose(stdio_spec *spec) {
  free(spec->words);
  free(spec->entries);
  *spec = (stdio_spec){0};
}

int stdio_spec_parse(const char *text, stdio_spec *spec, const char **problem, size_t *index) {
  stdio_spec fresh = {.words = strdup(text)};
  size_t count = count_entries(text);
  *index = count;
  *problem = "is one too many";
  if (count <= CP_STDIO_MAX) {
    bool made = fresh.words != NULL && make_entries(&fresh, count) == 0;
    *problem = made ? parse_entries(&fresh, index) : "finds no memory";
  }
  if (*problem != NULL) {
    stdio_spec_dispose(&fresh);
    return -1;
  }
  if (count == 1) spread_single_word(&fresh);
  stdio_spec_dispose(spec);
  *spec = fresh;
  return 0;
}
