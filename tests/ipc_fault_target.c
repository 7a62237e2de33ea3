/*
 * ipc_fault_target.c - the program whose system calls script/test-syscall-faults --ipc lets fail: sessions over channels in
 * both serializations, with handles, shared memory, a request, a flush; and a forked copy of itself that echoes. Exit
 * code 0: each went well, or somebody was told, and nothing is left. 1: a lie, or a leak. 3: the loop, which is not ours,
 * could not be made.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child_process.h"

enum { LARGE = 5 << 20, DEADLINE_SECONDS = 20 };
static char large[LARGE];
static int wrong;

static void expect(bool condition, const char *what) {
  if (condition) return;
  (void)fprintf(stderr, "ipc_fault_target: %s\n", what);
  wrong = 1;
}

/* ---------------------------------------------------------------- two ends */

typedef struct end {
  cp_channel *channel;
  int accepted, told, messages, replies, reply_status, errors, disconnects;
} end;

static void on_message(cp_channel *channel, cp_message *message, void *data) {
  end *e = data;
  size_t length = 0;
  cp_value value = cp_message_value(message);
  const char *text = cp_value_string(value, &length);
  expect(e->disconnects == 0, "a message after the disconnect");
  if (text != NULL) expect(length == LARGE && memcmp(text, large, LARGE) == 0, "a message has other bytes");
  if (cp_value_has(value, "id") && cp_reply(message, cp_number(e->messages)) < 0) (void)cp_channel_disconnect(channel);
  e->messages++;
}

static void on_error(cp_channel *channel, const cp_error *error, void *data) {
  end *e = data;
  (void)channel;
  expect(error->code < 0 && error->message[0] != '\0', "an error that says nothing");
  e->errors++;
}

static void on_disconnect(cp_channel *channel, void *data) {
  end *e = data;
  (void)channel;
  e->disconnects++;
}

static void on_sent(cp_channel *channel, int status, void *data) {
  end *e = data;
  (void)channel;
  (void)status;
  e->told++;
}

/* Its result is how many messages had come before it. */
static void on_reply(cp_channel *channel, int status, cp_message *reply, cp_value result, void *data) {
  end *e = data;
  (void)channel;
  (void)reply;
  e->replies++;
  e->reply_status = status;
  if (status == 0) expect(cp_value_number(result) == e->accepted, "messages before an answered request are missing");
}

static void note(end *e, int rc, const cp_error *error) {
  if (rc >= 0)
    e->accepted++;
  else
    expect(error->code == rc && error->message[0] != '\0', "options.error does not say what the call returned");
}

static void send_some(end *e, const cp_handle *handle) {
  cp_error error = {0};
  cp_send_options options = {
      .cb = on_sent, .data = e, .handles = handle, .handle_count = handle != NULL, .error = &error};
  note(e, cp_send(e->channel, cp_number(1), &options), &error);
}

static void send_large(end *e) {
  cp_error error = {0};
  cp_heap *heap = cp_heap_new(NULL);
  cp_send_options options = {.cb = on_sent, .data = e, .error = &error};
  note(e, cp_send(e->channel, cp_string_n(heap, large, LARGE), &options), &error);
  cp_heap_free(heap);
}

static int ask(end *e) {
  cp_heap *heap = cp_heap_new(NULL);
  int rc = cp_request(e->channel, cp_object(heap), 0, on_reply, e);
  cp_heap_free(heap);
  return rc;
}

static bool open_end(end *e, uv_loop_t *loop, int fd, cp_serialization serialization, bool library) {
  cp_error error = {0};
  *e = (end){.accepted = 0};
  cp_channel_options options = {.serialization = serialization,
                                .on_message = on_message,
                                .on_error = on_error,
                                .on_disconnect = on_disconnect,
                                .peer_is_library = library,
                                .error = &error,
                                .data = e};
  int rc = cp_channel_open(&e->channel, loop, fd, &options);
  if (rc == 0) return true;
  expect(error.code == rc && error.message[0] != '\0', "options.error does not say what cp_channel_open() returned");
  (void)close(fd);
  return false;
}

static void talk(uv_loop_t *loop, end *a, end *b) {
  cp_handle handle = {.type = CP_HANDLE_NATIVE, .fd = cp_channel_fd(a->channel)};
  send_some(a, NULL);
  send_some(a, &handle);
  send_large(a);
  (void)cp_channel_flush(b->channel, 0);
  (void)cp_channel_flush(a->channel, 1);
  send_some(a, NULL);
  int asked = ask(a);
  while (asked >= 0 && a->replies == 0 && uv_run(loop, UV_RUN_ONCE) != 0) continue;
  (void)cp_channel_disconnect(a->channel);
  (void)uv_run(loop, UV_RUN_DEFAULT);
  expect(a->disconnects == 1 && b->disconnects == 1, "the disconnect did not come once at both ends");
  expect(a->replies == (asked >= 0), "the reply did not come once");
  expect(a->told == a->accepted, "a callback of a send did not come once");
}

static void run_session(uv_loop_t *loop, cp_serialization serialization, bool library) {
  end a, b;
  int fds[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0) return;
  if (!open_end(&a, loop, fds[0], serialization, library)) {
    (void)close(fds[1]);
    return;
  }
  if (open_end(&b, loop, fds[1], serialization, library)) {
    talk(loop, &a, &b);
    cp_channel_free(b.channel);
  }
  cp_channel_free(a.channel);
  (void)uv_run(loop, UV_RUN_DEFAULT);
}

/* ---------------------------------------------------------------- a child */

static void echo(cp_channel *channel, cp_message *message, void *data) {
  (void)data;
  if (cp_send(channel, cp_message_value(message), NULL) < 0) exit(0);
}

static int be_child(void) {
  cp_channel *channel;
  cp_channel_options options = {.on_message = echo};
  (void)alarm(DEADLINE_SECONDS);
  if (cp_parent_channel(&channel, uv_default_loop(), &options) != 0) return 0;
  (void)uv_run(uv_default_loop(), UV_RUN_DEFAULT);
  return 0;
}

static void on_echo(cp_channel *channel, cp_message *message, void *data) {
  (void)message;
  if (++*(int *)data == 2) (void)cp_channel_disconnect(channel);
}

static void on_closed(cp_child *child, const cp_exit *exit, void *data) {
  (void)child, (void)exit;
  ++*(int *)data;
}

static void run_fork(uv_loop_t *loop, const char *self) {
  int closed = 0, messages = 0;
  cp_child *child;
  cp_error error = {0};
  cp_options options = {.on_close = on_closed, .data = &closed, .error = &error, .timeout_ms = 5000, .kill_signal = 9};
  int rc = cp_fork(&child, loop, self, CP_ARGS("child"), &options);
  if (rc != 0) {
    expect(error.code == rc && error.message[0] != '\0', "options.error does not say what cp_fork() returned");
    return;
  }
  cp_channel *channel = cp_child_channel(child);
  cp_channel_on_message(channel, on_echo, &messages);
  for (int i = 0; i < 2; i++)
    if (cp_send(channel, cp_number(i), NULL) < 0) (void)cp_channel_disconnect(channel);
  (void)uv_run(loop, UV_RUN_DEFAULT);
  expect(closed == 1, "on_close did not come once");
  cp_child_free(child);
  (void)uv_run(loop, UV_RUN_DEFAULT);
}

int main(int argc, char **argv) {
  uv_loop_t loop;
  if (argc > 1 && strcmp(argv[1], "child") == 0) return be_child();
  memset(large, 'x', sizeof large);
  if (uv_loop_init(&loop) != 0) return 3;
  (void)alarm(DEADLINE_SECONDS);
  (void)access("/fault-target-begins", F_OK); /* for the script, which reads the trace */
  run_session(&loop, CP_SERIALIZATION_JSON, false);
  run_session(&loop, CP_SERIALIZATION_ADVANCED, true);
  run_fork(&loop, argv[0]);
  (void)access("/fault-target-ends", F_OK);
  expect(uv_loop_close(&loop) == 0, "handles are left in the loop");
  expect(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD, "a child is left");
  return wrong;
}
