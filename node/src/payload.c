/* payload.c - messages in the serialization of a channel: between JavaScript's values and bytes. */
#include <stdlib.h>

#include "convert.h"

enum {
  SCRATCH_BYTES = 16 * 1024,
  SPARE_BYTES = 1024 * 1024 /* a larger scratch is given back */
};

/* The scratch memory of the environment grows to what is sent. */
static bool grow_scratch(node_addon *addon, size_t size) {
  free(addon->scratch);
  addon->scratch = malloc(size);
  addon->scratch_size = addon->scratch != NULL ? size : 0;
  return addon->scratch != NULL;
}

/* For the whole string: at most three bytes of UTF-8 for a unit of UTF-16; counting them would take another pass. */
static bool grow_for(node_addon *addon, napi_value value) {
  size_t length;
  enum { PER_UNIT = 3 };
  (void)napi_get_value_string_utf16(addon->env, value, NULL, 0, &length);
  if (grow_scratch(addon, length * PER_UNIT + 1)) return true;
  (void)napi_get_value_string_utf8(addon->env, value, NULL, 0, &length);
  return grow_scratch(addon, length + 1);
}

/* One call as a rule: what leaves room for another character, of four bytes at most, was not cut. */
static int read_text(node_addon *addon, napi_value value, node_payload *out) {
  enum { LARGEST = 4 };
  napi_env env = addon->env;
  if (addon->scratch_size == 0 && !grow_scratch(addon, SCRATCH_BYTES)) return UV_ENOMEM;
  napi_status status = napi_get_value_string_utf8(env, value, addon->scratch, addon->scratch_size, &out->length);
  if (status != napi_ok) return UV_EINVAL;
  if (out->length + LARGEST >= addon->scratch_size) {
    if (!grow_for(addon, value)) return UV_ENOMEM;
    (void)napi_get_value_string_utf8(env, value, addon->scratch, addon->scratch_size, &out->length);
  }
  out->bytes = addon->scratch;
  return 0;
}

void payload_done(node_addon *addon) {
  if (addon->scratch_size <= SPARE_BYTES) return;
  free(addon->scratch);
  addon->scratch = NULL;
  addon->scratch_size = 0;
}

int payload_read(node_addon *addon, napi_value value, node_payload *out) {
  void *bytes = NULL;
  uint32_t length;
  int rc = read_text(addon, value, out);
  if (rc != UV_EINVAL) return rc;
  if (napi_get_value_uint32(addon->env, value, &length) == napi_ok && length <= OUTBOX_BYTES) {
    *out = (node_payload){.bytes = addon->outbox, .length = length};
    return 0;
  }
  if (!bytes_of(addon->env, value, &bytes, &out->length)) {
    (void)must_be(addon->env, "payload", "a string, a Uint8Array or a number");
    return UV_EINVAL;
  }
  out->bytes = bytes;
  return 0;
}

napi_value payload_make(napi_env env, bool is_text, const void *bytes, size_t length) {
  napi_value value = NULL;
  if (is_text) return make_text(env, bytes, length);
  (void)napi_create_buffer_copy(env, length, bytes, NULL, &value);
  return value;
}
