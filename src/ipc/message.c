/* message.c - what a program can ask a message. */
#include "message.h"

#include <stdlib.h>
#include <string.h>

#include "channel.h"
#include "clone.h"
#include "handle.h"
#include "io.h"
#include "json.h"
#include "shared.h"

static int decode(cp_message *message, cp_value *value) {
  const char *text = (const char *)message->payload;
  return message->serialization == CP_SERIALIZATION_JSON
             ? cp__json_read(value, message->heap, text, message->length, NULL)
             : cp__clone_read(value, message->heap, message->payload, message->length, CP_CLONE_CHANNEL, NULL);
}

cp_value cp_message_value(cp_message *message) {
  cp__internal envelope;
  if (message == NULL) return (cp_value){0};
  if (message->has_value) return message->value;
  if (message->heap == NULL) message->heap = cp_heap_new(cp__channel_limits(message->channel));
  if (message->heap == NULL || decode(message, &message->value) != 0) return (cp_value){0};
  if (message->is_envelope) {
    if (cp__internal_read(&envelope, message->heap, message->value) != 0) return (cp_value){0};
    message->value = envelope.message;
  }
  message->has_value = true;
  return message->value;
}

/* malloc()ed and NUL-terminated; NULL: JSON has no such value, or out of memory. */
static char *text_of(cp_value value, size_t *length) {
  cp__buffer text = {0};
  if (cp__json_write(&text, value, NULL) == 0) cp__buffer_byte(&text, '\0');
  if (text.failed || text.length == 0) {
    cp__buffer_free(&text);
    return NULL;
  }
  *length = text.length - 1;
  return (char *)text.bytes;
}

const char *cp__message_part_json(cp_message *message, const char *key, size_t *length) {
  if (message->part == NULL)
    message->part = text_of(cp_value_get(cp_message_value(message), key), &message->part_length);
  if (message->part != NULL && length != NULL) *length = message->part_length;
  return message->part;
}

const char *cp_message_json(cp_message *message, size_t *length) {
  if (message == NULL) return NULL;
  bool is_text = message->serialization == CP_SERIALIZATION_JSON && !message->is_envelope;
  if (message->json == NULL && !is_text) /* it did not come as text, or not as this text alone */
    message->json = text_of(cp_message_value(message), &message->json_length);
  if (message->json == NULL && !is_text) return NULL;
  if (length != NULL) *length = message->json != NULL ? message->json_length : message->length;
  return message->json != NULL ? message->json : (const char *)message->payload;
}

const void *cp_message_payload(const cp_message *message, size_t *length) {
  if (length != NULL) *length = message != NULL ? message->length : 0;
  return message != NULL ? message->payload : NULL;
}

cp_channel *cp_message_channel(const cp_message *message) {
  return message != NULL ? cp__channel_if_open(message->channel) : NULL;
}

/* ---------------------------------------------------------------- handles */

size_t cp_message_handle_count(const cp_message *message) { return message != NULL ? message->handle_count : 0; }

const cp_handle *cp_message_handle(const cp_message *message, size_t i) {
  if (message == NULL || i >= message->handle_count || message->handles[i].fd < 0) return NULL;
  return &message->handles[i];
}

int cp_message_take_fd(cp_message *message, size_t i) {
  if (cp_message_handle(message, i) == NULL) return UV_EBADF;
  int fd = message->handles[i].fd;
  message->handles[i].fd = -1;
  return fd;
}

/* ---------------------------------------------------------------- life */

void cp__message_dispose(cp_message *message) {
  for (size_t i = 0; i < message->handle_count; i++) cp__close(message->handles[i].fd);
  free(message->handles);
  free(message->json);
  free(message->part);
  free(message->owned);
  cp__shared_unmap(message->mapped, message->mapped_length);
  message->handles = NULL;
  message->json = message->part = NULL;
  message->owned = message->mapped = NULL;
  message->handle_count = 0;
}

/* Large payloads change hands; small ones are copied, so that they do not hold on to the memory of a whole read. */
static bool own_payload(cp_message *kept, cp_message *message) {
  enum { LARGE = 65536 };
  if (message->owned != NULL || message->mapped != NULL) return true; /* shared memory, a repaired text: it moves */
  if (message->length >= LARGE) {
    kept->owned = cp__channel_steal_input(message->channel, message->payload);
    if (kept->owned != NULL) return true;
  }
  kept->owned = malloc(message->length + 1);
  if (kept->owned == NULL) return false;
  memcpy(kept->owned, message->payload, message->length);
  kept->owned[message->length] = '\0';
  kept->payload = kept->owned;
  /* Values of the channel's heap may point into the payload that was copied: they are made anew when asked for. */
  if (message->serialization == CP_SERIALIZATION_ADVANCED) {
    kept->has_value = false;
    kept->heap = NULL;
  }
  return true;
}

cp_message *cp__message_detach(cp_message *message) {
  cp_message *kept = malloc(sizeof *kept);
  if (kept == NULL) return NULL;
  *kept = *message;
  if (!own_payload(kept, message)) {
    free(kept);
    return NULL;
  }
  if (kept->heap == message->heap) message->heap = NULL;
  message->owned = message->mapped = NULL;
  message->handles = NULL;
  message->handle_count = 0;
  message->json = message->part = NULL;
  message->has_value = false;
  kept->next = NULL;
  kept->references = 1;
  cp__channel_hold(kept->channel);
  return kept;
}

cp_message *cp_message_keep(cp_message *message) {
  if (message == NULL) return NULL;
  if (message->references == 0) return cp__message_detach(message);
  message->references++;
  return message;
}

void cp_message_free(cp_message *message) {
  if (message == NULL || message->references == 0 || --message->references > 0) return;
  cp_channel *channel = message->channel;
  cp__message_dispose(message);
  cp_heap_free(message->heap);
  free(message);
  cp__channel_release(channel);
}
