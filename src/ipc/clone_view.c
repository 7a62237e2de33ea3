/* clone_view.c - ArrayBuffers and views of structured clone bytes: what they show stays where it was read. */
#include "clone_reader.h"

bool cp__clone_array_buffer(cp__clone_reader *r, bool resizable, cp_value *out) {
  uint32_t length, max_length = 0;
  const uint8_t *bytes;
  cp__object *buffer = cp__clone_begin(r, CP_TYPE_ARRAY_BUFFER, out);
  if (buffer == NULL || !cp__clone_varint(r, &length) || (resizable && !cp__clone_varint(r, &max_length))) return false;
  if (resizable && max_length < length) return cp__clone_malformed(r, "an ArrayBuffer is longer than it may become");
  if (!cp__clone_bytes(r, length, &bytes)) return false;
  buffer->resizable = resizable;
  buffer->as.buffer.bytes = bytes;
  buffer->as.buffer.length = length;
  buffer->as.buffer.max_length = max_length;
  return true;
}

/* The tags of V8's own records, by cp_view_kind; it has none for a Buffer. */
static const uint8_t tags[] = "bBCwWdDfF?\0qQh";
enum { VIEW_KINDS = sizeof tags - 1 };

static bool new_view(cp__clone_reader *r, uint32_t kind, const uint8_t *bytes, size_t length, cp_value *out) {
  cp__object *view = cp__clone_begin(r, CP_TYPE_VIEW, out);
  if (view == NULL) return false;
  view->kind = (uint8_t)kind;
  view->as.buffer.bytes = bytes;
  view->as.buffer.length = length - length % cp__view_element_size(kind);
  return true;
}

/* A view as Node writes it, with its own bytes. */
bool cp__clone_host_view(cp__clone_reader *r, cp_value *out) {
  uint32_t kind, length;
  const uint8_t *bytes;
  if (!cp__clone_varint(r, &kind)) return false;
  if (kind >= VIEW_KINDS) return cp__clone_malformed(r, "an unknown kind of view");
  return cp__clone_varint(r, &length) && cp__clone_bytes(r, length, &bytes) && new_view(r, kind, bytes, length, out);
}

/* The view of V8's own record that stands behind an ArrayBuffer: it takes its place. */
static bool read_view_record(cp__clone_reader *r, cp_value *out) {
  enum { TRACKS_LENGTH = 1, IS_RESIZABLE = 2 };
  const cp__object *buffer = out->as.object;
  uint8_t tag;
  uint32_t kind = 0, offset, length, flags = 0;
  if (!cp__clone_part(r, &tag) || !cp__clone_varint(r, &offset) || !cp__clone_varint(r, &length)) return false;
  if (r->view_flags && !cp__clone_varint(r, &flags)) return false;
  while (kind < VIEW_KINDS && (tags[kind] != tag || tag == 0)) kind++;
  if (kind == VIEW_KINDS) return cp__clone_malformed(r, "an unknown kind of view");
  size_t whole = buffer->as.buffer.length, size = cp__view_element_size(kind);
  if (offset > whole || length > whole - offset) return cp__clone_malformed(r, "a view reaches beyond its buffer");
  if (offset % size != 0 || length % size != 0) return cp__clone_malformed(r, "a view is not aligned");
  if (((flags & IS_RESIZABLE) != 0) != buffer->resizable || ((flags & TRACKS_LENGTH) && !buffer->resizable))
    return cp__clone_malformed(r, "a view has not the flags of its buffer");
  return new_view(r, kind, buffer->as.buffer.bytes + offset, flags & TRACKS_LENGTH ? whole - offset : length, out);
}

/* Whether a view stands behind an ArrayBuffer; padding is skipped for it only. */
bool cp__clone_view_behind(cp__clone_reader *r, cp_value *out) {
  const uint8_t *at = r->at;
  while (at != r->end && *at == 0) at++;
  if (at == r->end || *at != 'V') return true;
  r->at = at + 1;
  return read_view_record(r, out);
}
