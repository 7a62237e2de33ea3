/* inspect.h - printing values as util.inspect() does: what its parts share. */
#ifndef CP_IPC_INSPECT_H
#define CP_IPC_INSPECT_H

#include "buffer.h"
#include "value.h"

/* An element, a property, a pair: where its text lies in the output, without comma and indentation. */
typedef struct cp__entry {
  size_t start, end;
} cp__entry;

/* A container whose entries are being printed. Containers in containers are a stack of these: nothing recurses. */
typedef struct cp__frame {
  cp__object *object;
  size_t start;       /* where its own text begins, behind the `key: ` of the container around it */
  size_t body;        /* where the text of its entries begins */
  size_t first_entry; /* its number in `entries`; those from there on are of this frame when it is the last one */
  uint64_t serial;    /* its number among all containers printed */
  uint32_t shown;     /* how many elements at most */
  uint64_t next;      /* what comes next: the index of an array, the slot of a map */
  uint32_t item;      /* of an array: the dense elements gone through */
  uint32_t slot;      /* and the entries of its table */
  bool elements_done; /* of an array: what is left are properties */
  bool is_list;       /* array or typed array: its entries may stand in columns */
  bool has_base;      /* there is text before the brace, and a blank: "<ref *1> {" */
  char brace;         /* the closing one */
} cp__frame;

/* A container that was met again inside of itself: "<ref *index>" when it is printed as number `serial`. */
typedef struct cp__circular {
  uint64_t serial;
  uint64_t index;
} cp__circular;

typedef struct cp__inspection {
  cp__buffer out;
  cp__buffer scratch;
  cp__frame *frames;
  size_t depth, frame_capacity; /* depth: frames in use, which is Node's recursion level of what is printed next */
  cp__entry *entries;
  size_t entry_count, entry_capacity;
  cp__circular *circulars;
  size_t circular_count, circular_capacity, circular_next;
  uint64_t circular_index; /* the last one given out */
  uint64_t mark;           /* marks of objects above it are ours: 2 * circular index + (1: it is being printed) */
  uint64_t serial;
  uint64_t work;     /* what has been printed, about, in bytes; does not depend on the layout */
  size_t unbudgeted; /* what of the value just printed is not to be in `work` */
  size_t deepest;    /* the level of the container opened last */
  size_t depth_max;
  size_t break_length; /* SIZE_MAX: all on one line */
  size_t max_elements, max_string;
  bool is_second_run; /* the circulars are known */
  bool failed;        /* out of memory */
} cp__inspection;

enum {
  CP__INSPECT_BUDGET = 1 << 27
}; /* beyond it containers in containers are [Object], and indentation is left out: Node's number */

/* ---------------------------------------------------------------- text */

void cp__inspect_add(cp__inspection *ins, const char *text);
void cp__inspect_integer(cp__inspection *ins, uint64_t integer);
void cp__inspect_number(cp__inspection *ins, double number);
void cp__inspect_bigint(cp__inspection *ins, cp_value value);

/* A string in quotes, shortened if it is too long, on several lines if it has them. */
void cp__inspect_string(cp__inspection *ins, cp_value string);

/* A string in the quotes that fit, escaped, as it is. */
void cp__inspect_quoted(cp__inspection *ins, const char *text, size_t length);

/* `key: ` */
void cp__inspect_key(cp__inspection *ins, cp_value key);

/* Text without quotes; its lines are indented. What UTF-8 in a C string cannot hold becomes U+FFFD, NULs "\x00". */
void cp__inspect_raw(cp__inspection *ins, const char *text, size_t length);

/* At most `shown` bytes in hexadecimal, blanks between, and "... 2 more bytes". */
void cp__inspect_bytes(cp__inspection *ins, const uint8_t *bytes, size_t length, size_t shown);

/* An element of a typed array. */
void cp__inspect_element(cp__inspection *ins, const cp__object *view, size_t i);

/* UTF-16 code units, which is what JavaScript's lengths count. */
size_t cp__inspect_units(const void *text, size_t length);

/* The stack of an error, or what stands for it. */
void cp__inspect_error(cp__inspection *ins, const cp__object *error);

/* ---------------------------------------------------------------- layout */

/* Blanks for what is inside of the last frame. */
void cp__inspect_indent(cp__inspection *ins);

/* A new entry of the last frame: whatever is printed until the next one, or until the end, is in it. */
void cp__inspect_entry(cp__inspection *ins);

/* The end of the last frame: chooses the layout of its entries, closes the brace, and forgets the frame. */
void cp__inspect_close(cp__inspection *ins);

#endif
