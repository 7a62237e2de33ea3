/* split.c - a string to words. */
#include "split.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static bool is_blank(char c) { return c != '\0' && strchr(" \t\n\v\f\r", c) != NULL; }

typedef struct splitter {
  const char *from;
  char *to;
  char quote; /* ' or ", or 0 */
} splitter;

/* One character of a word, or a quote or backslash that is none. False: nothing follows a backslash. */
static bool step(splitter *s) {
  char c = *s->from++;
  if (c == s->quote && c != '\0') {
    s->quote = '\0';
  } else if (s->quote == '\0' && (c == '\'' || c == '"')) {
    s->quote = c;
  } else if (c == '\\' && s->quote != '\'') {
    if (*s->from == '\0') return false;
    *s->to++ = *s->from++;
  } else {
    *s->to++ = c;
  }
  return true;
}

/* Words are never longer than the text: all of them fit in a copy of it, behind the list. */
const char *split_words(const char *text, char ***words, size_t *count) {
  size_t length = strlen(text), most = length / 2 + 2;
  char **list = calloc(1, most * sizeof *list + length + 1);
  if (list == NULL) return "out of memory";
  splitter s = {.from = text, .to = (char *)(list + most)};
  const char *problem = NULL;
  size_t n = 0;
  while (problem == NULL) {
    while (is_blank(*s.from)) s.from++;
    if (*s.from == '\0') break;
    list[n++] = s.to;
    while (problem == NULL && *s.from != '\0' && (s.quote != '\0' || !is_blank(*s.from)))
      if (!step(&s)) problem = "it ends with a backslash";
    if (s.quote != '\0') problem = "a quote is not closed";
    *s.to++ = '\0';
  }
  if (problem != NULL) {
    free(list);
    return problem;
  }
  *words = list;
  *count = n;
  return NULL;
}
