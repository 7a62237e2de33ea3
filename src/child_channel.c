/* child_channel.c - what a child is told of its channel, and the channel of it. */
#include "child.h"

static void channel_readable(void *data) { cp__child_tell_start(data); }
static void channel_ended(void *data) { cp__child_check_close(data); }

static void on_message(cp_channel *channel, cp_message *message, void *data) {
  cp_child *child = data;
  (void)channel;
  child->events.on_message(child, message, child->events.data);
}

static void on_disconnect(cp_channel *channel, void *data) {
  cp_child *child = data;
  (void)channel;
  child->events.on_disconnect(child, child->events.data);
}

static void on_channel_error(cp_channel *channel, const cp_error *error, void *data) {
  (void)channel;
  cp__child_tell_error(data, error);
}

int cp__child_take_channel(cp_child *child, cp__end_fd *end, const cp_options *options) {
  const cp_channel_options own = {
      .serialization = options->serialization,
      .limits = options->limits,
      .peer_is_library = options->peer_is_library,
      .raw_messages = options->raw_messages,
      .on_message = options->on_message != NULL ? on_message : NULL,
      .on_disconnect = options->on_disconnect != NULL ? on_disconnect : NULL,
      .on_error = on_channel_error,
      .data = child,
  };
  child->channel = cp__channel_new(child->loop, &own);
  if (child->channel == NULL) return UV_ENOMEM;
  child->channel->owner =
      (cp__channel_owner){.readable = channel_readable, .ended = channel_ended, .child = child, .data = child};
  child->channel_fd = end->fd;
  end->fd = -1;
  return 0;
}

int cp__child_attach_channel(cp_child *child) {
  if (child->channel == NULL) return 0;
  int rc = cp__channel_attach(child->channel, child->channel_fd);
  if (rc == 0) child->channel_fd = -1;
  return rc;
}
