/* message.h - one message that came. */
#ifndef CP_IPC_MESSAGE_H
#define CP_IPC_MESSAGE_H

#include "value.h"

struct cp_message {
  cp_channel *channel;
  cp_serialization serialization;
  const uint8_t *payload; /* what came; a NUL follows JSON text */
  size_t length;
  bool is_internal; /* for internal listeners */
  bool is_envelope; /* the payload is an internal message around this one: `value` alone is the message */
  cp_heap *heap;    /* of the value; NULL: not needed yet */
  cp_value value;
  bool has_value;
  char *json; /* made from the value, or repaired; NULL: the payload is the text */
  size_t json_length;
  char *part; /* text of one property; NULL: not asked for yet */
  size_t part_length;
  cp_handle *handles; /* malloc()ed with what they point to; fd -1: taken */
  size_t handle_count;
  uint8_t *owned;  /* malloc()ed memory of the payload; NULL: borrowed */
  uint8_t *mapped; /* shared memory of the payload, so many bytes */
  size_t mapped_length;
  struct cp_message *next;
  unsigned references; /* of a kept one; 0: it lives during a callback */
};

/* Frees the contents; the heap stays, for the next message, if it is still there. Handles not taken are closed. */
void cp__message_dispose(cp_message *message);

/* A message of its own with all that is in this one, which is left without handles. NULL: out of memory. */
cp_message *cp__message_detach(cp_message *message);

/* The JSON text of one property, made on the first call, which settles which one. NULL: JSON has none, no memory. */
const char *cp__message_part_json(cp_message *message, const char *key, size_t *length);

#endif
