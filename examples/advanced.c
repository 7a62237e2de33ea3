/*
 * The twin of "Advanced serialization": the same values over a JSON channel, which loses or refuses them, and over one
 * that carries them. The child sends back what it gets.
 *
 *   const child = fork(__filename, ['child'], { serialization: 'advanced' });
 *
 * The child is this program again, or the argument: `advanced ./advanced.js`.
 */
#include <child_process.h>
#include <stdio.h>
#include <stdlib.h>

/* What JSON makes {}, a string or an object of, or leaves out. */
static cp_value lost_in_json(cp_heap *heap) {
  cp_value all = cp_object(heap);
  cp_value_set(all, "map", cp_value_map_set(cp_map(heap), cp_number(1), cp_string(heap, "one")));
  cp_value_set(all, "set", cp_value_add(cp_set(heap), cp_string(heap, "member")));
  cp_value_set(all, "date", cp_date(heap, 0));
  cp_value_set(all, "regexp", cp_regexp(heap, "a+", CP_REGEXP_G));
  cp_value_set(all, "buffer", cp_buffer(heap, "\x01\x02", 2));
  cp_value_set(all, "floats", cp_view(heap, CP_VIEW_FLOAT64, (double[]){0.5, -1}, 2 * sizeof(double)));
  cp_value_set(all, "nothing", cp_undefined());
  return all;
}

/* What JSON refuses: a bigint, and an object that contains itself. */
static cp_value refused_by_json(cp_heap *heap) {
  cp_value knot = cp_value_set(cp_object(heap), "big", cp_bigint(heap, INT64_MAX));
  return cp_value_set(knot, "itself", knot);
}

static int send_value(cp_child *child, cp_value value) {
  cp_error error;
  int rc = cp_send(cp_child_channel(child), value, &(cp_send_options){.error = &error});
  if (rc < 0) printf("  not sent: %s\n", error.message);
  return rc < 0 ? 0 : 1;
}

static void on_message(cp_child *child, cp_message *message, void *data) {
  int *waiting = data;
  char *text = cp_value_inspect(cp_message_value(message), &(cp_inspect_options){.break_length = -1});
  printf("  %s\n", text ? text : "?");
  cp_free(text);
  if (--*waiting == 0) cp_channel_disconnect(cp_child_channel(child));
}

static void on_error(cp_child *child, const cp_error *error, void *data) { fprintf(stderr, "%s\n", error->message); }

static int try(uv_loop_t *loop, const char *module, cp_serialization serialization) {
  printf("%s:\n", serialization == CP_SERIALIZATION_JSON ? "json" : "advanced");
  int waiting = 0;
  cp_child *child;
  cp_error error;
  cp_options options = {.on_error = on_error,
                        .serialization = serialization,
                        .on_message = on_message,
                        .data = &waiting,
                        .error = &error};
  int rc = cp_fork(&child, loop, module, NULL, &options);
  if (rc < 0) {
    fprintf(stderr, "%s\n", error.message);
    return rc;
  }
  cp_heap *heap = cp_heap_new(NULL);
  waiting += send_value(child, refused_by_json(heap));
  waiting += send_value(child, lost_in_json(heap));
  cp_heap_free(heap);
  if (waiting == 0) cp_channel_disconnect(cp_child_channel(child));
  uv_run(loop, UV_RUN_DEFAULT);
  cp_child_free(child);
  return 0;
}

static void echo(cp_channel *parent, cp_message *message, void *data) {
  int rc = cp_send(parent, cp_message_value(message), NULL);
  if (rc < 0) fprintf(stderr, "child: %s\n", cp_strerror(rc));
}

int main(int argc, char **argv) {
  uv_loop_t *loop = uv_default_loop();
  cp_channel *parent;
  int rc = cp_parent_channel(&parent, loop, &(cp_channel_options){.on_message = echo});
  if (rc == 0) {
    uv_run(loop, UV_RUN_DEFAULT);
    cp_channel_free(parent);
  } else {
    const char *module = argc > 1 ? argv[1] : argv[0];
    rc = try(loop, module, CP_SERIALIZATION_JSON);
    if (rc == 0) rc = try(loop, module, CP_SERIALIZATION_ADVANCED);
  }
  uv_run(loop, UV_RUN_DEFAULT); /* what was freed is closed here */
  return rc < 0 || uv_loop_close(loop) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
