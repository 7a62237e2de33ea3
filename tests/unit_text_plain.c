/* unit_text_plain.c - the tests of unit_text.c for machines without AVX2: its text.c takes the library's place. */
#define CP__TEXT_PLAIN
#include "ipc/text.c"
#include "unit_text.c"
