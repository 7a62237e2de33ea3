/* width.h - how many columns a text takes on a terminal. */
#ifndef CP_IPC_WIDTH_H
#define CP_IPC_WIDTH_H

#include <stddef.h>

/* The columns of well-formed WTF-8: 2 for wide characters (East Asia, emoji), 0 for combining and control characters. */
size_t cp__width(const void *text, size_t length);

#endif
