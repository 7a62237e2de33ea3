/*
 * The twin of the AbortController sample of "child_process.fork()":
 *
 *   const child = fork(__filename, ['child'], { signal });
 *   child.on('error', (err) => { ... an AbortError if the controller aborts ... });
 *   controller.abort(); // Stops the child process
 */
#include <child_process.h>
#include <stdio.h>
#include <stdlib.h>

/* The child: setTimeout(() => console.log(`Hello from ${process.argv[2]}!`), 1_000). It does not come that far. */
static void say_hello(uv_timer_t *timer) { printf("Hello from %s!\n", (const char *)timer->data); }

static int run_child(uv_loop_t *loop, char *name) {
  uv_timer_t timer = {.data = name};
  uv_timer_init(loop, &timer);
  uv_timer_start(&timer, say_hello, 1000, 0);
  uv_run(loop, UV_RUN_DEFAULT);
  return EXIT_SUCCESS;
}

static void on_error(cp_child *child, const cp_error *error, void *data) {
  printf("%s\n", error->code == CP_EABORTED ? "aborted" : error->message);
}

static void on_close(cp_child *child, const cp_exit *ended, void *data) {
  printf("closed: %s, %s\n", cp_reason_name(ended->reason),
         ended->signal ? cp_signal_name(ended->signal) : "no signal");
}

int main(int argc, char **argv) {
  uv_loop_t *loop = uv_default_loop();
  if (argc > 1) return run_child(loop, argv[1]);

  cp_abort *controller = cp_abort_new();
  if (controller == NULL) return EXIT_FAILURE;
  cp_error error;
  cp_options options = {.signal = controller, .on_error = on_error, .on_close = on_close, .error = &error};
  int rc = cp_fork(NULL, loop, argv[0], CP_ARGS("child"), &options);
  if (rc == 0) {
    cp_abort_trigger(controller); /* stops the child process */
    uv_run(loop, UV_RUN_DEFAULT);
  } else {
    fprintf(stderr, "%s\n", error.message);
  }
  cp_abort_free(controller);
  return rc == 0 && uv_loop_close(loop) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
