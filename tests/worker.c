/*
 * worker.c - the forked side of the tests of messages: a program of this library with a channel to its parent.
 *
 *   worker VERB
 *
 *   echo          sends each message back as it came, with its handles; ends with the channel
 *   value         sends each message back through a value
 *   count         counts messages, sends the number for each text "count"
 *   send-and-exit N BYTES   sends N messages of BYTES and exits at once, after a flush
 *   request       answers {id, cmd: "add", data: [numbers]}; `fail` and `ignore` are other commands
 *   environment   sends the NODE_ variables that it still sees
 *   describe      sends {argv, cwd, uid, gid, leads, env}: what it was started with; env is the value of $MARK
 *   stubborn      sends "ready" and ignores SIGTERM, until its channel closes
 *   quit          exits with 7 at the first message
 *   disconnect    disconnects at the first message
 *   idle          has a channel and no listener: must end by itself
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "child_process.h"

static cp_channel *channel;
static uv_loop_t *loop;
static long counted;

static void fail(const char *what) {
  (void)fprintf(stderr, "worker: %s\n", what);
  exit(70);
}

static void echo(cp_channel *to, cp_message *message, void *data) {
  cp_handle handles[CP_HANDLES_MAX];
  size_t length, count = cp_message_handle_count(message);
  (void)data;
  for (size_t i = 0; i < count; i++) {
    const cp_handle *handle = cp_message_handle(message, i);
    if (handle == NULL) fail("a handle is missing");
    handles[i] = *handle;
  }
  cp_send_options options = {.handles = handles, .handle_count = count};
  int rc;
  if (cp_channel_serialization(to) == CP_SERIALIZATION_JSON) {
    const char *text = cp_message_json(message, &length);
    rc = cp_send_json(to, text, length, &options);
  } else {
    rc = cp_send(to, cp_message_value(message), &options);
  }
  if (rc < 0) fail(cp_strerror(rc));
}

static void echo_value(cp_channel *to, cp_message *message, void *data) {
  (void)data;
  if (cp_send(to, cp_message_value(message), NULL) < 0) fail("send");
}

static void count(cp_channel *to, cp_message *message, void *data) {
  (void)data;
  counted++;
  if (!cp_value_string_is(cp_message_value(message), "count")) return;
  if (cp_send(to, cp_number((double)counted), NULL) < 0) fail("send");
}

static void answer(cp_channel *to, cp_message *message, void *data) {
  (void)data;
  (void)to;
  cp_value request = cp_message_value(message), numbers = cp_value_get(request, "data"),
           cmd = cp_value_get(request, "cmd");
  if (cp_value_string_is(cmd, "ignore")) return;
  if (cp_value_string_is(cmd, "exit")) exit(3);
  if (cp_value_string_is(cmd, "fail")) {
    (void)cp_reply_error(message, "no");
    return;
  }
  double sum = 0;
  for (uint32_t i = 0; i < cp_value_length(numbers); i++) sum += cp_value_number(cp_value_at(numbers, i));
  if (cp_reply(message, cp_number(sum)) < 0) fail("reply");
}

static void quit(cp_channel *from, cp_message *message, void *data) {
  (void)from, (void)message, (void)data;
  exit(7);
}

static void disconnect(cp_channel *from, cp_message *message, void *data) {
  (void)message, (void)data;
  (void)cp_channel_disconnect(from);
}

static void send_and_exit(int messages, size_t bytes) {
  char *text = malloc(bytes + 3);
  memset(text, 'x', bytes + 2);
  text[0] = text[bytes + 1] = '"';
  for (int i = 0; i < messages; i++)
    if (cp_send_json(channel, text, bytes + 2, NULL) < 0) fail("send");
  free(text);
  if (cp_channel_flush(channel, 60000) != 0) fail("flush");
  _exit(0);
}

static void send_environment(void) {
  cp_heap *heap = cp_heap_new(NULL);
  cp_value seen = cp_array(heap);
  for (char **entry = environ; *entry != NULL; entry++)
    if (strncmp(*entry, "NODE_CHANNEL", 12) == 0 || strncmp(*entry, "CHILD_PROCESS", 13) == 0)
      (void)cp_value_push(seen, cp_string(heap, *entry));
  if (cp_send(channel, seen, NULL) < 0) fail("send");
  cp_heap_free(heap);
}

static void describe(int argc, char **argv) {
  char cwd[4096] = "";
  cp_heap *heap = cp_heap_new(NULL);
  cp_value out = cp_object(heap), list = cp_array(heap);
  for (int i = 0; i < argc; i++) (void)cp_value_push(list, cp_string(heap, argv[i]));
  (void)cp_value_set(out, "argv", list);
  (void)cp_value_set(out, "cwd", cp_string(heap, getcwd(cwd, sizeof cwd) != NULL ? cwd : "?"));
  (void)cp_value_set(out, "uid", cp_number(getuid()));
  (void)cp_value_set(out, "gid", cp_number(getgid()));
  (void)cp_value_set(out, "leads", cp_boolean(getsid(0) == getpid()));
  (void)cp_value_set(out, "env", cp_string(heap, getenv("MARK")));
  if (cp_send(channel, out, NULL) < 0) fail("send");
  cp_heap_free(heap);
}

static void be_stubborn(void) {
  (void)signal(SIGTERM, SIG_IGN);
  if (cp_send_json(channel, "\"ready\"", 7, NULL) < 0) fail("send");
  cp_channel_ref(channel);
}

int main(int argc, char **argv) {
  static const struct {
    const char *name;
    cp_message_cb cb;
  } verbs[] = {{"echo", echo},      {"value", echo_value}, {"count", count},
               {"request", answer}, {"quit", quit},        {"disconnect", disconnect}};
  const char *verb = argc > 1 ? argv[1] : "echo";
  cp_channel_options options = {0};
  loop = uv_default_loop();
  for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
    if (strcmp(verb, verbs[i].name) == 0) options.on_message = verbs[i].cb;
  int rc = cp_parent_channel(&channel, loop, &options);
  if (rc != 0) fail(cp_err_name(rc));
  if (strcmp(verb, "send-and-exit") == 0) send_and_exit(atoi(argv[2]), strtoul(argv[3], NULL, 10));
  if (strcmp(verb, "environment") == 0) send_environment();
  if (strcmp(verb, "describe") == 0) describe(argc, argv);
  if (strcmp(verb, "stubborn") == 0) be_stubborn();
  (void)uv_run(loop, UV_RUN_DEFAULT);
  cp_channel_free(channel);
  (void)uv_run(loop, UV_RUN_DEFAULT);
  return uv_loop_close(loop) == 0 ? 0 : 71;
}
