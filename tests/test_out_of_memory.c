/*
 * test_out_of_memory.c - the n-th allocation fails, for n = 0, 1, 2, ... until a run needs no more: each time a clean
 * error or a correct run, and nothing is left.
 */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support.h"

enum { BYTES = 300000 };
static char block[BYTES];

static void run_spawn(void) {
  static event_log log;
  cp_error error = {0};
  cp_options options = log_options(&log);
  cp_child *child = NULL;
  options.error = &error;
  int rc = cp_spawn(&child, test_loop(), HELPER, HELPER_ARGS("cat"), &options);
  if (rc != 0) {
    assert_int_equal(rc, UV_ENOMEM);
    assert_int_equal(error.code, UV_ENOMEM);
    assert_null(child);
    return;
  }
  int written = cp_stream_write(cp_child_stdin(child), block, BYTES, NULL, NULL);
  assert_true(written == 1 || written == 0 || written == UV_ENOMEM || (written == UV_EBADF && !cp_child_stdin(child)));
  (void)cp_stream_end(cp_child_stdin(child));
  run_loop();
  assert_int_equal(log.closed, 1);
  if (log.failed > 0) assert_int_equal(log.error.code, UV_ENOMEM);
  if (log.failed == 0) assert_int_equal(log.out_length, written == UV_ENOMEM ? 0 : BYTES);
  cp_child_free(child);
}

static void spawning_and_writing(void **state) {
  (void)state;
  fail_each_allocation(run_spawn);
}

static int results, result_code;
static bool result_complete;

static void on_result(cp_child *child, const cp_error *error, const cp_result *result, void *data) {
  (void)child;
  (void)data;
  results++;
  result_code = error != NULL ? error->code : 0;
  assert_non_null(result->out.bytes);
  assert_non_null(result->err.bytes);
  result_complete = result->out.length == BYTES && memcmp(result->out.bytes, block, BYTES) == 0;
}

static void run_exec_with(cp_encoding encoding) {
  results = 0;
  cp_options options = {.on_result = on_result, .input = block, .input_length = BYTES, .encoding = encoding};
  int rc = cp_exec_file(NULL, test_loop(), HELPER, HELPER_ARGS("cat", "--", "write", "2", "e"), &options);
  if (rc != 0) {
    assert_int_equal(rc, UV_ENOMEM);
    assert_int_equal(results, 0);
    return;
  }
  run_loop();
  assert_int_equal(results, 1);
  if (result_code == 0) assert_true(result_complete);
  if (result_code != 0) assert_int_equal(result_code, UV_ENOMEM);
}

static void run_exec(void) { run_exec_with(CP_ENCODING_BYTES); }
static void run_exec_utf8(void) { run_exec_with(CP_ENCODING_UTF8); }

static void gathering_output(void **state) {
  (void)state;
  fail_each_allocation(run_exec);
}
static void gathering_text(void **state) {
  (void)state;
  fail_each_allocation(run_exec_utf8);
}

static void run_shell(void) {
  const char *const env[] = {"PATH=/usr/bin:/bin", "A=B", NULL}, *const overlay[] = {"C=D", "A", NULL};
  results = 0;
  cp_options options = {.on_result = on_result, .env = env, .env_overlay = overlay, .cwd = "/"};
  int rc = cp_exec(NULL, test_loop(), "exit 0", &options);
  assert_true(rc == 0 || rc == UV_ENOMEM);
  run_loop();
  assert_int_equal(results, rc == 0);
  if (rc == 0) assert_true(result_code == 0 || result_code == UV_ENOMEM);
}

static void going_through_the_shell(void **state) {
  (void)state;
  fail_each_allocation(run_shell);
}

static void run_sync(void) {
  cp_result result;
  cp_options options = {.input = block, .input_length = BYTES, .stdio = CP_STDIO(CP_PIPE, CP_PIPE, CP_PIPE, CP_PIPE)};
  int rc = cp_spawn_sync(&result, HELPER, HELPER_ARGS("cat", "--", "write", "3", "three"), &options);
  assert_non_null(result.out.bytes);
  assert_int_equal(result.error.code, rc);
  if (rc == 0) {
    assert_int_equal(result.out.length, BYTES);
    assert_memory_equal(result.out.bytes, block, BYTES);
    assert_string_equal(result.output[3].bytes, "three");
  } else {
    assert_int_equal(rc, UV_ENOMEM);
  }
  cp_result_dispose(&result);
}

static void running_synchronously(void **state) {
  (void)state;
  fail_each_allocation(run_sync);
}

static void run_exec_sync(void) {
  cp_result result;
  int rc = cp_exec_sync(&result, "echo x", &(cp_options){.encoding = CP_ENCODING_UTF8});
  if (rc == 0) assert_string_equal(result.out.bytes, "x\n");
  if (rc != 0) assert_int_equal(rc, UV_ENOMEM);
  cp_result_dispose(&result);
}

static void running_a_command_synchronously(void **state) {
  (void)state;
  fail_each_allocation(run_exec_sync);
}

static void run_abort(void) {
  static event_log log;
  cp_options options = log_options(&log);
  cp_child *child;
  cp_abort *abort = cp_abort_new();
  if (abort == NULL) return;
  options.signal = abort;
  int rc = cp_spawn(&child, test_loop(), HELPER, HELPER_ARGS("pause"), &options);
  assert_true(rc == 0 || rc == UV_ENOMEM);
  cp_abort_trigger(abort);
  run_loop();
  if (rc == 0) assert_int_equal(log.closed, 1);
  if (rc == 0) assert_true(log.close.reason == CP_REASON_ABORTED || log.error.code == UV_ENOMEM);
  if (rc == 0) cp_child_free(child);
  cp_abort_free(abort);
}

static void aborting(void **state) {
  (void)state;
  fail_each_allocation(run_abort);
}

static int forwarded, forward_status;
static void on_forwarded(cp_stream *stream, int status, void *data) {
  (void)stream;
  forwarded++;
  forward_status = status;
  if (status != 0 && data != NULL) cp_stream_close(cp_child_stdin(data)); /* the target is still ours to end */
}

static void run_forward_between(cp_stdio_list source_stdio, cp_stdio_list target_stdio) {
  static event_log log;
  cp_child *source = NULL, *target = NULL;
  cp_options to = log_options(&log), from = {.stdio = source_stdio};
  to.stdio = target_stdio;
  forwarded = 0;
  forward_status = 1;
  int rc = cp_spawn(&target, test_loop(), HELPER, HELPER_ARGS("count"), &to);
  if (rc == 0) rc = cp_spawn(&source, test_loop(), HELPER, HELPER_ARGS("fill", "1", "1000000"), &from);
  assert_true(rc == 0 || rc == UV_ENOMEM);
  bool both = rc == 0 && cp_child_pid(source) > 0 && cp_child_pid(target) > 0;
  if (rc == 0) rc = cp_stream_forward(cp_child_stdout(source), cp_child_stdin(target), on_forwarded, target);
  if (both) assert_true(rc == 0 || rc == UV_ENOMEM);
  if (rc != 0) cp_stream_close(source != NULL ? cp_child_stdout(source) : NULL);
  if (rc != 0) cp_stream_close(target != NULL ? cp_child_stdin(target) : NULL);
  run_loop();
  if (rc == 0 && both) assert_int_equal(forwarded, 1);
  if (rc == 0 && forward_status == 0 && log.failed == 0) assert_string_equal(log.out, "1000000\n");
  cp_child_free(source);
  cp_child_free(target);
}

static void run_forward(void) { run_forward_between(CP_ALL_PIPE, CP_ALL_PIPE); }
static void run_forward_copying(void) { run_forward_between(CP_ALL_OVERLAPPED, CP_ALL_OVERLAPPED); }

static void forwarding(void **state) {
  (void)state;
  fail_each_allocation(run_forward);
}
static void forwarding_through_memory(void **state) {
  (void)state;
  fail_each_allocation(run_forward_copying);
}

/* To a full pipe, for which the loop has to watch one more fd. */
static void run_forward_fd(void) {
  static char text[65536];
  int fds[2], rc;
  cp_child *child;
  size_t total = 0;
  assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
  forwarded = 0;
  rc = cp_spawn(&child, test_loop(), HELPER, HELPER_ARGS("fill", "1", "500000"), NULL);
  assert_true(rc == 0 || rc == UV_ENOMEM);
  if (rc == 0 && cp_child_stdout(child) != NULL) {
    rc = cp_stream_forward_fd(cp_child_stdout(child), fds[1], on_forwarded, NULL);
    assert_true(rc == 0 || rc == UV_ENOMEM);
    if (rc != 0) cp_stream_close(cp_child_stdout(child));
    close(fds[1]);
    fds[1] = -1;
    assert_int_equal(fcntl(fds[0], F_SETFL, O_NONBLOCK), 0);
    while (rc == 0 && forwarded == 0) {
      uv_run(test_loop(), UV_RUN_NOWAIT);
      for (ssize_t n; (n = read(fds[0], text, sizeof text)) > 0;) total += (size_t)n;
    }
    for (ssize_t n; (n = read(fds[0], text, sizeof text)) > 0;) total += (size_t)n;
    if (rc == 0 && forward_status == 0) assert_int_equal(total, 500000);
    rc = 0;
  }
  run_loop();
  if (rc == 0) cp_child_free(child);
  close(fds[0]);
  if (fds[1] >= 0) close(fds[1]);
}

static void forwarding_to_a_full_pipe(void **state) {
  (void)state;
  fail_each_allocation(run_forward_fd);
}

/* Waits for the helper thread: it has no handle to be asked by. */
static void wait_for_reaper(const int *pids, int count, long heap) {
  for (int i = 0; i < count; i++)
    while (kill(pids[i], 0) == 0) (void)poll(NULL, 0, 1);
  while (heap_blocks() > heap) (void)poll(NULL, 0, 1);
}

static void run_release(void) {
  enum { FREED = 3 };
  int pids[FREED], count = 0;
  long heap = heap_blocks();
  for (int i = 0; i < FREED; i++) {
    cp_child *child;
    if (cp_spawn(&child, test_loop(), HELPER, HELPER_ARGS("pause"), NULL) != 0) continue;
    pids[count] = cp_child_pid(child);
    count += pids[count] > 0;
    cp_child_free(child);
  }
  run_loop();
  int rc = cp_loop_release(test_loop());
  assert_true(rc == 0 || rc == UV_ENOMEM || rc == UV_EAGAIN);
  if (rc != 0) assert_int_equal(cp_loop_release(test_loop()), 0); /* nothing was let go: once more */
  for (int i = 0; i < 3; i++) uv_run(test_loop(), UV_RUN_NOWAIT);
  for (int i = 0; i < count; i++) kill(pids[i], SIGKILL);
  wait_for_reaper(pids, count, heap);
}

static void releasing_a_loop(void **state) {
  (void)state;
  fail_each_allocation(run_release);
}

/* ---------------------------------------------------------------- messages */

/* One end of a channel. What it was not told must have come. */
typedef struct end {
  cp_channel *channel;
  int accepted, sent, messages, valueless, replies, errors, disconnects, fds;
  cp_message *kept;
} end;

static void on_message(cp_channel *channel, cp_message *message, void *data) {
  end *e = data;
  cp_value value = cp_message_value(message);
  e->messages++;
  for (size_t i = 0; i < cp_message_handle_count(message); i++) {
    int fd = cp_message_take_fd(message, i);
    if (fd >= 0) e->fds++;
    if (fd >= 0) close(fd);
  }
  if (cp_value_is(value, CP_TYPE_NONE)) e->valueless++;
  if (cp_value_is(cp_value_get(value, "id"), CP_TYPE_NUMBER)) {
    int rc = cp_reply(message, cp_value_get(value, "question"));
    assert_true(rc >= 0 || rc == UV_ENOMEM || rc == UV_EINVAL || rc == CP_ECHANNELCLOSED || rc == UV_EPIPE);
    if (rc < 0) (void)cp_channel_disconnect(channel); /* so that the other end is told */
  }
  if (e->kept == NULL) e->kept = cp_message_keep(message);
}

static void on_channel_error(cp_channel *channel, const cp_error *error, void *data) {
  end *e = data;
  (void)channel;
  if (error->code != UV_ENOMEM) fail_msg("an error that is not of memory: %s", error->message);
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
  if (status == 0) e->sent++;
}

static void on_reply(cp_channel *channel, int status, cp_message *reply, cp_value result, void *data) {
  end *e = data;
  (void)channel;
  (void)result;
  assert_int_equal(reply != NULL, status == 0);
  e->replies++;
}

static bool raw_ends; /* those that are opened now */

static bool open_end(end *e, int fd, cp_serialization serialization, bool library) {
  cp_error error = {0};
  *e = (end){.accepted = 0};
  cp_channel_options options = {.serialization = serialization,
                                .on_message = on_message,
                                .on_error = on_channel_error,
                                .on_disconnect = on_disconnect,
                                .peer_is_library = library,
                                .raw_messages = raw_ends,
                                .error = &error,
                                .data = e};
  int rc = cp_channel_open(&e->channel, test_loop(), fd, &options);
  if (rc == 0) return true;
  assert_int_equal(rc, UV_ENOMEM);
  assert_int_equal(error.code, UV_ENOMEM);
  close(fd);
  return false;
}

static void accept_or_refuse(end *e, int rc) {
  if (rc < 0) assert_true(rc == UV_ENOMEM || rc == CP_ECHANNELCLOSED || rc == UV_EPIPE);
  if (rc >= 0) e->accepted++;
}

static void send_object(end *e, const cp_handle *handle) {
  cp_heap *heap = cp_heap_new(NULL);
  cp_value object = cp_value_set(cp_object(heap), "text", cp_string(heap, "some text"));
  (void)cp_value_set(object, "list", cp_value_push(cp_array(heap), cp_value_set(cp_object(heap), "a", cp_number(1.5))));
  cp_send_options options = {.cb = on_sent, .data = e, .handles = handle, .handle_count = handle != NULL};
  if (cp_value_is(object, CP_TYPE_NONE))
    assert_int_not_equal(cp_send(e->channel, object, &options),
                         0); /* which code: it may be no value for other reasons */
  else
    accept_or_refuse(e, cp_send(e->channel, object, &options));
  cp_heap_free(heap);
}

static void ask(end *e) {
  cp_heap *heap = cp_heap_new(NULL);
  cp_value question = cp_value_set(cp_object(heap), "question", cp_number(42));
  int rc = heap != NULL ? cp_request(e->channel, question, 0, on_reply, e) : UV_ENOMEM;
  if (rc >= 0) e->sent++;                                 /* no callback tells of it */
  if (rc < 0 && rc != UV_EINVAL) accept_or_refuse(e, rc); /* UV_EINVAL: the object was not made */
  if (rc < 0) e->replies++;
  if (rc >= 0) e->accepted++;
  cp_heap_free(heap);
}

static void send_text(end *e, size_t length) {
  cp_send_options options = {.cb = on_sent, .data = e};
  char *text = malloc(length);
  if (text == NULL) return;
  memset(text, 'x', length);
  text[0] = text[length - 1] = '"';
  accept_or_refuse(e, cp_send_json(e->channel, text, length, &options));
  free(text);
}

/* Each message has come, or somebody was told that it did not. */
static void check_ends(const end *a, const end *b) {
  assert_int_equal(a->disconnects, 1);
  assert_int_equal(b->disconnects, 1);
  assert_int_equal(a->replies, 1);
  if (a->errors + b->errors > 0) return;
  assert_int_equal(a->sent, a->accepted);
  assert_int_equal(b->messages, a->accepted);
}

/* Both ends have said what they had to. */
static void end_session(end *a, end *b) {
  (void)cp_channel_disconnect(a->channel);
  run_loop();
  check_ends(a, b);
  cp_message_free(b->kept);
  cp_channel_free(b->channel);
}

static void run_session(cp_serialization serialization, bool library, size_t large) {
  static end a, b;
  int fds[2];
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
  if (!open_end(&a, fds[0], serialization, library)) {
    close(fds[1]);
    return;
  }
  if (open_end(&b, fds[1], serialization, library)) {
    cp_handle handle = {.type = CP_HANDLE_NATIVE, .fd = fds[0]};
    send_object(&a, NULL);
    send_object(&a, &handle);
    cp_channel_pause(b.channel);
    send_text(&a, large);
    ask(&a);
    send_object(&a, &handle);
    for (int i = 0; i < 3; i++) (void)uv_run(test_loop(), UV_RUN_NOWAIT);
    cp_channel_resume(b.channel);
    for (int i = 0; i < 50 && a.replies == 0; i++) (void)uv_run(test_loop(), UV_RUN_NOWAIT);
    end_session(&a, &b);
  } else {
    (void)cp_channel_disconnect(a.channel);
  }
  cp_channel_free(a.channel);
  cp_message_free(a.kept);
  run_loop();
}

static void run_json(void) { run_session(CP_SERIALIZATION_JSON, false, 100000); }
static void run_json_library(void) { run_session(CP_SERIALIZATION_JSON, true, 5 << 20); }
static void run_advanced(void) { run_session(CP_SERIALIZATION_ADVANCED, false, 100000); }
static void run_advanced_library(void) { run_session(CP_SERIALIZATION_ADVANCED, true, 5 << 20); }

/* One end encodes its messages itself, and gathers what it sends; the other is to it as Node is. */
static void run_raw(cp_serialization serialization, const void *text, size_t text_length, const void *envelope,
                    size_t envelope_length) {
  static end a, b;
  int fds[2];
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
  raw_ends = true;
  if (!open_end(&a, fds[0], serialization, false)) {
    close(fds[1]);
    raw_ends = false;
    return;
  }
  raw_ends = false;
  if (open_end(&b, fds[1], serialization, false)) {
    cp_handle handle = {.fd = fds[0]};
    cp_send_options plain = {.cb = on_sent, .data = &a}, with = plain;
    with.handles = &handle, with.handle_count = 1;
    a.replies = 1; /* nobody asks */
    cp_channel_cork(a.channel);
    accept_or_refuse(&a, cp_send_raw(a.channel, text, text_length, &plain));
    accept_or_refuse(&a, cp_send_raw(a.channel, envelope, envelope_length, &with));
    cp_channel_uncork(a.channel);
    accept_or_refuse(&a, cp_send_raw(a.channel, text, text_length, &plain));
    handle = (cp_handle){.type = CP_HANDLE_NATIVE, .fd = fds[1]};
    send_object(&b, &handle); /* the other way: confirmed, and delivered in its envelope */
    for (int i = 0; i < 10; i++) (void)uv_run(test_loop(), UV_RUN_NOWAIT);
    end_session(&a, &b);
  } else {
    (void)cp_channel_disconnect(a.channel);
  }
  cp_channel_free(a.channel);
  cp_message_free(a.kept);
  run_loop();
}

static void run_raw_json(void) {
  static const char text[] = "{\"text\":\"some\"}", envelope[] = "{\"cmd\":\"NODE_HANDLE\",\"type\":\"net.Native\"}";
  run_raw(CP_SERIALIZATION_JSON, text, sizeof text - 1, envelope, sizeof envelope - 1);
}

static void run_raw_clone(void) {
  static const char text[] = "\xff\x0f\"\x04some", envelope[] =
                                                       "\xff\x0fo\"\x03"
                                                       "cmd\"\x0bNODE_HANDLE\"\x04type\"\x0anet.Native{\x02";
  run_raw(CP_SERIALIZATION_ADVANCED, text, sizeof text - 1, envelope, sizeof envelope - 1);
}

static void raw_messages_in_json(void **state) {
  (void)state;
  fail_each_allocation(run_raw_json);
}
static void raw_messages_in_structured_clone(void **state) {
  (void)state;
  fail_each_allocation(run_raw_clone);
}

static void run_kill_tree(void) {
  static event_log log;
  cp_options options = log_options(&log);
  cp_child *child;
  if (cp_spawn(&child, test_loop(), HELPER, HELPER_ARGS("chain", "20"), &options) != 0) return;
  while (cp_child_pid(child) > 0 && log.failed == 0 && count_lines(log.out, "pid ") < 20)
    (void)uv_run(test_loop(), UV_RUN_ONCE);
  int rc = cp_child_kill_tree(child, SIGKILL);
  assert_true(rc == 0 || rc == UV_ENOMEM || rc == UV_ESRCH);
  assert_int_equal(cp_child_killed(child), rc != UV_ESRCH);
  for (const char *line = log.out; rc != 0 && (line = strstr(line, "pid ")) != NULL; line++)
    (void)kill(atoi(line + 4), SIGKILL); /* who was not found */
  run_loop();
  cp_child_free(child);
}

static void killing_a_tree(void **state) {
  (void)state;
  fail_each_allocation(run_kill_tree);
}

static void a_session_in_json(void **state) {
  (void)state;
  fail_each_allocation(run_json);
}
static void a_session_in_json_with_shared_memory(void **state) {
  (void)state;
  fail_each_allocation(run_json_library);
}
static void a_session_in_structured_clone(void **state) {
  (void)state;
  fail_each_allocation(run_advanced);
}
static void a_session_in_structured_clone_with_shared_memory(void **state) {
  (void)state;
  fail_each_allocation(run_advanced_library);
}

static void on_echo(cp_channel *channel, cp_message *message, void *data) {
  end *e = data;
  (void)message;
  if (++e->messages == e->accepted) (void)cp_channel_disconnect(channel);
}

static void run_fork(void) {
  static end e;
  static event_log log;
  cp_child *child = NULL;
  cp_error error = {0};
  cp_options options = log_options(&log);
  e = (end){.accepted = 0};
  options.error = &error;
  int rc = cp_fork(&child, test_loop(), WORKER, CP_ARGS("echo"), &options);
  if (rc != 0) {
    assert_int_equal(rc, UV_ENOMEM);
    assert_int_equal(error.code, UV_ENOMEM);
    return;
  }
  e.channel = cp_child_channel(child);
  if (e.channel != NULL) {
    cp_channel_on_message(e.channel, on_echo, &e);
    send_object(&e, NULL);
    send_text(&e, 1000);
    if (e.accepted == 0) (void)cp_channel_disconnect(e.channel);
  }
  run_loop();
  assert_int_equal(log.closed, 1);
  if (log.failed == 0) assert_int_equal(e.messages, e.accepted);
  if (log.failed > 0) assert_int_equal(log.error.code, UV_ENOMEM);
  cp_child_free(child);
}

static void forking_and_talking(void **state) {
  (void)state;
  fail_each_allocation(run_fork);
}

/* With pipes beside the channel, and an environment of any size: what is made of it may or may not need memory anew. */
static char padding[2048] = "PADDING=";

static void run_fork_with_pipes(void) {
  static event_log log;
  cp_child *child = NULL;
  cp_options options = log_options(&log);
  options.env = CP_ARGS("A=1", "B=2", "C=3", "D=4", "E=5", "F=6", "G=7", "H=8", "I=9", "J=10", "K=11", padding);
  options.silent = true;
  int rc = cp_fork(&child, test_loop(), WORKER, CP_ARGS("idle"), &options);
  assert_true(rc == 0 || rc == UV_ENOMEM);
  run_loop();
  assert_int_equal(log.closed, rc == 0);
  if (rc == 0) cp_child_free(child);
}

static void forking_with_pipes(void **state) {
  (void)state;
  for (size_t size = sizeof "PADDING="; size < sizeof padding; size += 130) {
    memset(padding + sizeof "PADDING=" - 1, 'x', size - sizeof "PADDING=");
    fail_each_allocation(run_fork_with_pipes);
  }
}

int main(void) {
#ifndef CP_LAUNCHER_LINUX
  puts("skipped: uv_spawn() aborts the program when it is out of memory");
  return 0;
#endif
  for (size_t i = 0; i < sizeof block; i++) block[i] = (char)('a' + i % 26);
  const struct CMUnitTest tests[] = {
      TEST(spawning_and_writing),
      TEST(gathering_output),
      TEST(gathering_text),
      TEST(going_through_the_shell),
      TEST(running_synchronously),
      TEST(running_a_command_synchronously),
      TEST(aborting),
      TEST(forwarding),
      TEST(forwarding_through_memory),
      TEST(forwarding_to_a_full_pipe),
      TEST(releasing_a_loop),
      TEST(a_session_in_json),
      TEST(a_session_in_json_with_shared_memory),
      TEST(a_session_in_structured_clone),
      TEST(a_session_in_structured_clone_with_shared_memory),
      TEST(forking_and_talking),
      TEST(forking_with_pipes),
      TEST(raw_messages_in_json),
      TEST(raw_messages_in_structured_clone),
      TEST(killing_a_tree),
  };
  return cmocka_run_group_tests(tests, warm_threads, NULL);
}
