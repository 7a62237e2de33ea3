/* inspect_error.c - errors as util.inspect() prints them: the stack, without what the stack of the cause has as well. */
#include "inspect.h"

static const char frame_start[] = "\n    at";

typedef struct text {
  const char *start;
  size_t length;
} text;

static text property(const cp__object *error, const char *name) {
  cp_value value = cp_value_get(cp__object_value((cp__object *)error), name);
  return value.type == CP_TYPE_STRING ? (text){value.as.bytes, value.length} : (text){"", 0};
}

static const char *find(text in, const char *what, size_t length) {
  return length > 0 && in.length >= length ? memmem(in.start, in.length, what, length) : NULL;
}

static text rest_from(text of, const char *start) { return (text){start, of.length - (size_t)(start - of.start)}; }

/* Where the lines begin that tell places, behind the message, which may have such lines itself. NULL: there are none. */
static const char *find_frames(text stack, text message) {
  const char *at = find(stack, message.start, message.length);
  if (at != NULL && at > stack.start) stack = rest_from(stack, at + message.length);
  return find(stack, frame_start, sizeof frame_start - 1);
}

/* ---------------------------------------------------------------- what two stacks share */

enum { LINES_MAX = 200, FOLDED_MIN = 4 }; /* comparing takes time by the square; V8 itself records ten */

/* Cuts a text into lines. More than LINES_MAX: 0, such stacks are not compared. */
static size_t split(text whole, text lines[LINES_MAX]) {
  size_t count = 0;
  for (;;) {
    const char *newline = memchr(whole.start, '\n', whole.length);
    if (count == LINES_MAX) return 0;
    lines[count++] = (text){whole.start, newline != NULL ? (size_t)(newline - whole.start) : whole.length};
    if (newline == NULL) return count;
    whole = rest_from(whole, newline + 1);
  }
}

static bool same(text a, text b) { return a.length == b.length && memcmp(a.start, b.start, a.length) == 0; }

/* How many lines from `*at` on are in the other stack too, in that order; 0: too few to be worth it. */
static size_t find_shared(const text *lines, size_t count, const text *others, size_t other_count, size_t *at) {
  for (size_t i = 0; i + FOLDED_MIN <= count; i++) {
    size_t j = 0, length = 0;
    while (j < other_count && !same(lines[i], others[j])) j++;
    while (i + length < count && j + length < other_count && same(lines[i + length], others[j + length])) length++;
    if (length < FOLDED_MIN) continue;
    *at = i;
    return length;
  }
  return 0;
}

/* The lines of places, each behind a line's end; those that the cause repeats are counted only. */
static void add_frames(cp__inspection *ins, text frames, const cp__object *cause) {
  text stack = cause != NULL ? property(cause, "stack") : (text){"", 0};
  const char *cause_frames = find(stack, frame_start, sizeof frame_start - 1);
  text lines[LINES_MAX], others[LINES_MAX];
  size_t at = 0, shared = 0, count = 0;
  if (cause_frames != NULL) {
    count = split(frames, lines);
    shared = find_shared(lines, count, others, split(rest_from(stack, cause_frames + 1), others), &at);
  }
  if (shared == 0) {
    cp__inspect_raw(ins, frames.start, frames.length);
    return;
  }
  const char *skipped = lines[at + 1].start, *kept = lines[at + shared - 1].start;
  cp__inspect_raw(ins, frames.start, (size_t)(skipped - frames.start));
  cp__inspect_add(ins, "    ... ");
  cp__inspect_integer(ins, shared - 2);
  cp__inspect_raw(ins, " lines matching cause stack trace ...\n", 38);
  cp__inspect_raw(ins, kept, rest_from(frames, kept).length);
}

/* ---------------------------------------------------------------- the error */

/* What V8 would begin the stack with. */
static void add_first_line(cp__inspection *ins, const cp__object *error, text message) {
  cp__inspect_add(ins, cp__error_name(error->kind));
  if (message.length > 0) cp__inspect_add(ins, ": ");
  cp__inspect_raw(ins, message.start, message.length);
}

void cp__inspect_error(cp__inspection *ins, const cp__object *error) {
  text stack = property(error, "stack"), message = property(error, "message");
  const char *frames = stack.length > 0 ? find_frames(stack, message) : NULL;
  cp_value cause = cp_value_get(cp__object_value((cp__object *)error), "cause");
  if (frames != NULL) {
    cp__inspect_raw(ins, stack.start, (size_t)(frames + 1 - stack.start));
    add_frames(ins, rest_from(stack, frames + 1), cause.type == CP_TYPE_ERROR ? cause.as.object : NULL);
    return;
  }
  cp__buffer_byte(&ins->out, '[');
  if (stack.length > 0)
    cp__inspect_raw(ins, stack.start, stack.length);
  else
    add_first_line(ins, error, message);
  cp__buffer_byte(&ins->out, ']');
}
