/*
 * The twin of what "subprocess.send()" says on its callback and its return value: send as long as the channel takes it,
 * then wait until it has drained. Memory stays bounded, however slow the child is.
 *
 *   const more = child.send(part, (err) => { ... }); // false: better wait
 *
 * The child is this program again, or the argument: `flow_control ./flow_control.js`.
 */
#include <child_process.h>
#include <stdio.h>
#include <stdlib.h>

enum { PARTS = 200, PART_BYTES = 16384 };

typedef struct upload {
  cp_value part;
  int sent, written; /* parts given to cp_send(), parts that the socket has taken */
  int waits;         /* times the queue was full */
} upload;

static void on_written(cp_channel *channel, int status, void *data) {
  if (status == 0) ((upload *)data)->written++;
}

/* Goes on where it stopped each time that the queue has drained. null is the end. */
static void send_parts(cp_channel *channel, void *data) {
  upload *u = data;
  while (u->sent < PARTS) {
    int rc = cp_send(channel, u->part, &(cp_send_options){.cb = on_written, .data = u});
    if (rc < 0) {
      fprintf(stderr, "send: %s\n", cp_strerror(rc));
      cp_channel_disconnect(channel);
      return;
    }
    u->sent++;
    if (rc == 1) {
      u->waits++;
      return;
    }
  }
  cp_send(channel, cp_null(), NULL);
}

static void on_message(cp_child *child, cp_message *message, void *data) {
  printf("The child has got %.0f bytes\n", cp_value_number(cp_message_value(message)));
  cp_channel_disconnect(cp_child_channel(child));
}

static void on_error(cp_child *child, const cp_error *error, void *data) { fprintf(stderr, "%s\n", error->message); }

static int run_parent(uv_loop_t *loop, const char *module) {
  static char text[PART_BYTES];
  memset(text, 'x', sizeof text);
  cp_heap *heap = cp_heap_new(NULL);
  upload u = {.part = cp_string_n(heap, text, sizeof text)};
  cp_child *child;
  cp_error error;
  int rc = cp_fork(&child, loop, module, NULL,
                   &(cp_options){.on_error = on_error, .on_message = on_message, .error = &error});
  if (rc == 0) {
    cp_channel_on_drain(cp_child_channel(child), send_parts, &u);
    send_parts(cp_child_channel(child), &u);
    uv_run(loop, UV_RUN_DEFAULT);
    printf("%d parts sent, %d written; the queue was full %d times\n", u.sent, u.written, u.waits);
    cp_child_free(child);
  } else {
    fprintf(stderr, "%s\n", error.message);
  }
  cp_heap_free(heap);
  return rc;
}

/* The child adds up what it gets, and tells the sum when null comes. */
static void child_on_message(cp_channel *parent, cp_message *message, void *data) {
  double *bytes = data;
  cp_value part = cp_message_value(message);
  *bytes += (double)cp_value_length(part);
  if (!cp_value_is(part, CP_TYPE_NULL)) return;
  int rc = cp_send(parent, cp_number(*bytes), NULL);
  if (rc < 0) fprintf(stderr, "child: %s\n", cp_strerror(rc));
}

int main(int argc, char **argv) {
  uv_loop_t *loop = uv_default_loop();
  cp_channel *parent;
  double bytes = 0;
  int rc = cp_parent_channel(&parent, loop, &(cp_channel_options){.on_message = child_on_message, .data = &bytes});
  if (rc == 0) {
    uv_run(loop, UV_RUN_DEFAULT);
    cp_channel_free(parent);
  } else {
    rc = run_parent(loop, argc > 1 ? argv[1] : argv[0]);
  }
  uv_run(loop, UV_RUN_DEFAULT); /* what was freed is closed here */
  return rc < 0 || uv_loop_close(loop) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
