/*
 * inspect_layout.c - one line, columns, or one entry a line: Node's rules.
 *
 * Entries are written as if each were to have a line of its own, which is what long ones get; only those few that fit
 * on one line, or stand in columns, are moved together afterwards. So nothing is moved more than a few times, however
 * deep.
 */
#include <stdlib.h>

#include "inspect.h"
#include "width.h"

enum {
  COMPACT = 3,        /* so many levels of containers may share a line */
  COLUMNS_MAX = 12,   /* four times that */
  LIST_MIN = 6,       /* lists up to here are not put in columns */
  SHORT_ENTRY = 6,    /* entries up to here may differ in length as they like */
  SEPARATOR = 2,      /* ", " */
  LINE_OVERHEAD = 10, /* what Node leaves free at the end of a line */
};

static const char blanks[] = "                                                                ";

static void add_blanks(cp__buffer *out, size_t count) {
  for (size_t piece = sizeof blanks - 1; count > 0; count -= piece) {
    if (piece > count) piece = count;
    cp__buffer_add(out, blanks, piece);
  }
}

void cp__inspect_indent(cp__inspection *ins) {
  ins->work += 2 * ins->depth;
  if (ins->work <= CP__INSPECT_BUDGET) add_blanks(&ins->out, 2 * ins->depth);
}

static cp__frame *top(cp__inspection *ins) { return &ins->frames[ins->depth - 1]; }

static void end_entry(cp__inspection *ins) {
  if (ins->entry_count > top(ins)->first_entry) ins->entries[ins->entry_count - 1].end = ins->out.length;
}

static bool grow_entries(cp__inspection *ins) {
  size_t capacity = ins->entry_capacity > 0 ? ins->entry_capacity * 2 : 64;
  cp__entry *entries = realloc(ins->entries, capacity * sizeof *entries);
  if (entries == NULL) return false;
  ins->entries = entries;
  ins->entry_capacity = capacity;
  return true;
}

void cp__inspect_entry(cp__inspection *ins) {
  end_entry(ins);
  if (ins->entry_count > top(ins)->first_entry) cp__buffer_byte(&ins->out, ',');
  cp__buffer_byte(&ins->out, '\n');
  ins->work++;
  cp__inspect_indent(ins);
  if (ins->entry_count == ins->entry_capacity && !grow_entries(ins)) {
    ins->failed = true;
    return;
  }
  ins->entries[ins->entry_count++] = (cp__entry){ins->out.length, ins->out.length};
}

/* ---------------------------------------------------------------- one line */

static bool has_newline(const cp__inspection *ins, size_t start, size_t end) {
  return end > start && memchr(ins->out.bytes + start, '\n', end - start) != NULL;
}

/* Whether the entries fit on a line together. What counts is JavaScript's length: UTF-16 code units. */
static bool fits(const cp__inspection *ins, const cp__frame *frame, const cp__entry *entries, size_t count) {
  const uint8_t *text = ins->out.bytes;
  size_t prefix = cp__inspect_units(text + frame->start, frame->body - frame->start) - frame->has_base;
  size_t total = 2 * count + 2 * (ins->depth - 1) + prefix + LINE_OVERHEAD;
  for (size_t i = 0; i < count && total <= ins->break_length; i++)
    total += cp__inspect_units(text + entries[i].start, entries[i].end - entries[i].start);
  return total <= ins->break_length;
}

static bool goes_on_one_line(const cp__inspection *ins, const cp__frame *frame, const cp__entry *entries,
                             size_t count) {
  bool is_flat = ins->break_length == SIZE_MAX || ins->deepest - (ins->depth - 1) < COMPACT;
  if (!is_flat || (ins->break_length != SIZE_MAX && !fits(ins, frame, entries, count))) return false;
  for (size_t i = 0; i < count; i++)
    if (has_newline(ins, entries[i].start, entries[i].end)) return false;
  return !has_newline(ins, frame->start, frame->body);
}

/* Moves the entries together: each stands at least two bytes, a comma and a line's end, behind the one before. */
static void join_on_one_line(cp__inspection *ins, const cp__frame *frame, const cp__entry *entries, size_t count) {
  uint8_t *text = ins->out.bytes;
  size_t at = frame->body;
  for (size_t i = 0; i < count; i++) {
    size_t length = entries[i].end - entries[i].start;
    if (i > 0) text[at++] = ',';
    text[at++] = ' ';
    memmove(text + at, text + entries[i].start, length);
    at += length;
  }
  ins->out.length = at;
  cp__buffer_byte(&ins->out, ' ');
}

/* ---------------------------------------------------------------- columns */

typedef struct grid {
  const cp__entry *entries;
  size_t *widths; /* of the entries, then of the columns */
  size_t count;   /* of the entries that are in it: "... 1 more item" is not */
  size_t total, widest;
  size_t columns;
  size_t *column_widths;
  bool is_right_aligned;
} grid;

/* Newton's way, from above: libm is not wanted for one number. */
static double square_root(double square) {
  if (square <= 0) return 0;
  double root = square > 1 ? square : 1;
  for (;;) {
    double next = (root + square / root) / 2;
    if (next >= root) return root;
    root = next;
  }
}

static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

/* How many columns look best: about a square, as characters are 2.5 times as high as wide. 0, 1: no columns. */
static size_t choose_columns(const cp__inspection *ins, const grid *cells, size_t entry_count) {
  size_t column = cells->widest + SEPARATOR, indentation = 2 * (ins->depth - 1);
  if (column * 3 + indentation >= ins->break_length) return 0;
  if ((double)cells->total / (double)column <= 5 && cells->widest > SHORT_ENTRY) return 0;
  double bias = square_root((double)column - (double)cells->total / (double)entry_count);
  double wanted = (double)column - 3 - bias > 1 ? (double)column - 3 - bias : 1;
  double ideal = square_root(2.5 * wanted * (double)cells->count) / wanted + 0.5;
  size_t columns = smaller((ins->break_length - indentation) / column, COLUMNS_MAX);
  return ideal < (double)columns ? (size_t)ideal : columns;
}

static void measure(const cp__inspection *ins, grid *cells) {
  for (size_t i = 0; i < cells->count; i++) {
    const cp__entry *entry = &cells->entries[i];
    cells->widths[i] = cp__width(ins->out.bytes + entry->start, entry->end - entry->start);
    cells->total += cells->widths[i] + SEPARATOR;
    if (cells->widths[i] > cells->widest) cells->widest = cells->widths[i];
  }
}

/* Numbers stand below each other by their last digits. Node looks at as many elements as there are entries. */
static bool are_numbers(const cp__frame *frame, size_t count) {
  if (frame->object->type == CP_TYPE_VIEW) return true;
  for (size_t i = 0; i < count; i++) {
    uint8_t type = cp_value_at(cp__object_value(frame->object), (uint32_t)i).type;
    if (type != CP_TYPE_NUMBER && type != CP_TYPE_BIGINT) return false;
  }
  return true;
}

static void measure_columns(grid *cells) {
  for (size_t i = 0; i < cells->count; i++) {
    size_t *column = &cells->column_widths[i % cells->columns];
    if (i < cells->columns) *column = 0;
    if (cells->widths[i] > *column) *column = cells->widths[i];
  }
}

static void write_cell(cp__inspection *ins, const grid *cells, size_t i) {
  cp__buffer *out = &ins->scratch;
  const cp__entry *entry = &cells->entries[i];
  size_t padding = cells->column_widths[i % cells->columns] - cells->widths[i];
  bool is_last = i + 1 == cells->count || (i + 1) % cells->columns == 0;
  if (cells->is_right_aligned) add_blanks(out, padding);
  cp__buffer_add(out, ins->out.bytes + entry->start, entry->end - entry->start);
  if (is_last) return;
  cp__buffer_add(out, ", ", SEPARATOR);
  if (!cells->is_right_aligned) add_blanks(out, padding);
}

static void start_row(cp__inspection *ins, bool is_first) {
  if (!is_first) cp__buffer_byte(&ins->scratch, ',');
  cp__buffer_byte(&ins->scratch, '\n');
  add_blanks(&ins->scratch, 2 * ins->depth);
}

/* Puts the rows in place of the entries. `entry_count` is one more than the cells if there are more items. */
static void write_rows(cp__inspection *ins, const cp__frame *frame, const grid *cells, size_t entry_count) {
  ins->scratch.length = 0;
  for (size_t i = 0; i < cells->count; i++) {
    if (i % cells->columns == 0) start_row(ins, i == 0);
    write_cell(ins, cells, i);
  }
  for (size_t i = cells->count; i < entry_count; i++) {
    start_row(ins, false);
    cp__buffer_add(&ins->scratch, ins->out.bytes + cells->entries[i].start,
                   cells->entries[i].end - cells->entries[i].start);
  }
  ins->out.length = frame->body;
  cp__buffer_add(&ins->out, ins->scratch.bytes, ins->scratch.length);
  if (ins->scratch.failed) ins->failed = true;
}

/* False: not for this list. */
static bool put_in_columns(cp__inspection *ins, const cp__frame *frame, const cp__entry *entries, size_t count) {
  grid cells = {.entries = entries, .count = ins->max_elements < count ? count - 1 : count};
  cells.widths = malloc((cells.count + COLUMNS_MAX) * sizeof *cells.widths);
  if (cells.widths == NULL) {
    ins->failed = true;
    return true;
  }
  cells.column_widths = cells.widths + cells.count;
  measure(ins, &cells);
  cells.columns = choose_columns(ins, &cells, count);
  if (cells.columns > 1) {
    cells.is_right_aligned = are_numbers(frame, count);
    measure_columns(&cells);
    write_rows(ins, frame, &cells, count);
  }
  free(cells.widths);
  return cells.columns > 1;
}

/* ---------------------------------------------------------------- the choice */

static void close_on_own_line(cp__inspection *ins) {
  cp__buffer_byte(&ins->out, '\n');
  add_blanks(&ins->out, ins->work <= CP__INSPECT_BUDGET ? 2 * (ins->depth - 1) : 0);
}

void cp__inspect_close(cp__inspection *ins) {
  if (ins->failed || ins->out.failed) return;
  end_entry(ins);
  cp__frame frame = *top(ins);
  const cp__entry *entries = ins->entries + frame.first_entry;
  size_t count = ins->entry_count - frame.first_entry;
  bool may_be_grid = frame.is_list && count > LIST_MIN && ins->break_length != SIZE_MAX;
  if (may_be_grid && put_in_columns(ins, &frame, entries, count))
    close_on_own_line(ins);
  else if (goes_on_one_line(ins, &frame, entries, count))
    join_on_one_line(ins, &frame, entries, count);
  else
    close_on_own_line(ins);
  cp__buffer_byte(&ins->out, (uint8_t)frame.brace);
  ins->entry_count = frame.first_entry;
  ins->depth--;
}
