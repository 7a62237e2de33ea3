/*
 * pool_worker.c - the worker of the pools that are measured: answers a task {ms, n} with the task, after so many
 * milliseconds of work. With the argument `envelope` as a worker with numbers.
 */
#include <child_process.h>
#include <string.h>

static void work(cp_value task) {
  double milliseconds = cp_value_number(cp_value_get(task, "ms"));
  uint64_t end = uv_hrtime() + (uint64_t)(milliseconds * 1e6);
  while (milliseconds > 0 && uv_hrtime() < end) {
  }
}

static void answer_plain(cp_channel *parent, cp_message *message, void *data) {
  size_t length;
  const char *text = cp_message_json(message, &length);
  (void)data;
  work(cp_message_value(message));
  (void)cp_send_json(parent, text, length, NULL);
}

static void answer_envelope(cp_channel *parent, cp_message *message, void *data) {
  (void)parent;
  (void)data;
  work(cp_message_value(message));
  (void)cp_reply(message, cp_value_get(cp_message_value(message), "n"));
}

int main(int argc, char **argv) {
  uv_loop_t *loop = uv_default_loop();
  cp_channel *parent;
  bool has_envelope = argc > 1 && strcmp(argv[1], "envelope") == 0;
  cp_channel_options options = {.on_message = has_envelope ? answer_envelope : answer_plain};
  if (cp_parent_channel(&parent, loop, &options) != 0) return 1;
  (void)uv_run(loop, UV_RUN_DEFAULT);
  cp_channel_free(parent);
  return 0;
}
