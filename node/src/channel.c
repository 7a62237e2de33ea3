/*
 * channel.c - class Channel: the parent's end of a child's channel, as JavaScript sees it.
 *
 * Messages are handed on as they came, JSON text or structured clone bytes. Those that were read together go to
 * JavaScript together: crossing over costs more than a small message.
 */
#include <stdio.h>
#include <stdlib.h>

#include "convert.h"

enum {
  BATCH_BYTES = 64 * 1024, /* more are handed on before the end of the batch */
  ALONE_BYTES = 64 * 1024  /* a larger message goes by itself: it is copied once less */
};

static const napi_type_tag channel_tag = {0x6368616e6e656c31, 0x9d3c5a7e4b21f086};

/* The sends whose end is told from the loop, in order: whether JavaScript waits for it. */
typedef struct node_sends {
  bool *wanted;
  size_t first, count, capacity; /* a ring; capacity is a power of two */
} node_sends;

struct node_channel {
  node_process *process;
  cp_channel *core; /* NULL: gone */
  napi_ref self;    /* strong while `held`; NULL: gone */
  bool held, open;
  bool is_text;
  char *batch;
  size_t length, capacity;
  uint32_t count; /* of messages in it */
  node_sends sends;
};

/* ---------------------------------------------------------------- memory */

void channel_free(node_channel *channel) {
  if (channel == NULL) return;
  free(channel->batch);
  free(channel->sends.wanted);
  free(channel);
}

static void finalize(napi_env env, void *data, void *hint) {
  node_channel *channel = data;
  (void)hint;
  (void)napi_delete_reference(env, channel->self);
  channel->self = NULL;
  process_release(channel->process);
}

/* Nothing is told any more: JavaScript's object may go. */
static void let_go(node_channel *channel) {
  channel->open = false;
  if (channel->held && channel->self != NULL)
    (void)napi_reference_unref(channel->process->addon->env, channel->self, NULL);
  channel->held = false;
}

void channel_detach(node_channel *channel) {
  channel->core = NULL;
  let_go(channel);
}

bool channel_is_open(const node_channel *channel) { return channel->open; }

void channel_flush(const node_process *process) {
  if (process->child != NULL) (void)cp_channel_flush(cp_child_channel(process->child), 0);
}

/* ---------------------------------------------------------------- telling */

static napi_value object_of(const node_channel *channel) {
  napi_value object = NULL;
  if (channel->self != NULL) (void)napi_get_reference_value(channel->process->addon->env, channel->self, &object);
  return object;
}

static napi_value make_payload(const node_channel *channel, const char *bytes, size_t length) {
  return payload_make(channel->process->addon->env, channel->is_text, bytes, length);
}

/* Its memory stays: BATCH_BYTES and one message at most. */
static void empty_batch(node_channel *channel) {
  channel->length = 0;
  channel->count = 0;
}

void channel_tell_error(node_channel *channel, const cp_error *error) {
  node_call call;
  napi_env env = channel->process->addon->env;
  channel_tell_batch(channel);
  if (!process_call_begin(&call, channel->process)) return;
  const napi_value arguments[] = {object_of(channel), make_int(env, error->code), make_string(env, error->message)};
  process_call_end(&call, channel->process, CALLBACK_CHANNEL_ERROR, 3, arguments);
}

/* A message would be missing: better none than the ones behind it. */
static void give_up(node_channel *channel, int code) {
  cp_error error = {.code = code};
  (void)snprintf(error.message, sizeof error.message, "receive: %s", cp_strerror(code));
  channel_tell_error(channel, &error);
  (void)cp_channel_disconnect(channel->core);
}

/* A buffer is dear where messages are small: clone bytes then lie in the inbox, and their number is told. */
static napi_value make_batch(node_channel *channel) {
  node_addon *addon = channel->process->addon;
  if (channel->is_text || channel->length > INBOX_BYTES) return make_payload(channel, channel->batch, channel->length);
  memcpy(addon->inbox, channel->batch, channel->length);
  return make_int(addon->env, (int)channel->length);
}

/* There is room for the last bracket. */
void channel_tell_batch(node_channel *channel) {
  node_call call;
  uint32_t count = channel->count;
  if (count == 0) return;
  if (!process_call_begin(&call, channel->process)) {
    empty_batch(channel);
    return;
  }
  if (channel->is_text) channel->batch[channel->length++] = ']';
  napi_value payloads = make_batch(channel), number = NULL;
  (void)napi_create_uint32(channel->process->addon->env, count, &number);
  const napi_value arguments[] = {object_of(channel), payloads, number};
  empty_batch(channel);
  process_call_end(&call, channel->process, CALLBACK_MESSAGES, 3, arguments);
}

/* ---------------------------------------------------------------- what comes */

static bool reserve(node_channel *channel, size_t more) {
  size_t needed = channel->length + more, capacity = channel->capacity > 0 ? channel->capacity : 4096;
  if (needed <= channel->capacity) return true;
  while (capacity < needed) capacity *= 2;
  char *batch = realloc(channel->batch, capacity);
  if (batch == NULL) return false;
  channel->batch = batch;
  channel->capacity = capacity;
  return true;
}

static void add(node_channel *channel, const void *bytes, size_t length) {
  memcpy(channel->batch + channel->length, bytes, length);
  channel->length += length;
}

/* No JSON text that came has a line break in it: where one element is malformed, the others can be told apart by it. */
static void add_text(node_channel *channel, const void *text, size_t length) {
  if (channel->count == 0)
    add(channel, "[", 1);
  else
    add(channel, ",\n", 2);
  add(channel, text, length);
}

static void add_bytes(node_channel *channel, const void *bytes, size_t length) {
  const unsigned char prefix[4] = {length & 255, length >> 8 & 255, length >> 16 & 255, length >> 24 & 255};
  add(channel, prefix, sizeof prefix);
  add(channel, bytes, length);
}

static void gather(node_channel *channel, const void *payload, size_t length) {
  enum { FRAME = 4 };
  if (!reserve(channel, length + FRAME)) {
    give_up(channel, UV_ENOMEM);
    return;
  }
  if (channel->is_text)
    add_text(channel, payload, length);
  else
    add_bytes(channel, payload, length);
  channel->count++;
  if (channel->length > BATCH_BYTES) channel_tell_batch(channel);
}

/* While JavaScript can run, it can close what it gets. */
static bool can_run(napi_env env, napi_value object) {
  bool has;
  return napi_has_named_property(env, object, "owner", &has) == napi_ok;
}

static void tell_message(node_channel *channel, cp_message *message, bool internal) {
  node_call call;
  size_t length;
  napi_env env = channel->process->addon->env;
  const void *payload = cp_message_payload(message, &length);
  channel_tell_batch(channel);
  if (!process_call_begin(&call, channel->process)) return;
  napi_value object = object_of(channel);
  const cp_handle *handle = object != NULL && can_run(env, object) ? cp_message_handle(message, 0) : NULL;
  const char *type = handle != NULL ? cp_handle_type_name(handle->type) : "";
  const char *key = handle != NULL && handle->key != NULL ? handle->key : "";
  const napi_value arguments[] = {object,
                                  make_payload(channel, payload, length),
                                  make_bool(env, internal),
                                  make_int(env, handle != NULL ? cp_message_take_fd(message, 0) : -1),
                                  make_string(env, type),
                                  make_string(env, key)};
  process_call_end(&call, channel->process, CALLBACK_MESSAGE, 6, arguments);
  if (arguments[1] == NULL) give_up(channel, CP_ETOOBIG); /* JavaScript's strings and buffers have their limits */
}

static void on_message(cp_channel *core, cp_message *message, void *data) {
  node_channel *channel = data;
  node_process *process = channel->process;
  size_t length;
  (void)core;
  const void *payload = cp_message_payload(message, &length);
  process_hold(process); /* JavaScript may give it up */
  if (length > ALONE_BYTES || cp_message_handle_count(message) > 0)
    tell_message(channel, message, false);
  else
    gather(channel, payload, length);
  process_release(process);
}

static void on_internal(cp_channel *core, cp_message *message, void *data) {
  node_process *process = ((node_channel *)data)->process;
  (void)core;
  process_hold(process);
  tell_message(data, message, true);
  process_release(process);
}

static void on_batch_end(cp_channel *core, void *data) {
  node_process *process = ((node_channel *)data)->process;
  (void)core;
  process_hold(process);
  channel_tell_batch(data);
  process_release(process);
}

static void on_disconnect(cp_channel *core, void *data) {
  node_channel *channel = data;
  node_process *process = channel->process;
  node_call call;
  (void)core;
  process_hold(process);
  channel_tell_batch(channel);
  channel->open = false; /* close() out of the callback does not wait for it any more */
  if (process_call_begin(&call, process)) {
    const napi_value arguments[] = {object_of(channel)};
    process_call_end(&call, process, CALLBACK_DISCONNECT, 1, arguments);
  }
  let_go(channel);
  process_channel_closed(process);
  process_release(process);
}

/* ---------------------------------------------------------------- what is sent */

static bool reserve_send(node_sends *sends) {
  if (sends->count < sends->capacity) return true;
  size_t capacity = sends->capacity > 0 ? sends->capacity * 2 : 16;
  bool *wanted = malloc(capacity * sizeof *wanted);
  if (wanted == NULL) return false;
  for (size_t i = 0; i < sends->count; i++) wanted[i] = sends->wanted[(sends->first + i) & (sends->capacity - 1)];
  free(sends->wanted);
  *sends = (node_sends){.wanted = wanted, .count = sends->count, .capacity = capacity};
  return true;
}

static void on_sent(cp_channel *core, int status, void *data) {
  node_channel *channel = data;
  node_sends *sends = &channel->sends;
  node_call call;
  (void)core;
  bool wanted = sends->wanted[sends->first];
  sends->first = (sends->first + 1) & (sends->capacity - 1);
  sends->count--;
  if (!wanted || !process_call_begin(&call, channel->process)) return;
  const napi_value arguments[] = {object_of(channel), make_int(channel->process->addon->env, status)};
  process_call_end(&call, channel->process, CALLBACK_SENT, 2, arguments);
}

typedef struct outgoing {
  node_payload payload;
  int fd;
  bool wants_callback;
} outgoing;

/* Bit 1: more than the high-water mark waits; bit 2: not all of it is written yet. */
static int post(node_channel *channel, const outgoing *message) {
  enum { HIGH = 1, QUEUED = 2 };
  node_sends *sends = &channel->sends;
  const cp_handle handle = {.type = CP_HANDLE_NATIVE, .fd = message->fd};
  cp_send_options options = {0};
  if (message->fd >= 0) {
    options.handles = &handle;
    options.handle_count = 1;
  }
  if (message->wants_callback) {
    if (!reserve_send(sends)) return UV_ENOMEM;
    options.cb = on_sent;
    options.data = channel;
  }
  int rc = cp_send_raw(channel->core, message->payload.bytes, message->payload.length, &options);
  if (rc < 0) return rc;
  bool queued = cp_channel_queued_messages(channel->core) > 0;
  if (message->wants_callback) sends->wanted[(sends->first + sends->count++) & (sends->capacity - 1)] = queued;
  if (!queued && cp_channel_flush(channel->core, 0) != 0) return UV_EPIPE; /* not written, but given up */
  return (rc == 1 ? HIGH : 0) | (queued ? QUEUED : 0);
}

/* ---------------------------------------------------------------- methods */

/* Node-API checks the receivers of methods, though not those of getters. */
static node_channel *receiver(napi_env env, napi_callback_info info, size_t *count, napi_value *arguments) {
  napi_value object;
  void *data = NULL;
  if (napi_get_cb_info(env, info, count, arguments, &object, NULL) != napi_ok) return NULL;
  if (napi_unwrap(env, object, &data) == napi_ok) return data;
  (void)must_be(env, "this", "a Channel");
  return NULL;
}

static napi_value construct(napi_env env, napi_callback_info info) {
  napi_value object;
  void *data;
  if (napi_get_cb_info(env, info, NULL, NULL, &object, &data) != napi_ok) return NULL;
  node_addon *addon = data;
  node_channel *channel = addon->nascent;
  addon->nascent = NULL;
  if (channel == NULL) {
    (void)napi_throw_type_error(env, NULL, "a Channel is made by its Process");
    return NULL;
  }
  if (napi_type_tag_object(env, object, &channel_tag) != napi_ok) return NULL;
  if (napi_wrap(env, object, channel, finalize, NULL, &channel->self) != napi_ok) return NULL;
  return object;
}

static napi_value send_it(napi_env env, napi_callback_info info) {
  napi_value arguments[3];
  size_t count = 3;
  outgoing message = {.fd = -1};
  node_channel *channel = receiver(env, info, &count, arguments);
  if (channel == NULL) return NULL;
  node_addon *addon = channel->process->addon;
  if (napi_get_value_int32(env, arguments[1], &message.fd) != napi_ok) {
    (void)must_be(env, "fd", "a number");
    return NULL;
  }
  if (napi_get_value_bool(env, arguments[2], &message.wants_callback) != napi_ok) {
    (void)must_be(env, "wantsCallback", "a boolean");
    return NULL;
  }
  int rc = payload_read(addon, arguments[0], &message.payload);
  if (rc == UV_EINVAL) return NULL;
  if (rc == 0) rc = post(channel, &message);
  payload_done(addon);
  return make_int(env, rc);
}

static napi_value disconnect(napi_env env, napi_callback_info info) {
  node_channel *channel = receiver(env, info, NULL, NULL);
  return channel != NULL ? make_int(env, cp_channel_disconnect(channel->core)) : NULL;
}

static napi_value apply(napi_env env, napi_callback_info info, void (*function)(cp_channel *core)) {
  node_channel *channel = receiver(env, info, NULL, NULL);
  if (channel != NULL && channel->core != NULL) function(channel->core);
  return NULL;
}

static napi_value ref(napi_env env, napi_callback_info info) { return apply(env, info, cp_channel_ref); }
static napi_value unref(napi_env env, napi_callback_info info) { return apply(env, info, cp_channel_unref); }
static napi_value cork(napi_env env, napi_callback_info info) { return apply(env, info, cp_channel_cork); }
static napi_value uncork(napi_env env, napi_callback_info info) { return apply(env, info, cp_channel_uncork); }

static void flush_now(cp_channel *core) { (void)cp_channel_flush(core, 0); }
static napi_value flush(napi_env env, napi_callback_info info) { return apply(env, info, flush_now); }

static napi_value get_fd(napi_env env, napi_callback_info info) {
  napi_value object;
  void *data = NULL;
  bool is_channel = false;
  if (napi_get_cb_info(env, info, NULL, NULL, &object, NULL) != napi_ok) return NULL;
  bool checked = napi_check_object_type_tag(env, object, &channel_tag, &is_channel) == napi_ok && is_channel;
  if (!checked || napi_unwrap(env, object, &data) != napi_ok) {
    (void)must_be(env, "this", "a Channel");
    return NULL;
  }
  const node_channel *channel = data;
  return make_int(env, cp_channel_fd(channel->core));
}

napi_value channel_define(napi_env env, node_addon *addon) {
#define METHOD(name, function)                                                                                         \
  { (name), NULL, (function), NULL, NULL, NULL, napi_default_method, NULL }
  const napi_property_descriptor members[] = {
      METHOD("send", send_it), METHOD("disconnect", disconnect),
      METHOD("ref", ref),      METHOD("unref", unref),
      METHOD("cork", cork),    METHOD("uncork", uncork),
      METHOD("flush", flush),  {"fd", NULL, NULL, get_fd, NULL, NULL, napi_default, NULL},
  };
  napi_value class = NULL;
  (void)napi_define_class(env, "Channel", NAPI_AUTO_LENGTH, construct, addon, sizeof members / sizeof *members, members,
                          &class);
  return class;
}

/* ---------------------------------------------------------------- making one */

static void set_listeners(node_channel *channel) {
  cp_channel_on_message(channel->core, on_message, channel);
  cp_channel_on_internal(channel->core, on_internal, channel);
  cp_channel_on_batch_end(channel->core, on_batch_end, channel);
  cp_channel_on_disconnect(channel->core, on_disconnect, channel);
}

static napi_value make_object(napi_env env, node_channel *channel) {
  node_addon *addon = channel->process->addon;
  napi_value class, object = NULL;
  if (napi_get_reference_value(env, addon->channel_class, &class) != napi_ok) return NULL;
  addon->nascent = channel;
  napi_status status = napi_new_instance(env, class, 0, NULL, &object);
  addon->nascent = NULL;
  if (status != napi_ok || channel->self == NULL) return NULL;
  process_hold(channel->process); /* the object's, until it is finalized */
  channel->held = napi_reference_ref(env, channel->self, NULL) == napi_ok;
  return object;
}

napi_value channel_object(napi_env env, node_process *process) {
  if (process->channel != NULL) {
    napi_value object = object_of(process->channel);
    return object != NULL ? object : make_undefined(env);
  }
  cp_channel *core = process->child != NULL ? cp_child_channel(process->child) : NULL;
  if (core == NULL) return make_undefined(env);
  node_channel *channel = calloc(1, sizeof *channel);
  if (channel == NULL) {
    (void)napi_throw_error(env, NULL, "out of memory");
    return NULL;
  }
  *channel = (node_channel){.process = process, .core = core, .open = true};
  channel->is_text = cp_channel_serialization(core) == CP_SERIALIZATION_JSON;
  napi_value object = make_object(env, channel);
  if (object == NULL) {
    free(channel);
    return NULL;
  }
  process->channel = channel;
  set_listeners(channel);
  return object;
}
