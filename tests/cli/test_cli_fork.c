/* test_cli_fork.c - fork: lines to messages and back, the end of the talk, what a worker does to it, the traces. */
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cli_support.h"

/* Runs `child-process fork` with this on its stdin. */
static const cp_result *fork_with(const char *input, const char *const *args) {
  const cp_options options = {CP_INPUT(input)};
  return run_cli_with(args, &options);
}
#define FORK(input, ...) fork_with(input, CP_ARGS("fork", __VA_ARGS__))
#define QUICK "--idle", "50ms"

/* "1\n2\n3\n"..., malloc()ed. */
static char *numbers(int last, size_t *length) {
  char *text = malloc((size_t)last * 8 + 1), *end = text;
  assert_non_null(text);
  for (int i = 1; i <= last; i++) end += sprintf(end, "%d\n", i);
  *length = (size_t)(end - text);
  return text;
}

/* ---------------------------------------------------------------- messages */

static void a_line_is_a_message_and_the_answer_comes_out(void **state) {
  (void)state;
  const cp_result *r = FORK("{\"cmd\":1}\n", QUICK, WORKER, "echo");
  assert_status(r, 0);
  assert_out(r, "{\"cmd\":1}\n");
  assert_err(r, "");
}

static void the_last_line_needs_no_newline_and_empty_lines_are_no_messages(void **state) {
  (void)state;
  const cp_result *r = FORK("\n 1 \r\n\t\n[ 2,\t3 ]\n\r\n\"\xC3\xBC\"", QUICK, WORKER, "echo");
  assert_status(r, 0);
  assert_out(r, "1\n[ 2,\t3 ]\n\"\xC3\xBC\"\n");
}

static void a_bad_line_is_told_with_its_number_and_the_rest_goes_on(void **state) {
  (void)state;
  const cp_result *r = FORK("1\n\nbad\n2\n{\"a\":\n3", QUICK, WORKER, "echo");
  assert_status(r, 125);
  assert_out(r, "1\n2\n3\n");
  assert_err_has(r, "child-process: stdin, line 3: no JSON: unexpected 'b'");
  assert_err_has(r, "child-process: stdin, line 5: the JSON text ends too early");
}

static void a_thousand_lines_come_back_as_they_went(void **state) {
  (void)state;
  size_t length;
  char *text = numbers(1000, &length);
  const cp_result *r = FORK(text, QUICK, WORKER, "echo");
  assert_status(r, 0);
  assert_out(r, text);
  free(text);
}

/* A file is always ready: epoll(7) refuses it. */
static void stdin_and_stdout_may_be_files(void **state) {
  (void)state;
  char in[] = "/tmp/cp-fork-in-XXXXXX", out[] = "/tmp/cp-fork-out-XXXXXX";
  size_t length;
  char *text = numbers(5000, &length), *copy = malloc(length);
  int from = mkostemp(in, O_CLOEXEC), to = mkostemp(out, O_CLOEXEC);
  assert_int_equal(write(from, text, length), (ssize_t)length);
  assert_int_equal(lseek(from, 0, SEEK_SET), 0);
  const cp_options options = {.stdio = CP_STDIO(CP_FD(from), CP_FD(to), CP_PIPE)};
  assert_status(run_cli_with(CP_ARGS("fork", QUICK, WORKER, "echo"), &options), 0);
  assert_int_equal(pread(to, copy, length, 0), (ssize_t)length);
  assert_memory_equal(copy, text, length);
  (void)close(from), (void)close(to), (void)unlink(in), (void)unlink(out);
  free(text), free(copy);
}

static void the_mode_of_a_shared_stdin_and_stdout_stays(void **state) {
  (void)state;
  int in[2], out[2];
  assert_int_equal(pipe2(in, O_CLOEXEC), 0);
  assert_int_equal(pipe2(out, O_CLOEXEC), 0);
  assert_int_equal(write(in[1], "1\n", 2), 2);
  const cp_options options = {.stdio = CP_STDIO(CP_FD(in[0]), CP_FD(out[1]), CP_PIPE)};
  const cp_result *r = run_cli_with(CP_ARGS("fork", "--replies", "1", WORKER, "echo"), &options);
  assert_status(r, 0);
  assert_int_equal(fcntl(in[0], F_GETFL) & O_NONBLOCK, 0);
  assert_int_equal(fcntl(out[1], F_GETFL) & O_NONBLOCK, 0);
  for (int i = 0; i < 2; i++) (void)close(in[i]), (void)close(out[i]);
}

/* ---------------------------------------------------------------- the end of the talk */

static void replies_ends_after_so_many_messages(void **state) {
  (void)state;
  const cp_result *r = FORK("1\n2\n3\n4\n", "--replies", "2", WORKER, "echo");
  assert_status(r, 0);
  assert_out(r, "1\n2\n");
}

static void fewer_replies_are_a_failure(void **state) {
  (void)state;
  const cp_result *r = FORK("1\n", "--replies", "2", QUICK, WORKER, "echo");
  assert_status(r, 125);
  assert_out(r, "1\n");
  assert_err(r, "child-process: 1 of 2 messages came (--replies)\n");
}

/* The answer takes longer than the default second of silence. */
static void who_counts_replies_waits_for_them(void **state) {
  (void)state;
  const cp_result *r = FORK("1\n", "--replies", "1", FORK_WORKER, "late");
  assert_status(r, 0);
  assert_out(r, "\"late\"\n");
}

static void silence_ends_the_talk_and_is_told_if_nothing_came(void **state) {
  (void)state;
  const cp_result *r = FORK("1\n", "--idle", "60ms", FORK_WORKER, "late");
  assert_out(r, "");
  assert_err_has(r, "child-process: no message in 0.06 s after the end of stdin: disconnecting");
}

static void computing_is_not_silence(void **state) {
  (void)state;
  if (access("/proc/self/stat", R_OK) != 0) return;
  const cp_result *r = FORK("1\n", "--idle", "800ms", FORK_WORKER, "compute");
  assert_status(r, 0);
  assert_out(r, "\"computed\"\n");
}

static void idle_0_disconnects_at_once_but_sends_all(void **state) {
  (void)state;
  const cp_result *r = FORK("1\n2\n", "--idle", "0", FORK_WORKER, "die", "2");
  assert_status(r, 128 + SIGKILL);
  assert_out(r, "");
}

static void wait_leaves_the_end_to_the_worker(void **state) {
  (void)state;
  assert_status(FORK("1\n", "--wait", WORKER, "quit"), 7);
  assert_status(FORK("1\n", "--wait", WORKER, "disconnect"), 0);
  assert_status(FORK("", "--wait", WORKER, "idle"), 0);
}

/* ---------------------------------------------------------------- what a worker does */

/* Lines as long as what is read at once: what was read has been sent, and the rest of them is still in the file. */
static const char *file_of_lines(int lines) {
  static char line[65536];
  const char *path = temp_path("lines");
  FILE *file = fopen(path, "we");
  assert_non_null(file);
  memset(line, '7', sizeof line);
  line[0] = line[sizeof line - 2] = '"';
  line[sizeof line - 1] = '\n';
  for (int i = 0; i < lines; i++) assert_int_equal(fwrite(line, sizeof line, 1, file), 1);
  assert_int_equal(fclose(file), 0);
  return path;
}

static void a_worker_that_dies_in_the_middle_decides_the_status(void **state) {
  (void)state;
  const cp_options options = {.stdio = CP_STDIO(CP_READ_FILE(file_of_lines(200)), CP_PIPE, CP_PIPE)};
  const cp_result *r = run_cli_with(CP_ARGS("fork", FORK_WORKER, "die", "3"), &options);
  assert_status(r, 128 + SIGKILL);
  assert_err_has(r, "the worker has closed the channel: not sent from here on");
  assert_ptr_equal(strchr(r->err.bytes, '\n'), r->err.bytes + r->err.length - 1); /* once */
  assert_status(run_cli_with(CP_ARGS("fork", WORKER, "quit"), &options), 7);
}

static void what_is_no_message_is_told_and_is_a_failure(void **state) {
  (void)state;
  const cp_result *r = FORK("1\n", "--wait", FORK_WORKER, "garbage");
  assert_status(r, 125);
  assert_err_has(r, "child-process: from the worker: no JSON: ");
}

static void a_message_beyond_the_limit_is_a_failure(void **state) {
  (void)state;
  const cp_result *r = FORK("\"1234567890\"\n", QUICK, "--max-message", "8", WORKER, "echo");
  assert_status(r, 125);
  assert_out(r, "");
}

static void handles_are_noted_and_closed(void **state) {
  (void)state;
  const cp_result *r = FORK("1\n", "--replies", "1", FORK_WORKER, "handle");
  assert_status(r, 0);
  assert_out(r, "\"file\"\n");
  assert_err(r, "child-process: message 1 came with a handle, which is closed: fd\n");
}

static void its_own_output_is_kept_apart_from_messages(void **state) {
  (void)state;
  const cp_result *r = FORK("1\n", "--replies", "1", FORK_WORKER, "print");
  assert_out(r, "\"printed\"\n");
  assert_err(r, "on stdout\non stderr\n");
  r = FORK("1\n", "--replies", "1", "--worker-stdio", "inherit", FORK_WORKER, "print");
  assert_out(r, "on stdout\n\"printed\"\n");
  assert_err(r, "on stderr\n");
  r = FORK("1\n", "--replies", "1", "--worker-stdio", "ignore", FORK_WORKER, "print");
  assert_out(r, "\"printed\"\n");
  assert_err(r, "");
}

static void arguments_and_environment_reach_it(void **state) {
  (void)state;
  const cp_result *r = FORK("", "-e", "MARK=x", FORK_WORKER, "arguments", "--trace", "b c");
  assert_status(r, 0);
  assert_out(r, "[\"arguments\",\"--trace\",\"b c\",\"x\"]\n");
  r = FORK("", "--exec-path", FORK_WORKER, "--exec-argv", "arguments", "--exec-argv", "-i", "module.js", "d");
  assert_out(r, "[\"arguments\",\"-i\",\"module.js\",\"d\",null]\n");
}

static void one_that_cannot_start_is_told_as_always(void **state) {
  (void)state;
  assert_status(FORK("1\n", "--exec-path", "/no/such", "w"), 127);
  assert_status(FORK("1\n", "-C", "/no/such", WORKER), 125);
  assert_status(FORK("1\n", "--exec-path", "/", "w"), 126);
  assert_status(FORK("1\n", "--trace-file", "/no/such/file", WORKER), 125);
  assert_status(FORK("1\n", "--trace-file", "/dev/full", WORKER), 125);
}

static void a_timeout_ends_it(void **state) {
  (void)state;
  const cp_result *r = FORK("", "--timeout", "100ms", "--wait", WORKER, "echo");
  assert_status(r, 124);
  assert_err(r, "child-process: timed out after 0.1 s: SIGTERM sent\n");
}

/* ---------------------------------------------------------------- structured clone */

static void values_that_json_lacks_are_named_and_stdout_stays_json(void **state) {
  (void)state;
  const cp_result *r = FORK("1\n", "--serialization", "advanced", QUICK, FORK_WORKER, "odd");
  assert_status(r, 125);
  assert_out(r, "{}\n7\n");
  assert_err_has(r, "child-process: message 1 is not printed: ");
  assert_err_has(r, "child-process: message 2 is not printed: ");
}

static void inspect_style_shows_all_values(void **state) {
  (void)state;
  const cp_result *r = FORK("1\n", "--serialization", "advanced", "--inspect-style", QUICK, FORK_WORKER, "odd");
  assert_status(r, 0);
  assert_out(r, "undefined\n12345678901n\nMap(1) { 'a' => 1 }\n7\n");
}

static void json_goes_over_an_advanced_channel_and_back(void **state) {
  (void)state;
  const cp_result *r = FORK("{\"a\":[1,null,\"x\"]}\n", "--serialization=advanced", QUICK, WORKER, "echo");
  assert_status(r, 0);
  assert_out(r, "{\"a\":[1,null,\"x\"]}\n");
}

/* ---------------------------------------------------------------- much, and slow readers */

enum { LINE_BYTES = 101, MEMORY_LIMIT = 16 << 20 }; /* the program itself takes about 3 MiB */

/* A run of the program that is watched while it goes on. */
typedef struct watched {
  cp_child *child;
  size_t length; /* bytes that came */
  bool differs;  /* they are not LINE over and over */
  cp_exit exit;
} watched;

static char line_byte(size_t at) { return at % LINE_BYTES == LINE_BYTES - 1 ? '\n' : '7'; }

static void on_output(cp_child *child, const char *bytes, size_t length, void *data) {
  watched *w = data;
  (void)child;
  for (size_t i = 0; i < length; i++) w->differs = w->differs || bytes[i] != line_byte(w->length + i);
  w->length += length;
}

static void on_closed(cp_child *child, const cp_exit *exit, void *data) {
  watched *w = data;
  (void)child;
  w->exit = *exit;
}

/* Starts it with so little memory that it cannot pile up what goes through. */
static void start(watched *w, const char *const *args, cp_options options) {
  options.on_close = on_closed;
  options.data = w;
  assert_int_equal(cp_spawn(&w->child, test_loop(), CLI, args, &options), 0);
#ifndef CP_SANITIZED
  const struct rlimit limit = {MEMORY_LIMIT, MEMORY_LIMIT};
  if (getenv("CP_VALGRIND") == NULL) assert_int_equal(prlimit(cp_child_pid(w->child), RLIMIT_DATA, &limit, NULL), 0);
#endif
}

static void a_million_lines_go_through_in_constant_memory(void **state) {
  (void)state;
  enum { LINES = 1000000 };
  size_t length = (size_t)LINES * LINE_BYTES;
  watched w = {0};
  char *text = malloc(length);
  assert_non_null(text);
  for (size_t i = 0; i < length; i++) text[i] = line_byte(i);
  start(&w, CP_ARGS("fork", QUICK, FORK_WORKER, "relay"),
        (cp_options){.input = text, .input_length = length, .on_stdout = on_output});
  run_loop();
  assert_int_equal(w.exit.code, 0);
  assert_int_equal(w.length, length);
  assert_false(w.differs);
  cp_child_free(w.child);
  free(text);
}

static void wake(uv_timer_t *timer) {
  watched *w = timer->data;
  cp_stream_resume(cp_child_stdout(w->child));
  uv_close((uv_handle_t *)timer, NULL);
}

/* For a while nobody reads. Whether all of it fills up in that time or not: nothing is lost, nothing is piled up. */
static void a_slow_reader_of_stdout_holds_up_the_worker(void **state) {
  (void)state;
  uv_timer_t timer;
  watched w = {0};
  start(&w, CP_ARGS("fork", "--wait", FORK_WORKER, "flood", "1000"), (cp_options){.on_stdout = on_output});
  cp_stream_pause(cp_child_stdout(w.child));
  assert_int_equal(uv_timer_init(test_loop(), &timer), 0);
  timer.data = &w;
  assert_int_equal(uv_timer_start(&timer, wake, 300, 0), 0);
  run_loop();
  assert_int_equal(w.exit.code, 0);
  assert_int_equal(w.length, 1000 * 100001);
  cp_child_free(w.child);
}

/* A worker that reads nothing holds up stdin. */
static void a_slow_worker_holds_up_stdin(void **state) {
  (void)state;
  size_t length = (size_t)64 << 20;
  watched w = {0};
  char *text = malloc(length);
  assert_non_null(text);
  for (size_t i = 0; i < length; i++) text[i] = line_byte(i);
  start(&w, CP_ARGS("fork", FORK_WORKER, "deaf"),
        (cp_options){.input = text, .input_length = length, .on_stdout = on_output});
  run_loop();
  assert_int_equal(w.exit.code, 3);
  cp_child_free(w.child);
  free(text);
}

static void a_reader_that_goes_away_ends_the_talk(void **state) {
  (void)state;
  int out[2];
  assert_int_equal(pipe2(out, O_CLOEXEC), 0);
  (void)close(out[0]);
  const cp_options options = {.stdio = CP_STDIO(CP_PIPE, CP_FD(out[1]), CP_PIPE), CP_INPUT("1\n2\n")};
  const cp_result *r = run_cli_with(CP_ARGS("fork", WORKER, "count"), &options);
  assert_status(r, 0); /* nothing was to be written */
  r = run_cli_with(CP_ARGS("fork", "--wait", FORK_WORKER, "print"), &options);
  assert_status(r, 125);
  assert_err_has(r, "child-process: stdout: broken pipe\n");
  (void)close(out[1]);
}

/* ---------------------------------------------------------------- signals */

static void send_signal(cp_child *child, const char *bytes, size_t length, void *data) {
  (void)bytes, (void)length, (void)data;
  (void)cp_child_kill(child, SIGTERM);
}

static void a_signal_goes_on_to_the_worker(void **state) {
  (void)state;
  watched w = {0};
  start(&w, CP_ARGS("fork", WORKER, "echo"), (cp_options){.on_stdout = send_signal});
  assert_int_equal(cp_stream_write(cp_child_stdin(w.child), "1\n", 2, NULL, NULL), 0);
  run_loop();
  assert_int_equal(w.exit.code, 128 + SIGTERM);
  cp_child_free(w.child);
}

/* ---------------------------------------------------------------- traces */

static void trace_shows_every_frame_and_the_life_of_the_worker(void **state) {
  (void)state;
  const cp_result *r = FORK("{\"a\":1}\n", "--trace", "--replies", "1", WORKER, "echo");
  assert_status(r, 0);
  assert_out(r, "{\"a\":1}\n");
  assert_err_has(r, "[IPC] +");
  assert_err_has(r, " ms spawned pid ");
  assert_err_has(r, " ms sent 7 bytes: {\"a\":1}\n");
  assert_err_has(r, " ms received 7 bytes: {\"a\":1}\n");
  assert_err_has(r, " bytes, internal: {\"cmd\":\"NODE_");
  assert_err_has(r, " ms disconnected\n");
  assert_err_has(r, " ms exited with 0\n");
}

static void trace_shows_handles_and_the_signal_at_the_end(void **state) {
  (void)state;
  assert_err_has(FORK("1\n", "--trace", "--replies", "1", FORK_WORKER, "handle"), ", 1 handle: ");
  assert_err_has(FORK("1\n", "--trace", FORK_WORKER, "die", "1"), " ms ended by SIGKILL\n");
}

static void trace_shows_structured_clone_as_values(void **state) {
  (void)state;
  const cp_result *r = FORK("{\"a\":[1]}\n", "--trace", "--serialization", "advanced", QUICK, WORKER, "echo");
  assert_err_has(r, ": { a: [ 1 ] }\n");
}

/* What a terminal would obey does not reach it, and a long payload is cut between characters. */
static void trace_shows_the_start_of_a_payload_and_no_control_characters(void **state) {
  (void)state;
  char text[512] = "\"\xC2\x9B";
  for (int i = 0; i < 100; i++) (void)strcat(text, "\xC3\xA4");
  (void)strcat(text, "\"\n");
  const cp_result *r = FORK(text, "--trace", "--replies", "1", WORKER, "echo");
  assert_err_has(r, "\xC3\xA4...\n");
  assert_err_has(r, "sent 204 bytes: \"..\xC3\xA4");
  assert_null(strstr(r->err.bytes, "\xC2\x9B"));
}

typedef struct trace_counts {
  int sent, received, begins, ends, named;
} trace_counts;

static trace_counts count_events(const cJSON *events) {
  trace_counts counts = {0};
  const cJSON *event;
  double last = 0;
  cJSON_ArrayForEach(event, events) {
    const char *phase = text_at(event, "ph");
    if (*phase == 'M') {
      counts.named++;
      continue;
    }
    assert_true(number_at(event, "ts") >= 0);
    counts.begins += *phase == 'B';
    counts.ends += *phase == 'E';
    if (*phase == 'B') last = number_at(event, "ts");
    if (*phase == 'E') assert_true(number_at(event, "ts") > last);
    if (*phase != 'i' || strcmp(text_at(event, "name"), "disconnected") == 0) continue;
    bool sent = strcmp(text_at(event, "args.direction"), "sent") == 0;
    assert_int_equal((int)number_at(event, "tid"), sent ? 2 : 3);
    if (cJSON_IsTrue(member(event, "args.internal"))) continue;
    assert_string_equal(text_at(event, "args.payload"), "{\"q\":\"\\\"\\\\\"}");
    assert_int_equal((int)number_at(event, "args.bytes"), 12);
    counts.sent += sent;
    counts.received += !sent;
  }
  return counts;
}

static void a_trace_file_is_json_that_perfetto_opens(void **state) {
  (void)state;
  char path[] = "/tmp/cp-fork-trace-XXXXXX";
  (void)close(mkostemp(path, O_CLOEXEC));
  const cp_result *r =
      FORK("{\"q\":\"\\\"\\\\\"}\n{\"q\":\"\\\"\\\\\"}\n", "--trace-file", path, "--replies", "2", WORKER, "echo");
  assert_status(r, 0);
  assert_err(r, "");
  char *text = read_file(path);
  cJSON *trace = cJSON_Parse(text);
  assert_non_null(trace);
  trace_counts counts = count_events(member(trace, "traceEvents"));
  assert_int_equal(counts.sent, 2);
  assert_int_equal(counts.received, 2);
  assert_int_equal(counts.begins, 1);
  assert_int_equal(counts.ends, 1);
  assert_int_equal(counts.named, 4);
  cJSON_Delete(trace);
  free(text);
  (void)unlink(path);
}

/* ---------------------------------------------------------------- Node, and usage */

static const char node_worker[] = "process.on('message', m => process.send({got: m, map: new Map([[1, m]])}));";

static void a_node_worker_answers_in_both_serializations(void **state) {
  (void)state;
  char path[] = "/tmp/cp-fork-XXXXXX.js", *node;
  if (cp_which(&node, "node", NULL) != 0) skip();
  cp_free(node);
  int fd = mkostemps(path, 3, O_CLOEXEC);
  assert_int_equal(write(fd, node_worker, sizeof node_worker - 1), (ssize_t)sizeof node_worker - 1);
  (void)close(fd);
  const cp_result *r = FORK("{\"cmd\":1}\n", path);
  assert_status(r, 0);
  assert_out(r, "{\"got\":{\"cmd\":1},\"map\":{}}\n");
  r = FORK("2\n", "--inspect-style", "--serialization", "advanced", "--replies", "1", path);
  assert_status(r, 0);
  assert_out(r, "{ got: 2, map: Map(1) { 1 => 2 } }\n");
  (void)unlink(path);
}

static void assert_refused(const char *const *args, const char *says) {
  const cp_result *r = run_cli(args);
  assert_status(r, 125);
  assert_err_has(r, says);
}

static void wrong_words_are_refused(void **state) {
  (void)state;
  assert_refused(CP_ARGS("fork"), "no worker given (child-process fork --help)");
  assert_refused(CP_ARGS("fork", "--json", "w"), "unknown option '--json'");
  assert_refused(CP_ARGS("run", "--replies", "1", "w"), "unknown option '--replies'");
  assert_refused(CP_ARGS("fork", "--replies", "0", "w"), "--replies: '0' is not a number, 1 or more");
  assert_refused(CP_ARGS("fork", "--replies", "1x", "w"), "--replies: '1x' is not a number");
  assert_refused(CP_ARGS("fork", "--serialization", "xml", "w"), "is not json or advanced");
  assert_refused(CP_ARGS("fork", "--worker-stdio", "pipe", "w"), "is not one of stderr, inherit, ignore");
  assert_refused(CP_ARGS("fork", "--idle", "long", "w"), "is not a duration");
  assert_refused(CP_ARGS("fork", "--wait", "--idle", "1", "w"), "--wait and --idle exclude each other");
}

static void help_lists_its_options_and_no_others(void **state) {
  (void)state;
  static const char *const names[] = {
      "--serialization HOW", "--inspect-style",    "--replies N",      "--idle DURATION",         "--wait ",
      "--max-message BYTES", "--exec-path FILE",   "--exec-argv WORD", "--worker-stdio WHERE",    "--trace ",
      "--trace-file FILE",   "--timeout DURATION", "-C, --cwd DIR",    "--die-with-parent[=SIG]", "-h, --help"};
  const cp_result *r = CLI_RUN("fork", "--help");
  assert_status(r, 0);
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (strstr(r->out.bytes, names[i]) == NULL) fail_msg("%s is not in --help", names[i]);
  assert_null(strstr(r->out.bytes, "--stdio SPEC"));
  for (const char *line = r->out.bytes; *line != '\0'; line += strcspn(line, "\n") + 1)
    assert_true(strcspn(line, "\n") <= 120);
  assert_null(strstr(CLI_RUN("run", "--help")->out.bytes, "--replies"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      CLI_TEST(a_line_is_a_message_and_the_answer_comes_out),
      CLI_TEST(the_last_line_needs_no_newline_and_empty_lines_are_no_messages),
      CLI_TEST(a_bad_line_is_told_with_its_number_and_the_rest_goes_on),
      CLI_TEST(a_thousand_lines_come_back_as_they_went),
      CLI_TEST(stdin_and_stdout_may_be_files),
      CLI_TEST(the_mode_of_a_shared_stdin_and_stdout_stays),
      CLI_TEST(replies_ends_after_so_many_messages),
      CLI_TEST(fewer_replies_are_a_failure),
      CLI_TEST(who_counts_replies_waits_for_them),
      CLI_TEST(silence_ends_the_talk_and_is_told_if_nothing_came),
      CLI_TEST(computing_is_not_silence),
      CLI_TEST(idle_0_disconnects_at_once_but_sends_all),
      CLI_TEST(wait_leaves_the_end_to_the_worker),
      CLI_TEST(a_worker_that_dies_in_the_middle_decides_the_status),
      CLI_TEST(what_is_no_message_is_told_and_is_a_failure),
      CLI_TEST(a_message_beyond_the_limit_is_a_failure),
      CLI_TEST(handles_are_noted_and_closed),
      CLI_TEST(its_own_output_is_kept_apart_from_messages),
      CLI_TEST(arguments_and_environment_reach_it),
      CLI_TEST(one_that_cannot_start_is_told_as_always),
      CLI_TEST(a_timeout_ends_it),
      CLI_TEST(values_that_json_lacks_are_named_and_stdout_stays_json),
      CLI_TEST(inspect_style_shows_all_values),
      CLI_TEST(json_goes_over_an_advanced_channel_and_back),
      CLI_TEST(a_million_lines_go_through_in_constant_memory),
      CLI_TEST(a_slow_reader_of_stdout_holds_up_the_worker),
      CLI_TEST(a_slow_worker_holds_up_stdin),
      CLI_TEST(a_reader_that_goes_away_ends_the_talk),
      CLI_TEST(a_signal_goes_on_to_the_worker),
      CLI_TEST(trace_shows_every_frame_and_the_life_of_the_worker),
      CLI_TEST(trace_shows_handles_and_the_signal_at_the_end),
      CLI_TEST(trace_shows_structured_clone_as_values),
      CLI_TEST(trace_shows_the_start_of_a_payload_and_no_control_characters),
      CLI_TEST(a_trace_file_is_json_that_perfetto_opens),
      CLI_TEST(a_node_worker_answers_in_both_serializations),
      CLI_TEST(wrong_words_are_refused),
      CLI_TEST(help_lists_its_options_and_no_others),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
