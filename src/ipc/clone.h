/* clone.h - V8's structured clone bytes, version 15. Pure: bytes in, values out, and back. */
#ifndef CP_IPC_CLONE_H
#define CP_IPC_CLONE_H

#include "buffer.h"
#include "value.h"

/* As cp_value_from_clone(). */
int cp__clone_read(cp_value *out, cp_heap *heap, const uint8_t *bytes, size_t length, cp_clone_format format,
                   cp_error *error);

/*
 * Appends the bytes of a value, as V8 would write them: what is already in the buffer counts for the alignment of
 * two-byte strings only from `out->length` at the call. As cp_value_to_clone(). After a failure the buffer is as long
 * as before.
 */
int cp__clone_write(cp__buffer *out, cp_value value, cp_clone_format format, cp_error *error);

#endif
