/* codec_tables.h - the values that are turned into bytes and back. */
#ifndef BENCH_CODEC_TABLES_H
#define BENCH_CODEC_TABLES_H

#include <child_process.h>

typedef enum codec_table {
  CODEC_MIXED,   /* all types that messages carry; for JSON: all that it has */
  CODEC_OBJECTS, /* many small objects of the same shape */
  CODEC_STRINGS, /* long strings, of one-byte and of two-byte characters */
  CODEC_NUMBERS, /* integers and fractions */
  CODEC_TABLES
} codec_table;

extern const char *const codec_table_names[CODEC_TABLES];

/** Makes the value in the heap. @param json  only what JSON has. CP_TYPE_NONE: out of memory. */
cp_value codec_make(cp_heap *heap, codec_table table, bool json);

#endif
