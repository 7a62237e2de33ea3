/* request.c - requests and replies. */
#include "request.h"

#include <stdlib.h>

#include "channel.h"
#include "deadline.h"
#include "fail.h"

static cp__request *at(const cp__requests *requests, size_t i) {
  return &requests->ring[(requests->first + i) & (requests->capacity - 1)];
}

static bool grow(cp__requests *requests) {
  enum { FIRST_CAPACITY = 16 };
  size_t capacity = requests->capacity > 0 ? requests->capacity * 2 : FIRST_CAPACITY;
  cp__request *ring = malloc(capacity * sizeof *ring);
  if (ring == NULL) return false;
  for (size_t i = 0; i < requests->count; i++) ring[i] = *at(requests, i);
  free(requests->ring);
  requests->ring = ring;
  requests->first = 0;
  requests->capacity = capacity;
  return true;
}

cp_value cp__with_id(cp_value request, uint64_t id) {
  cp_value out = cp_object(request.as.object->heap), key, value;
  (void)cp_value_set(out, "id", cp_number((double)id));
  for (size_t i = 0; cp_value_entry(request, i, &key, &value); i++) {
    size_t length;
    const char *name = cp_value_string(key, &length);
    (void)cp_value_set_n(out, name, length, value);
  }
  return out;
}

static void set_deadline(cp_channel *channel, uint64_t id, uint64_t timeout_ms) {
  cp__requests *requests = &channel->requests;
  uint64_t deadline = timeout_ms > 0 ? cp__deadline_in(channel->loop, timeout_ms) : 0;
  at(requests, (size_t)(id - requests->first_id))->deadline = deadline;
  if (deadline == 0 || (requests->next_deadline != 0 && deadline >= requests->next_deadline)) return;
  requests->next_deadline = deadline;
  cp__channel_arm_timer(channel);
}

int cp_request(cp_channel *channel, cp_value request, uint64_t timeout_ms, cp_reply_cb cb, void *data) {
  if (!cp_channel_connected(channel)) return CP_ECHANNELCLOSED;
  if (!cp_value_is(request, CP_TYPE_OBJECT) || cp_value_has(request, "id") || cb == NULL) return UV_EINVAL;
  cp__requests *requests = &channel->requests;
  if (requests->count == requests->capacity && !grow(requests)) return UV_ENOMEM;
  if (requests->first_id == 0) requests->first_id = 1;
  uint64_t id = requests->first_id + requests->count;
  *at(requests, requests->count++) = (cp__request){.cb = cb, .data = data};
  requests->waiting++;
  cp__channel_hold(channel); /* a trace may send requests of its own, or free the channel */
  cp_heap *heap = request.as.object->heap;
  cp__heap_place place = cp__heap_save(heap);
  int rc = cp__channel_send_made(channel, cp__with_id(request, id), heap, place);
  if (rc < 0) { /* then no trace was told: it is the last one still */
    requests->count--;
    requests->waiting--;
  } else if (!channel->freed) {
    set_deadline(channel, id, timeout_ms);
    cp__channel_update(channel);
  }
  cp__channel_release(channel);
  return rc;
}

/* Takes one out of those that wait. */
static cp__request take(cp__requests *requests, size_t i) {
  cp__request taken = *at(requests, i);
  at(requests, i)->cb = NULL;
  requests->waiting--;
  while (requests->count > 0 && at(requests, 0)->cb == NULL) {
    requests->first = (requests->first + 1) & (requests->capacity - 1);
    requests->first_id++;
    requests->count--;
  }
  return taken;
}

/* It may be the reply that somebody waits for, and cannot be read: who waits is told by the end of the channel. */
static bool give_up(cp_channel *channel) {
  cp_error error;
  (void)cp__fail(&error, UV_ENOMEM, CP_STAGE_RECEIVE, -1, NULL, "receive: no memory to look for a reply");
  cp__channel_break(channel, &error);
  return true;
}

bool cp__requests_answer(cp_channel *channel, cp_message *message) {
  cp__requests *requests = &channel->requests;
  if (requests->first_id == 0) return false; /* there was never one */
  cp_value reply = cp_message_value(message);
  if (cp_value_is(reply, CP_TYPE_NONE) && requests->waiting > 0) return give_up(channel);
  if (!cp_value_is(reply, CP_TYPE_OBJECT)) return false;
  int64_t id = cp_value_integer(cp_value_get(reply, "id"), 0);
  bool failed = cp_value_has(reply, "error");
  if (id <= 0 || !(failed || cp_value_has(reply, "result"))) return false;
  uint64_t next_id = requests->first_id + requests->count;
  if ((uint64_t)id >= next_id) return false;          /* not one of ours */
  if ((uint64_t)id < requests->first_id) return true; /* too late: dropped */
  size_t i = (size_t)((uint64_t)id - requests->first_id);
  if (at(requests, i)->cb == NULL) return true;
  cp__request request = take(requests, i);
  cp_value result = cp_value_get(reply, failed ? "error" : "result");
  request.cb(channel, failed ? CP_EREPLY : 0, message, result, request.data);
  return true;
}

static bool is_over(const cp_channel *channel, const cp__request *request, uint64_t now) {
  if (request->cb == NULL) return false;
  return channel->state >= CP__CHANNEL_CLOSED || (request->deadline != 0 && request->deadline <= now);
}

static uint64_t next_deadline(const cp__requests *requests) {
  uint64_t next = 0;
  for (size_t i = 0; i < requests->count; i++) {
    const cp__request *request = at(requests, i);
    if (request->cb != NULL && request->deadline != 0 && (next == 0 || request->deadline < next))
      next = request->deadline;
  }
  return next;
}

void cp__requests_check(cp_channel *channel) {
  cp__requests *requests = &channel->requests;
  uint64_t now = uv_now(channel->loop), last = requests->first_id + requests->count;
  for (uint64_t id = requests->first_id; id < last && !channel->freed; id++) {
    if (id < requests->first_id) continue;
    size_t i = (size_t)(id - requests->first_id);
    if (i >= requests->count) break;
    if (!is_over(channel, at(requests, i), now)) continue;
    int status = channel->state >= CP__CHANNEL_CLOSED ? CP_ECHANNELCLOSED : CP_ETIMEDOUT;
    cp__request request = take(requests, i);
    request.cb(channel, status, NULL, cp_undefined(), request.data);
  }
  requests->next_deadline = next_deadline(requests);
}

void cp__requests_free(cp__requests *requests) {
  free(requests->ring);
  *requests = (cp__requests){0};
}

/* ---------------------------------------------------------------- the other side */

static int answer(cp_message *request, const char *key, cp_value result) {
  cp_channel *channel = cp_message_channel(request);
  if (channel == NULL) return CP_ECHANNELCLOSED;
  cp_value id = cp_value_get(cp_message_value(request), "id");
  if (cp_value_is(id, CP_TYPE_UNDEFINED)) return UV_EINVAL;
  bool has_heap = result.type >= CP_TYPE_OBJECT;
  cp_heap *heap = has_heap ? result.as.object->heap : request->heap;
  cp__heap_place place = cp__heap_save(heap);
  cp_value out = cp_value_set(cp_object(heap), "id", id);
  return cp__channel_send_made(channel, cp_value_set(out, key, result), heap, place);
}

int cp_reply(cp_message *request, cp_value result) { return answer(request, "result", result); }

int cp_reply_progress(cp_message *request, cp_value progress) { return answer(request, "progress", progress); }

int cp_reply_error(cp_message *request, const char *error) {
  if (request == NULL || cp_value_type(cp_message_value(request)) == CP_TYPE_NONE) return UV_EINVAL;
  return answer(request, "error", cp_string(request->heap, error != NULL ? error : "failed"));
}
