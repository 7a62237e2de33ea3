/* task.c - making a task of what was submitted, and sending it. */
#include "task.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fail.h"
#include "io.h"
#include "ipc/clone.h"
#include "ipc/json.h"
#include "ipc/request.h"

/* ---------------------------------------------------------------- the envelope, as text */

/* What a worker looks for in an envelope: a task with a property of such a name goes into it as a whole. */
static const char *const reserved[] = {"id", "task", "cancel"};
enum { RESERVED = sizeof reserved / sizeof *reserved };

static bool has_reserved(cp_value task) {
  for (int i = 0; i < RESERVED; i++)
    if (cp_value_has(task, reserved[i])) return true;
  return false;
}

/* Whether the text may have such a property. One that is written with escapes would look different. */
static bool may_have_reserved(const char *text, size_t length) {
  bool may = memchr(text, '\\', length) != NULL;
  for (int i = 0; i < RESERVED && !may; i++) may = memmem(text, length, reserved[i], strlen(reserved[i])) != NULL;
  return may;
}

/* 1: the text is an object whose properties can stand beside the id; 0: it goes in as a whole; UV_ENOMEM. */
static int goes_beside_id(const char *text, size_t length) {
  cp_value value = {0};
  if (*text != '{') return 0;
  if (!may_have_reserved(text, length)) return 1;
  cp_heap *heap = cp_heap_new(NULL);
  int rc = heap != NULL ? cp__json_read(&value, heap, text, length, NULL) : UV_ENOMEM;
  if (rc == 0) rc = has_reserved(value) ? 0 : 1;
  cp_heap_free(heap);
  return rc;
}

/* The text from `begin` on becomes what comes behind {"id":N. */
static void close_envelope(cp__buffer *out, size_t begin, bool beside) {
  if (!beside) {
    cp__buffer_byte(out, '}');
    return;
  }
  size_t next = begin + 1;
  while (next < out->length && out->bytes[next] <= ' ') next++;
  if (next < out->length) out->bytes[begin] = out->bytes[next] == '}' ? ' ' : ',';
}

static void open_envelope(cp__buffer *out, uint64_t id, bool beside) {
  char text[48];
  int length = snprintf(text, sizeof text, "{\"id\":%llu%s", (unsigned long long)id, beside ? "" : ",\"task\":");
  cp__buffer_add(out, text, (size_t)length);
}

static int add_text(cp__buffer *out, const cp__task_form *form, const char *text, size_t length, cp_error *error) {
  static const cp_limits limits = {.max_bytes = INT32_MAX, .max_values = SIZE_MAX, .max_depth = CP_DEPTH_DEFAULT};
  cp__json_check check;
  int rc = cp__json_check_text(&check, text, length, &limits, error);
  if (rc != 0) return rc;
  int beside = form->has_envelope ? goes_beside_id(text + check.start, check.end - check.start) : 0;
  if (beside < 0) return beside;
  if (form->has_envelope) open_envelope(out, form->id, beside);
  size_t begin = out->length;
  cp__json_add_line(out, text, &check);
  if (form->has_envelope && !out->failed) close_envelope(out, begin, beside);
  return 0;
}

/* ---------------------------------------------------------------- the envelope, as a value */

static cp_value in_envelope(cp_heap *heap, cp_value task, uint64_t id) {
  if (cp_value_is(task, CP_TYPE_OBJECT) && !has_reserved(task)) return cp__with_id(task, id);
  cp_value envelope = cp_value_set(cp_object(heap), "id", cp_number((double)id));
  return cp_value_set(envelope, "task", task);
}

static int write_value(cp__buffer *out, cp_serialization serialization, cp_value value, cp_error *error) {
  return serialization == CP_SERIALIZATION_JSON ? cp__json_write(out, value, error)
                                                : cp__clone_write(out, value, CP_CLONE_CHANNEL, error);
}

/* `spare` takes what is made for a task that has no heap. */
static int add_value(cp__buffer *out, const cp__task_form *form, cp_value value, cp_heap *spare, cp_error *error) {
  if (!form->has_envelope) return write_value(out, form->serialization, value, error);
  cp_heap *heap = cp__has_identity(value) ? value.as.object->heap : spare;
  cp__heap_place place = cp__heap_save(heap);
  int rc = write_value(out, form->serialization, in_envelope(heap, value, form->id), error);
  cp__heap_restore(heap, place);
  return rc;
}

/* ---------------------------------------------------------------- what was submitted */

static bool is_text_for(const cp__task_source *source, const cp__task_form *form) {
  return source->text != NULL && form->serialization == CP_SERIALIZATION_JSON;
}

static int read_source(cp_value *out, cp_heap *heap, const cp__task_source *source, cp_error *error) {
  *out = source->value;
  if (source->text != NULL) return cp__json_read(out, heap, source->text, source->length, error);
  if (source->raw != NULL) return cp__clone_read(out, heap, source->raw, source->length, CP_CLONE_CHANNEL, error);
  return 0;
}

static int add_message(cp__buffer *out, const cp__task_source *source, const cp__task_form *form, cp_error *error) {
  cp_value value;
  if (source->raw != NULL && !form->has_envelope) {
    cp__buffer_add(out, source->raw, source->length);
    return 0;
  }
  if (is_text_for(source, form)) return add_text(out, form, source->text, source->length, error);
  cp_heap *heap = cp_heap_new(NULL);
  if (heap == NULL) return UV_ENOMEM;
  int rc = read_source(&value, heap, source, error);
  if (rc == 0) rc = add_value(out, form, value, heap, error);
  cp_heap_free(heap);
  return rc;
}

/* ---------------------------------------------------------------- handles */

#define REFUSE(code, ...) cp__fail(options->error, (code), CP_STAGE_OPTIONS, -1, NULL, __VA_ARGS__)

static int check_handles(const cp_task_options *options) {
  if (options->handle_count == 0) return 0;
  if (options->handles == NULL)
    return REFUSE(UV_EINVAL, "options.handles is NULL, but options.handle_count is %zu", options->handle_count);
  if (options->handle_count > CP_HANDLES_MAX)
    return REFUSE(UV_EINVAL, "options.handle_count: %zu, the limit is %d", options->handle_count, CP_HANDLES_MAX);
  for (size_t i = 0; i < options->handle_count; i++) {
    const cp_handle *handle = &options->handles[i];
    if (*cp_handle_type_name(handle->type) == '\0')
      return REFUSE(UV_EINVAL, "options.handles[%zu].type: %d is none of CP_HANDLE_*", i, (int)handle->type);
    if (handle->unread == NULL && handle->unread_length > 0)
      return REFUSE(UV_EINVAL, "options.handles[%zu].unread is NULL, but unread_length is %zu", i,
                    handle->unread_length);
  }
  return 0;
}

static size_t size_of_texts(const cp_task_options *options) {
  size_t size = 0;
  for (size_t i = 0; i < options->handle_count; i++) {
    const cp_handle *handle = &options->handles[i];
    size += handle->unread_length + (handle->key != NULL ? strlen(handle->key) + 1 : 0);
  }
  return size;
}

static char *copy_texts(cp_handle *handle, char *to) {
  if (handle->unread_length > 0) {
    handle->unread = memcpy(to, handle->unread, handle->unread_length);
    to += handle->unread_length;
  }
  if (handle->key != NULL) {
    char *key = to;
    to = stpcpy(to, handle->key) + 1;
    handle->key = key;
  }
  return to;
}

/* The caller may close his fds: the task has its own. */
static int take_handles(cp__task *task, const cp_task_options *options) {
  size_t count = options->handle_count;
  if (count == 0) return 0;
  task->handles = calloc(1, count * sizeof *task->handles + size_of_texts(options));
  if (task->handles == NULL) return UV_ENOMEM;
  char *texts = (char *)(task->handles + count);
  for (size_t i = 0; i < count; i++) {
    cp_handle handle = options->handles[i];
    handle.fd = fcntl(handle.fd, F_DUPFD_CLOEXEC, 3);
    if (handle.fd < 0) {
      int code = CP__ERRNO(errno);
      return REFUSE(code, "options.handles[%zu].fd: %d: %s", i, options->handles[i].fd, cp_strerror(code));
    }
    texts = copy_texts(&handle, texts);
    task->handles[task->handle_count++] = handle;
  }
  return 0;
}

/* ---------------------------------------------------------------- life */

/* The message is written behind the room for the task, so that both are one allocation. */
int cp__task_new(cp__task **out, const cp__task_source *source, const cp__task_form *form,
                 const cp_task_options *options) {
  cp__buffer memory = {0};
  int rc = check_handles(options);
  if (rc != 0) return rc;
  if (cp__buffer_room(&memory, sizeof(cp__task)) != NULL) memory.length = sizeof(cp__task);
  rc = memory.failed ? UV_ENOMEM : add_message(&memory, source, form, options->error);
  size_t length = memory.length - sizeof(cp__task);
  cp__buffer_byte(&memory, '\0');
  if (rc == 0 && memory.failed) rc = UV_ENOMEM;
  if (rc == 0 && length > INT32_MAX) rc = CP_ETOOBIG;
  if (rc == UV_ENOMEM || rc == CP_ETOOBIG) (void)cp__fail_plain(options->error, rc, CP_STAGE_ENCODE, -1, NULL);
  if (rc != 0) {
    cp__buffer_free(&memory);
    return rc;
  }
  cp__task *task = (cp__task *)(void *)memory.bytes;
  memset(task, 0, sizeof *task);
  task->id = form->id;
  task->length = length;
  task->place = UINT_MAX;
  rc = take_handles(task, options);
  if (rc != 0) {
    if (rc == UV_ENOMEM) (void)cp__fail_plain(options->error, rc, CP_STAGE_MEMORY, -1, NULL);
    cp__task_free(task);
    return rc;
  }
  *out = task;
  return 0;
}

void cp__task_free(cp__task *task) {
  for (size_t i = 0; i < task->handle_count; i++) cp__close(task->handles[i].fd);
  free(task->handles);
  free(task->error);
  free(task->err);
  cp_message_free(task->answer);
  free(task);
}

static int send_parsed(const cp__task *task, cp_channel *channel, const cp_send_options *options) {
  cp_value value;
  cp_heap *heap = cp_heap_new(NULL);
  if (heap == NULL) return cp__fail_plain(options->error, UV_ENOMEM, CP_STAGE_MEMORY, -1, NULL);
  int rc = cp__clone_read(&value, heap, (const uint8_t *)task->payload, task->length, CP_CLONE_CHANNEL, options->error);
  if (rc == 0) rc = cp_send(channel, value, options);
  cp_heap_free(heap);
  return rc;
}

int cp__task_send(const cp__task *task, cp_channel *channel, cp_error *error) {
  cp_send_options options = {.handles = task->handles, .handle_count = task->handle_count, .error = error};
  if (task->handle_count == 0) return cp_send_raw(channel, task->payload, task->length, &options);
  if (cp_channel_serialization(channel) == CP_SERIALIZATION_JSON)
    return cp_send_json(channel, task->payload, task->length, &options);
  return send_parsed(task, channel, &options);
}

/* ---------------------------------------------------------------- lists */

void cp__task_link(cp__task *task, cp__task **list) {
  task->next = *list;
  task->link = list;
  if (task->next != NULL) task->next->link = &task->next;
  *list = task;
}

void cp__task_unlink(cp__task *task) {
  *task->link = task->next;
  if (task->next != NULL) task->next->link = task->link;
  task->link = NULL;
}
