/*
 * fork_worker.c - the worker of the tests of `child-process fork` and `pool`, beside the `worker` of the other tests.
 *
 *   fork_worker VERB
 *
 *   late          answers each message after 1.5 s
 *   compute       answers each message after 1.5 s of work
 *   odd           answers with undefined, a bigint, a Map and a number
 *   handle        answers with an open file
 *   garbage       writes what is no message
 *   print         prints a line on stdout and one on stderr, then answers
 *   flood N       sends N messages of 100,000 bytes, as fast as they are taken, and ends
 *   relay         sends each message back; reads no faster than that is taken
 *   deaf          reads nothing for 300 ms, then exits with 3
 *   die N         kills itself at message N
 *   arguments     sends its arguments and the variable MARK
 *   obey          does what each task says, see below; what is no object comes back
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "child_process.h"

enum { DELAY_MS = 1500, FLOOD_BYTES = 100000 };

static uv_loop_t *loop;
static uv_timer_t timer;
static long number, seen, flooded;
static char **arguments;

static void send_text(cp_channel *channel, const char *json) {
  if (cp_send_json(channel, json, strlen(json), NULL) < 0) exit(70);
}

static void on_timer(uv_timer_t *handle) {
  send_text(handle->data, "\"late\"");
  uv_close((uv_handle_t *)handle, NULL);
}

static void late(cp_channel *channel, cp_message *message, void *data) {
  (void)message, (void)data;
  (void)uv_timer_init(loop, &timer);
  timer.data = channel;
  (void)uv_timer_start(&timer, on_timer, DELAY_MS, 0);
}

static void compute(cp_channel *channel, cp_message *message, void *data) {
  (void)message, (void)data;
  for (uint64_t start = uv_hrtime(); uv_hrtime() - start < DELAY_MS * 1000000ULL;) {
  }
  send_text(channel, "\"computed\"");
}

static void odd(cp_channel *channel, cp_message *message, void *data) {
  (void)message, (void)data;
  cp_heap *heap = cp_heap_new(NULL);
  cp_value map = cp_value_map_set(cp_map(heap), cp_string(heap, "a"), cp_number(1));
  const cp_value values[] = {cp_undefined(), cp_bigint(heap, 12345678901), map, cp_number(7)};
  for (size_t i = 0; i < sizeof values / sizeof *values; i++)
    if (cp_send(channel, values[i], NULL) < 0) exit(70);
  cp_heap_free(heap);
}

static void handle(cp_channel *channel, cp_message *message, void *data) {
  (void)message, (void)data;
  const cp_handle file = {.type = CP_HANDLE_FD, .fd = STDERR_FILENO};
  if (cp_send_json(channel, "\"file\"", 6, &(cp_send_options){.handles = &file, .handle_count = 1}) < 0) exit(70);
}

static void garbage(cp_channel *channel, cp_message *message, void *data) {
  (void)message, (void)data;
  if (write(cp_channel_fd(channel), "{no\n", 4) != 4) exit(70);
}

static void print(cp_channel *channel, cp_message *message, void *data) {
  (void)message, (void)data;
  (void)puts("on stdout");
  (void)fflush(stdout);
  (void)fputs("on stderr\n", stderr);
  send_text(channel, "\"printed\"");
}

static void relay(cp_channel *channel, cp_message *message, void *data) {
  size_t length;
  const char *text = cp_message_json(message, &length);
  (void)data;
  int rc = text != NULL ? cp_send_json(channel, text, length, NULL) : UV_ENOMEM;
  if (rc < 0) exit(70);
  if (rc == 1) cp_channel_pause(channel);
}

static void go_on(cp_channel *channel, void *data) {
  (void)data;
  cp_channel_resume(channel);
}

static void die(cp_channel *channel, cp_message *message, void *data) {
  (void)channel, (void)message, (void)data;
  if (++seen == number) (void)kill(getpid(), SIGKILL);
}

static void flood(cp_channel *channel, void *data) {
  static char text[FLOOD_BYTES];
  (void)data;
  memset(text, 'x', sizeof text);
  text[0] = text[sizeof text - 1] = '"';
  int rc = 0;
  while (rc == 0 && flooded++ < number) rc = cp_send_json(channel, text, sizeof text, NULL);
  if (rc < 0) exit(70);
  if (flooded > number) (void)cp_channel_disconnect(channel);
}

/* ---------------------------------------------------------------- obey */

/*
 * {"print": TEXT} on stdout, {"say": TEXT} on stderr; {"once": PATH}: only if PATH is not there yet, which then is:
 * {"exit": CODE}, {"kill": true}; {"ms": N}: only then the answer: {"error": TEXT} of the envelope, {"fill": BYTES} of
 * text, or {"n": ANY} itself.
 */
typedef struct late_answer {
  uv_timer_t timer;
  cp_message *task;
} late_answer;

static const char *text_of(cp_value task, const char *name) { return cp_value_string(cp_value_get(task, name), NULL); }
static double number_of(cp_value task, const char *name) { return cp_value_number(cp_value_get(task, name)); }

static void answer(cp_message *message) {
  cp_value task = cp_message_value(message), n = cp_value_get(task, "n");
  if (cp_value_type(n) == CP_TYPE_UNDEFINED) n = cp_value_get(task, "task"); /* the envelope of what is no object */
  double fill = number_of(task, "fill");
  bool numbered = number_of(task, "id") > 0;
  cp_heap *heap = cp_heap_new(NULL);
  char *text = fill > 0 ? calloc(1, (size_t)fill + 1) : NULL;
  if (text != NULL) n = cp_string(heap, memset(text, 'x', (size_t)fill));
  int rc = !numbered                        ? cp_send(cp_message_channel(message), n, NULL)
           : text_of(task, "error") != NULL ? cp_reply_error(message, text_of(task, "error"))
                                            : cp_reply(message, n);
  if (rc < 0) exit(70);
  cp_heap_free(heap);
  free(text);
}

static void free_late(uv_handle_t *which) { free(which->data); }

static void answer_late(uv_timer_t *which) {
  late_answer *late_one = which->data;
  answer(late_one->task);
  cp_message_free(late_one->task);
  uv_close((uv_handle_t *)which, free_late);
}

static void wait_with(cp_message *message, uint64_t ms) {
  late_answer *late_one = calloc(1, sizeof *late_one);
  if (late_one == NULL) exit(70);
  late_one->task = cp_message_keep(message);
  (void)uv_timer_init(loop, &late_one->timer);
  late_one->timer.data = late_one;
  (void)uv_timer_start(&late_one->timer, answer_late, ms, 0);
}

/* Dies, if it is told to, and was not before. */
static void die_as_told(cp_value task) {
  const char *once = text_of(task, "once");
  if (once != NULL && access(once, F_OK) == 0) return;
  if (once != NULL) (void)fclose(fopen(once, "we"));
  if (number_of(task, "exit") >= 0) _exit((int)number_of(task, "exit"));
  if (cp_value_type(cp_value_get(task, "kill")) == CP_TYPE_BOOLEAN) (void)kill(getpid(), SIGKILL);
}

static void obey(cp_channel *channel, cp_message *message, void *data) {
  cp_value task = cp_message_value(message);
  (void)data;
  if (cp_value_type(task) != CP_TYPE_OBJECT) {
    if (cp_send(channel, task, NULL) < 0) exit(70);
    return;
  }
  if (text_of(task, "print") != NULL) (void)printf("%s", text_of(task, "print"));
  (void)fflush(stdout);
  if (text_of(task, "say") != NULL) (void)fprintf(stderr, "%s", text_of(task, "say"));
  die_as_told(task);
  if (number_of(task, "ms") > 0)
    wait_with(message, (uint64_t)number_of(task, "ms"));
  else
    answer(message);
}

static void send_arguments(cp_channel *channel) {
  const char *mark = getenv("MARK");
  cp_heap *heap = cp_heap_new(NULL);
  cp_value list = cp_array(heap);
  for (char **word = arguments; *word != NULL; word++) (void)cp_value_push(list, cp_string(heap, *word));
  (void)cp_value_push(list, cp_string(heap, mark));
  if (cp_send(channel, list, NULL) < 0) exit(70);
  cp_heap_free(heap);
}

int main(int argc, char **argv) {
  static const struct {
    const char *name;
    cp_message_cb cb;
  } verbs[] = {{"late", late},   {"compute", compute}, {"odd", odd}, {"handle", handle}, {"garbage", garbage},
               {"print", print}, {"relay", relay},     {"die", die}, {"obey", obey}};
  const char *verb = argc > 1 ? argv[1] : "";
  cp_channel_options options = {0};
  cp_channel *channel;
  loop = uv_default_loop();
  number = argc > 2 ? strtol(argv[2], NULL, 10) : 0;
  arguments = argv + 1;
  for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
    if (strcmp(verb, verbs[i].name) == 0) options.on_message = verbs[i].cb;
  if (cp_parent_channel(&channel, loop, &options) != 0) return 70;
  if (strcmp(verb, "arguments") == 0) send_arguments(channel);
  if (strcmp(verb, "relay") == 0) cp_channel_on_drain(channel, go_on, NULL);
  if (strcmp(verb, "deaf") == 0) {
    uv_sleep(300);
    return 3;
  }
  if (strcmp(verb, "flood") == 0) {
    cp_channel_on_drain(channel, flood, NULL);
    flood(channel, NULL);
  }
  (void)uv_run(loop, UV_RUN_DEFAULT);
  cp_channel_free(channel);
  (void)uv_run(loop, UV_RUN_DEFAULT);
  return uv_loop_close(loop) == 0 ? 0 : 71;
}
