/* handle.c - the internal messages: reading and building them. */
#include "handle.h"

#include <string.h>

#include "text.h"

#define LIBRARY "NODE_CHILD_PROCESS_C"

static const char *const type_names[] = {
    [CP_HANDLE_SERVER] = "net.Server",
    [CP_HANDLE_SOCKET] = "net.Socket",
    [CP_HANDLE_UDP] = "dgram.Socket",
    [CP_HANDLE_NATIVE] = "net.Native",
    [CP_HANDLE_UDP_NATIVE] = "dgram.Native",
    [CP_HANDLE_BOUND_SOCKET] = "net.BoundSocket",
    [CP_HANDLE_FD] = "fd",
};
enum { TYPES = sizeof type_names / sizeof *type_names };

const char *cp_handle_type_name(cp_handle_type type) {
  bool known = (unsigned)type < TYPES && type_names[type] != NULL;
  return known ? type_names[type] : "";
}

static cp_handle_type type_of(cp_value name) {
  for (unsigned i = 0; i < TYPES; i++)
    if (type_names[i] != NULL && cp_value_string_is(name, type_names[i])) return (cp_handle_type)i;
  return (cp_handle_type)0;
}

bool cp__is_internal(cp_value message) {
  static const char prefix[] = "NODE_";
  size_t length = 0;
  if (message.type != CP_TYPE_OBJECT) return false;
  const char *cmd = cp_value_string(cp_value_get(message, "cmd"), &length);
  return cmd != NULL && length > sizeof prefix - 1 && memcmp(cmd, prefix, sizeof prefix - 1) == 0;
}

/* ---------------------------------------------------------------- reading */

static cp__internal_kind kind_of(cp_value cmd) {
  static const struct {
    const char *name;
    cp__internal_kind kind;
  } kinds[] = {
      {"NODE_HANDLE", CP__INTERNAL_HANDLE},
      {CP__ACK, CP__INTERNAL_ACK},
      {"NODE_HANDLE_NACK", CP__INTERNAL_NACK},
      {"NODE_SOCKET_GET_COUNT", CP__INTERNAL_GET_COUNT},
      {"NODE_SOCKET_NOTIFY_CLOSE", CP__INTERNAL_NOTIFY_CLOSE},
      {CP__HELLO, CP__INTERNAL_HELLO},
      {LIBRARY, CP__INTERNAL_LIBRARY},
  };
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
    if (cp_value_string_is(cmd, kinds[i].name)) return kinds[i].kind;
  return CP__INTERNAL_OTHER;
}

/* Bytes travel as a string of characters below 256, in either serialization. */
static int read_unread(cp_handle *handle, cp_heap *heap, cp_value unread) {
  size_t length = 0;
  const char *text = cp_value_string(unread, &length);
  if (text == NULL) return cp_value_is(unread, CP_TYPE_UNDEFINED) ? 0 : CP_EMESSAGE;
  cp__text_shape shape = cp__text_measure(text, length);
  if (!shape.narrow) return CP_EMESSAGE;
  uint8_t *bytes = (uint8_t *)cp__heap_text(heap, shape.units);
  if (bytes == NULL) return UV_ENOMEM;
  cp__text_to_latin1(bytes, text, length);
  handle->unread = bytes;
  handle->unread_length = shape.units;
  return 0;
}

static int read_handle(cp_handle *handle, cp_heap *heap, cp_value from) {
  *handle = (cp_handle){
      .type = type_of(cp_value_get(from, "type")), .fd = -1, .key = cp_value_string(cp_value_get(from, "key"), NULL)};
  return handle->type != 0 ? read_unread(handle, heap, cp_value_get(from, "unread")) : CP_EMESSAGE;
}

/*
 * A handle that Node sends once more is wrapped twice: the inner wrapping is the message. What it says of `unread`
 * and any fd does not count: that is a matter between ends of this library.
 */
static int read_node_handle(cp__internal *out, cp_value message) {
  enum { NESTED = 4 };
  for (int i = 0; i < NESTED; i++) {
    cp_value inner = cp_value_get(message, "msg");
    if (!cp__is_internal(inner) || kind_of(cp_value_get(inner, "cmd")) != CP__INTERNAL_HANDLE) break;
    message = inner;
  }
  cp_handle_type type = type_of(cp_value_get(message, "type"));
  out->message = cp_value_get(message, "msg");
  out->handle_count = 1;
  out->handles[0] = (cp_handle){.type = type, .fd = -1, .key = cp_value_string(cp_value_get(message, "key"), NULL)};
  return type != 0 && type != CP_HANDLE_FD ? 0 : CP_EMESSAGE;
}

static int read_library(cp__internal *out, cp_heap *heap, cp_value message) {
  cp_value handles = cp_value_get(message, "handles"), memory = cp_value_get(message, "memory");
  out->message = cp_value_get(message, "msg");
  out->handle_count = cp_value_length(handles);
  out->has_memory = cp_value_is(memory, CP_TYPE_NUMBER);
  int64_t bytes = cp_value_integer(memory, -1);
  if (out->has_memory && bytes < 0) return CP_EMESSAGE;
  out->memory_bytes = out->has_memory ? (size_t)bytes : 0;
  if (out->handle_count > CP_HANDLES_MAX || (out->handle_count > 0 && !cp_value_is(handles, CP_TYPE_ARRAY)))
    return CP_EMESSAGE;
  int rc = 0;
  for (size_t i = 0; rc == 0 && i < out->handle_count; i++)
    rc = read_handle(&out->handles[i], heap, cp_value_at(handles, (uint32_t)i));
  return rc;
}

int cp__internal_read(cp__internal *out, cp_heap *heap, cp_value message) {
  out->kind = kind_of(cp_value_get(message, "cmd"));
  out->message = cp_undefined();
  out->key = cp_value_string(cp_value_get(message, "key"), NULL);
  out->has_memory = false;
  out->memory_bytes = out->handle_count = 0;
  if (out->kind == CP__INTERNAL_HANDLE) return read_node_handle(out, message);
  if (out->kind == CP__INTERNAL_LIBRARY) return read_library(out, heap, message);
  return 0;
}

/* ---------------------------------------------------------------- building */

cp_value cp__simple_internal(cp_heap *heap, const char *cmd) {
  return cp_value_set(cp_object(heap), "cmd", cp_string(heap, cmd));
}

cp_value cp__count_answer(cp_heap *heap, const char *cmd, const char *key, int64_t count) {
  cp_value answer = cp_value_set(cp__simple_internal(heap, cmd), "key", cp_string(heap, key));
  return count >= 0 ? cp_value_set(answer, "count", cp_number((double)count)) : answer;
}

cp_value cp__handle_message(cp_heap *heap, const cp_handle *handle, bool ipv6, cp_value message) {
  cp_value out = cp__simple_internal(heap, "NODE_HANDLE");
  (void)cp_value_set(out, "type", cp_string(heap, cp_handle_type_name(handle->type)));
  (void)cp_value_set(out, "msg", message);
  if (handle->type == CP_HANDLE_UDP) (void)cp_value_set(out, "dgramType", cp_string(heap, ipv6 ? "udp6" : "udp4"));
  if (handle->type == CP_HANDLE_SOCKET && handle->key != NULL)
    (void)cp_value_set(out, "key", cp_string(heap, handle->key));
  return out;
}

static cp_value unread_text(cp_heap *heap, const cp_handle *handle) {
  char *text = cp__heap_text(heap, handle->unread_length * 2 + 1);
  if (text == NULL || handle->unread_length > UINT32_MAX / 2) return (cp_value){0};
  size_t length = cp__text_from_latin1(text, handle->unread, handle->unread_length);
  text[length] = '\0';
  return cp__string_value(text, (uint32_t)length);
}

cp_value cp__library_message(cp_heap *heap, const cp_handle *handles, size_t count, const size_t *memory_bytes,
                             cp_value message) {
  cp_value out = cp__simple_internal(heap, LIBRARY), list = cp_array(heap);
  for (size_t i = 0; i < count; i++) {
    cp_value one = cp_value_set(cp_object(heap), "type", cp_string(heap, cp_handle_type_name(handles[i].type)));
    if (handles[i].key != NULL) (void)cp_value_set(one, "key", cp_string(heap, handles[i].key));
    if (handles[i].unread_length > 0) (void)cp_value_set(one, "unread", unread_text(heap, &handles[i]));
    (void)cp_value_push(list, one);
  }
  (void)cp_value_set(out, "handles", list);
  if (memory_bytes != NULL) return cp_value_set(out, "memory", cp_number((double)*memory_bytes));
  return cp_value_set(out, "msg", message);
}
