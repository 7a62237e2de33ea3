/* template.c - the command of `pool --exec`: what a line becomes. */
#include "template.h"

#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "split.h"

#define PLACE "{}"
enum { PLACE_BYTES = 2 };

/* ---------------------------------------------------------------- in a shell */

/*
 * {} becomes a word of its own whatever quotes it stands in: in '...' these end before it and begin again after it, in
 * "..." they already keep it together. The look at quotes is a simple one, for a script may hold anything; where it is
 * mistaken, as in nested $(...), $1 may be split into words, but it is still no part of the script.
 */
static void add_place(buffer *script, char quote) {
  buffer_add_text(script, quote == '"' ? "${1}" : quote == '\'' ? "'\"$1\"'" : "\"$1\"");
}

/* The quote that is open after `*text`, one step further. */
static char next_quote(const char **text, char quote) {
  char c = **text;
  if (c == '\\' && quote != '\'' && (*text)[1] != '\0') (*text)++;
  if (c == quote) return '\0';
  return quote == '\0' && (c == '\'' || c == '"') ? c : quote;
}

static char *make_script(const char *text) {
  buffer script = {0};
  char quote = '\0';
  bool found = false;
  while (*text != '\0') {
    const char *from = text;
    if (strncmp(text, PLACE, PLACE_BYTES) == 0) {
      add_place(&script, quote);
      found = true;
      text += PLACE_BYTES;
      continue;
    }
    quote = next_quote(&text, quote);
    text++;
    buffer_add(&script, from, (size_t)(text - from));
  }
  if (!found) buffer_add_text(&script, " \"$1\"");
  buffer_add(&script, "", 1);
  if (!script.failed) return script.bytes;
  buffer_dispose(&script);
  return NULL;
}

/* ---------------------------------------------------------------- without one */

static size_t count_places(const char *word) {
  size_t count = 0;
  for (; (word = strstr(word, PLACE)) != NULL; word += PLACE_BYTES) count++;
  return count;
}

/* Writes the word for a line to `to`, and returns what is behind its NUL. */
static char *expand_word(char *to, const char *word, const char *line, size_t length) {
  for (const char *place; (place = strstr(word, PLACE)) != NULL; word = place + PLACE_BYTES) {
    memcpy(to, word, (size_t)(place - word));
    to += place - word;
    memcpy(to, line, length);
    to += length;
  }
  size_t rest = strlen(word) + 1;
  memcpy(to, word, rest);
  return to + rest;
}

/* Bytes of all words for a line, NULs included. */
static size_t expanded_bytes(const template *self, size_t length) {
  size_t bytes = self->has_place ? 0 : length + 1;
  for (size_t i = 0; i < self->count; i++) bytes += strlen(self->words[i]) + 1 + count_places(self->words[i]) * length;
  return bytes;
}

static char **expand_words(const template *self, const char *line) {
  size_t length = strlen(line), most = self->count + 2;
  char **words = malloc(most * sizeof *words + expanded_bytes(self, length));
  if (words == NULL) return NULL;
  char *to = (char *)(words + most);
  size_t count = 0;
  for (; count < self->count; count++) {
    words[count] = to;
    to = expand_word(to, self->words[count], line, length);
  }
  if (!self->has_place) {
    words[count++] = to;
    memcpy(to, line, length + 1);
  }
  words[count] = NULL;
  return words;
}

/* ---------------------------------------------------------------- both */

char **template_expand(const template *self, const char *line) {
  if (self->script == NULL) return expand_words(self, line);
  size_t script = strlen(self->script) + 1, length = strlen(line) + 1;
  char **words = malloc(3 * sizeof *words + script + length);
  if (words == NULL) return NULL;
  words[0] = memcpy(words + 3, self->script, script);
  words[1] = memcpy(words[0] + script, line, length);
  words[2] = NULL;
  return words;
}

static const char *parse_words(template *out, const char *text) {
  const char *problem = split_words(text, &out->words, &out->count);
  if (problem != NULL) return problem;
  for (size_t i = 0; i < out->count; i++) out->has_place = out->has_place || count_places(out->words[i]) > 0;
  return out->count > 0 ? NULL : "it is empty";
}

const char *template_parse(template *out, const char *text, bool shell) {
  *out = (template){0};
  if (!shell) return parse_words(out, text);
  out->script = make_script(text);
  return out->script != NULL ? NULL : "out of memory";
}

bool template_is_constant(const template *self) { return self->script != NULL || count_places(self->words[0]) == 0; }

void template_dispose(template *self) {
  free(self->words);
  free(self->script);
  *self = (template){0};
}
