/* child_state.c - what can be asked of a child at any time. */
#include "child.h"

const cp_exit *cp_child_exit(const cp_child *child) {
  return child->exit.reason != CP_REASON_NONE ? &child->exit : NULL;
}

int cp_child_exit_code(const cp_child *child) { return child->exit.code; }
int cp_child_signal_code(const cp_child *child) { return child->exit.signal; }
bool cp_child_killed(const cp_child *child) { return child->killed; }
const char *cp_child_spawn_file(const cp_child *child) { return child->plan.file; }
const char *const *cp_child_spawn_args(const cp_child *child) { return child->plan.argv; }
void *cp_child_data(const cp_child *child) { return child->events.data; }
uv_loop_t *cp_child_loop(const cp_child *child) { return child->loop; }

cp_stream *cp_child_stream(const cp_child *child, int fd) {
  if (child == NULL || fd < 0 || fd >= child->stream_count) return NULL;
  cp_stream *stream = &child->streams[fd];
  return stream->exists ? stream : NULL;
}

cp_stream *cp_child_stdin(const cp_child *child) { return cp_child_stream(child, 0); }
cp_stream *cp_child_stdout(const cp_child *child) { return cp_child_stream(child, 1); }
cp_stream *cp_child_stderr(const cp_child *child) { return cp_child_stream(child, 2); }

cp_channel *cp_child_channel(const cp_child *child) { return child != NULL ? child->channel : NULL; }
bool cp_child_connected(const cp_child *child) { return cp_channel_connected(cp_child_channel(child)); }
