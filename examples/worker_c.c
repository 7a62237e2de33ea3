/*
 * The worker of "fork() with bidirectional messaging and error handling" in C: any parent may fork it, fork_sum.c or one in
 * Node. It lives as long as the channel.
 *
 *   process.on('message', (msg) => { ... process.send({ id: msg.id, result }) ... });
 */
#include <child_process.h>
#include <stdio.h>
#include <stdlib.h>

/* False: it is no list of numbers. */
static bool sum(double *total, cp_value data) {
  *total = 0;
  if (!cp_value_is(data, CP_TYPE_ARRAY)) return false;
  for (uint32_t i = 0; i < cp_value_length(data); i++) {
    cp_value item = cp_value_at(data, i);
    if (!cp_value_is(item, CP_TYPE_NUMBER)) return false;
    *total += cp_value_number(item);
  }
  return true;
}

static void on_message(cp_channel *channel, cp_message *message, void *data) {
  cp_value request = cp_message_value(message);
  if (!cp_value_string_is(cp_value_get(request, "cmd"), "sum")) return;
  double total;
  int rc = sum(&total, cp_value_get(request, "data")) ? cp_reply(message, cp_number(total))
                                                      : cp_reply_error(message, "data is no list of numbers");
  if (rc < 0) fprintf(stderr, "worker: %s\n", cp_strerror(rc));
}

int main(void) {
  uv_loop_t *loop = uv_default_loop();
  cp_channel *channel = NULL;
  cp_error error;
  if (cp_parent_channel(&channel, loop, &(cp_channel_options){.on_message = on_message, .error = &error}) < 0) {
    fprintf(stderr, "worker: %s\n", error.message);
    return EXIT_FAILURE;
  }
  uv_run(loop, UV_RUN_DEFAULT); /* until the parent disconnects, or ends */
  cp_channel_free(channel);
  uv_run(loop, UV_RUN_DEFAULT);
  return uv_loop_close(loop) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
