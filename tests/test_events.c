/* test_events.c - the order of events, and that every function may be called in every callback. */
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support.h"

/* ---------------------------------------------------------------- order */

static void output_comes_before_the_exit_and_the_exit_before_the_close(void **state) {
  (void)state;
  event_log log;
  cp_options options = log_options(&log);
  run_helper(&log, HELPER_ARGS("write", "1", "a", "--", "exit", "3"), &options);
  assert_string_equal(log.text, "spawn out exit:3 close:3");
}

static void errors_of_the_start_come_instead_of_spawn_and_exit(void **state) {
  (void)state;
  event_log log;
  cp_options options = log_options(&log);
  cp_child *child;
  options.cwd = "/no/such/directory";
  assert_int_equal(cp_spawn(&child, test_loop(), HELPER, HELPER_ARGS("exit", "0"), &options), 0);
  assert_string_equal(log.text, "");
  run_loop();
  assert_string_equal(log.text, "error:ENOENT:chdir close:-2");
  cp_child_free(child);
}

typedef struct exit_lengths {
  event_log log;
  size_t out_at_exit, err_at_exit;
} exit_lengths;

static void note_lengths_at_exit(cp_child *child, const cp_exit *exit, void *data) {
  exit_lengths *seen = data;
  (void)child;
  (void)exit;
  seen->out_at_exit = seen->log.out_length;
  seen->err_at_exit = seen->log.err_length;
  seen->log.exited++;
}

/* A pipe holds 64 KiB: all of this is still in there when the process ends. */
static void what_was_written_before_the_exit_comes_before_on_exit(void **state) {
  (void)state;
  static exit_lengths seen;
  cp_options options = log_options(&seen.log);
  options.on_exit = note_lengths_at_exit;
  run_helper(&seen.log, HELPER_ARGS("fill", "1", "60000", "--", "fill", "2", "50000"), &options);
  assert_int_equal(seen.out_at_exit, 60000);
  assert_int_equal(seen.err_at_exit, 50000);
  assert_int_equal(seen.log.out_length, 60000);
}

static void megabytes_on_both_streams_come_before_on_exit(void **state) {
  (void)state;
  static exit_lengths seen;
  cp_options options = log_options(&seen.log);
  options.on_exit = note_lengths_at_exit;
  run_helper(&seen.log, HELPER_ARGS("fill", "1", "5000000", "--", "fill", "2", "3000000", "--", "fill", "1", "2000000"),
             &options);
  assert_int_equal(seen.out_at_exit, 7000000);
  assert_int_equal(seen.err_at_exit, 3000000);
}

static void a_pipe_of_one_mebibyte_is_emptied_before_on_exit(void **state) {
  (void)state;
  static exit_lengths seen;
  cp_options options = log_options(&seen.log);
  options.on_exit = note_lengths_at_exit;
  options.pipe_size_bytes = 1 << 20;
  run_helper(&seen.log, HELPER_ARGS("fill", "1", "1000000"), &options);
  assert_int_equal(seen.out_at_exit, 1000000);
}

static void socket_pairs_are_emptied_before_on_exit(void **state) {
  (void)state;
  static exit_lengths seen;
  cp_options options = log_options(&seen.log);
  options.on_exit = note_lengths_at_exit;
  options.stdio = CP_ALL_OVERLAPPED;
  run_helper(&seen.log, HELPER_ARGS("fill", "1", "60000", "--", "fill", "2", "50000"), &options);
  assert_int_equal(seen.out_at_exit, 60000);
  assert_int_equal(seen.err_at_exit, 50000);
}

/* A grandchild that holds the child's stdout until the test closes `hold`. */
static int begin_held(cp_child **child, const cp_options *base, const char *const *args) {
  int hold[2];
  cp_options options = *base;
  assert_int_equal(pipe2(hold, O_CLOEXEC), 0);
  options.stdio = CP_STDIO(CP_FD(hold[0]), CP_PIPE, CP_PIPE);
  assert_int_equal(cp_spawn(child, test_loop(), HELPER, args, &options), 0);
  close(hold[0]);
  return hold[1];
}

static void the_close_waits_for_a_grandchild_that_holds_a_pipe(void **state) {
  (void)state;
  event_log log;
  cp_child *child;
  cp_options options = log_options(&log);
  int hold = begin_held(&child, &options, HELPER_ARGS("fork", "cat", "--", "exit", "4"));
  run_until(&log.exited);
  for (int i = 0; i < 20; i++) uv_run(test_loop(), UV_RUN_NOWAIT);
  assert_string_equal(log.text, "spawn exit:4");
  assert_int_equal(write(hold, "late", 4), 4);
  close(hold);
  run_loop();
  assert_string_equal(log.text, "spawn exit:4 out close:4");
  assert_string_equal(log.out, "late");
  cp_child_free(child);
}

static void streams_may_end_long_before_the_process(void **state) {
  (void)state;
  event_log log;
  cp_options options = log_options(&log);
  cp_child *child;
  assert_int_equal(
      cp_spawn(&child, test_loop(), HELPER,
               HELPER_ARGS("close", "1", "--", "close", "2", "--", "read", "1", "--", "exit", "7"), &options),
      0);
  run_until(&log.spawned);
  assert_int_equal(cp_stream_write(cp_child_stdin(child), "x", 1, NULL, NULL), 0);
  run_loop();
  assert_int_equal(log.closed, 1);
  assert_int_equal(log.exited, 1);
  cp_child_free(child);
}

static void a_child_without_pipes_closes_after_its_exit(void **state) {
  (void)state;
  event_log log;
  cp_options options = log_options(&log);
  options.stdio = CP_ALL_IGNORE;
  run_helper(&log, HELPER_ARGS("exit", "5"), &options);
  assert_string_equal(log.text, "spawn exit:5 close:5");
}

static void a_child_without_callbacks_runs_and_ends(void **state) {
  (void)state;
  cp_child *child;
  assert_int_equal(cp_spawn(&child, test_loop(), HELPER, HELPER_ARGS("fill", "1", "60000"), NULL), 0);
  run_loop();
  assert_int_equal(cp_child_exit_code(child), 0);
  cp_child_free(child);
}

static void a_child_that_nobody_keeps_frees_itself(void **state) {
  (void)state;
  event_log log;
  cp_options options = log_options(&log);
  assert_int_equal(cp_spawn(NULL, test_loop(), HELPER, HELPER_ARGS("echo", "x"), &options), 0);
  run_loop();
  assert_string_equal(log.text, "spawn out exit:0 close:0");
  assert_int_equal(cp_spawn(NULL, test_loop(), "no-such-program", NULL, &options), 0);
  run_loop();
}

static void the_exit_and_the_close_tell_the_same(void **state) {
  (void)state;
  event_log log;
  cp_options options = log_options(&log);
  run_helper(&log, HELPER_ARGS("raise", "10"), &options);
  assert_int_equal(log.exit.signal, SIGUSR1);
  assert_int_equal(log.exit.code, -1);
  assert_memory_equal(&log.exit.usage, &log.close.usage, sizeof log.exit.usage);
  assert_int_equal(log.exit.duration_us, log.close.duration_us);
  assert_int_equal(log.close.signal, SIGUSR1);
  assert_int_equal(log.close.reason, CP_REASON_SIGNALLED);
}

/* ---------------------------------------------------------------- freeing what runs */

static void a_freed_child_says_nothing_and_is_reaped(void **state) {
  (void)state;
  event_log log;
  cp_options options = log_options(&log);
  cp_child *child;
  assert_int_equal(cp_spawn(&child, test_loop(), HELPER, HELPER_ARGS("cat"), &options), 0);
  cp_child_free(child);
  reap_freed();
  assert_string_equal(log.text, "");
}

static void a_freed_child_goes_on(void **state) {
  (void)state;
  const char *path = temp_path("file");
  event_log log;
  cp_options options = log_options(&log);
  cp_child *child;
  options.stdio = CP_STDIO(CP_PIPE, CP_WRITE_FILE(path));
  assert_int_equal(cp_spawn(&child, test_loop(), HELPER, HELPER_ARGS("count", "0", "--", "echo", "done"), &options), 0);
  run_until(&log.spawned);
  cp_child_free(child);
  reap_freed();
  char *text = read_file(path);
  assert_string_equal(text, "0\ndone\n");
  free(text);
  assert_string_equal(log.text, "spawn");
}

static void a_freed_child_does_not_keep_the_loop_alive(void **state) {
  (void)state;
  cp_child *child;
  cp_options options = {.stdio = CP_ALL_IGNORE};
  assert_int_equal(cp_spawn(&child, test_loop(), HELPER, HELPER_ARGS("pause"), &options), 0);
  int pid = cp_child_pid(child);
  cp_child_free(child);
  run_loop(); /* returns at once */
  kill(pid, SIGKILL);
  reap_freed();
}

static void an_unrefed_child_does_not_keep_the_loop_alive(void **state) {
  (void)state;
  event_log log;
  cp_options options = log_options(&log);
  cp_child *child;
  options.stdio = CP_ALL_IGNORE;
  assert_int_equal(cp_spawn(&child, test_loop(), HELPER, HELPER_ARGS("pause"), &options), 0);
  cp_child_unref(child);
  cp_child_unref(child);
  run_loop();
  assert_string_equal(log.text, "spawn");
  cp_child_ref(child);
  cp_child_ref(child);
  assert_int_equal(cp_child_kill(child, SIGKILL), 0);
  run_loop();
  assert_string_equal(log.text, "spawn exit:SIGKILL close:SIGKILL");
  cp_child_free(child);
}

static void unrefed_streams_do_not_keep_the_loop_alive(void **state) {
  (void)state;
  event_log log;
  cp_options options = log_options(&log);
  cp_child *child;
  assert_int_equal(cp_spawn(&child, test_loop(), HELPER, HELPER_ARGS("pause"), &options), 0);
  cp_child_unref(child);
  cp_stream_unref(cp_child_stdout(child));
  run_until(&log.spawned);
  cp_stream_unref(cp_child_stderr(child));
  run_loop();
  assert_string_equal(log.text, "spawn");
  cp_child_ref(child);
  cp_stream_ref(cp_child_stdout(child));
  cp_stream_ref(cp_child_stderr(child));
  assert_int_equal(cp_child_kill(child, SIGKILL), 0);
  run_loop();
  assert_int_equal(log.closed, 1);
  cp_child_free(child);
}

/* ---------------------------------------------------------------- every function in every callback */

typedef enum callback_kind {
  SPAWN,
  ERROR,
  STDOUT,
  STDERR,
  EXIT,
  CLOSE,
  RESULT,
  READ,
  WRITE,
  DRAIN,
  FORWARD,
  KINDS
} callback_kind;
static const char *const kind_names[] = {"on_spawn",  "on_error", "on_stdout", "on_stderr", "on_exit",   "on_close",
                                         "on_result", "read_cb",  "write_cb",  "drain_cb",  "forward_cb"};

/* A child with all kinds of streams, one action that is done in one kind of callback, and what has been seen. */
typedef struct event_scene {
  callback_kind at;
  void (*action)(struct event_scene *scene);
  const char *action_name;
  cp_child *child;
  int seen[KINDS];
  bool acted, freed, over, exec, keeps_no_handle;
  int inside; /* a function of the library is running: no callback may come */
  uv_timer_t rescue;
} event_scene;

static void fail_scene(const event_scene *scene, const char *what) {
  fail_msg("%s in %s: %s", scene->action_name, kind_names[scene->at], what);
}

static void in_callback(event_scene *scene, callback_kind kind, cp_child *child) {
  if (scene->inside) fail_scene(scene, "a callback inside a call");
  if (scene->freed) fail_scene(scene, kind_names[kind]);
  if (scene->seen[CLOSE] && kind != RESULT) fail_scene(scene, "a callback after on_close");
  if (kind != SPAWN && kind != ERROR && !scene->seen[SPAWN] && !scene->seen[ERROR])
    fail_scene(scene, "a callback before on_spawn");
  scene->seen[kind]++;
  if (kind == (scene->exec ? RESULT : CLOSE)) scene->over = true;
  if (kind != scene->at || scene->acted) return;
  scene->acted = true;
  scene->child = child;
  scene->inside++;
  scene->action(scene);
  scene->inside--;
}

static void feed(event_scene *scene, cp_child *child);

static void scene_spawn(cp_child *child, void *data) {
  event_scene *scene = data;
  scene->inside++;
  if (scene->keeps_no_handle) feed(scene, child);
  scene->inside--;
  in_callback(scene, SPAWN, child);
}
static void scene_error(cp_child *child, const cp_error *error, void *data) {
  assert_int_not_equal(error->code, 0);
  in_callback(data, ERROR, child);
}
static void scene_stdout(cp_child *child, const char *bytes, size_t length, void *data) {
  assert_true(bytes != NULL && length > 0);
  in_callback(data, STDOUT, child);
}
static void scene_stderr(cp_child *child, const char *bytes, size_t length, void *data) {
  assert_true(bytes != NULL && length > 0);
  in_callback(data, STDERR, child);
}
static void scene_exit(cp_child *child, const cp_exit *exit, void *data) {
  assert_non_null(exit);
  in_callback(data, EXIT, child);
}
static void scene_close(cp_child *child, const cp_exit *exit, void *data) {
  assert_non_null(exit);
  in_callback(data, CLOSE, child);
}
static void scene_result(cp_child *child, const cp_error *error, const cp_result *result, void *data) {
  (void)error;
  assert_non_null(result);
  in_callback(data, RESULT, child);
}
static void scene_read(cp_stream *stream, const char *bytes, ssize_t length, void *data) {
  assert_true((bytes != NULL) == (length > 0));
  in_callback(data, READ, cp_stream_child(stream));
}
static void scene_write(cp_stream *stream, int status, void *data) {
  (void)status;
  in_callback(data, WRITE, cp_stream_child(stream));
}
static void scene_drain(cp_stream *stream, int status, void *data) {
  assert_int_equal(status, 0);
  in_callback(data, DRAIN, cp_stream_child(stream));
}
static void scene_forward(cp_stream *stream, int status, void *data) {
  (void)status;
  in_callback(data, FORWARD, cp_stream_child(stream));
}

enum { ENTRIES = 5 };
#define EACH_STREAM(scene, call)                                                                                       \
  for (int fd = 0; fd < ENTRIES; fd++) {                                                                               \
    cp_stream *stream = cp_child_stream((scene)->child, fd);                                                           \
    (void)(call);                                                                                                      \
  }

static void act_nothing(event_scene *scene) { (void)scene; }
static void act_free(event_scene *scene) {
  cp_child_free(scene->child);
  scene->freed = scene->over = true;
}
static void act_free_twice_by_kill(event_scene *scene) {
  (void)cp_child_kill(scene->child, SIGKILL);
  act_free(scene);
}
static void act_close(event_scene *scene) { EACH_STREAM(scene, (cp_stream_close(stream), cp_stream_close(stream), 0)) }
static void act_pause(event_scene *scene) { EACH_STREAM(scene, (cp_stream_pause(stream), cp_stream_pause(stream), 0)) }
static void act_pause_and_resume(event_scene *scene) {
  EACH_STREAM(scene, (cp_stream_pause(stream), cp_stream_resume(stream), 0))
}
static void act_read(event_scene *scene) { EACH_STREAM(scene, cp_stream_read(stream, scene_read, scene)) }
static void act_read_nothing(event_scene *scene) { EACH_STREAM(scene, cp_stream_read(stream, NULL, NULL)) }
static void act_write(event_scene *scene) {
  static char block[100000];
  EACH_STREAM(scene, cp_stream_write(stream, block, sizeof block, scene_write, scene))
  EACH_STREAM(scene, cp_stream_write(stream, "", 0, scene_write, scene))
}
static void act_end(event_scene *scene) { EACH_STREAM(scene, cp_stream_end(stream)) }
static void act_take_fd(event_scene *scene) {
  for (int fd = 0; fd < ENTRIES; fd++) {
    int taken = cp_stream_take_fd(cp_child_stream(scene->child, fd));
    if (taken >= 0) close(taken);
  }
}
static void act_forward(event_scene *scene) {
  EACH_STREAM(scene, cp_stream_forward(stream, cp_child_stdin(scene->child), scene_forward, scene))
}
static void act_forward_to_itself(event_scene *scene) {
  EACH_STREAM(scene, cp_stream_forward(stream, stream, scene_forward, scene))
}
static void act_forward_fd(event_scene *scene) {
  int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
  EACH_STREAM(scene, cp_stream_forward_fd(stream, null, scene_forward, scene))
  close(null);
}
static void act_kill(event_scene *scene) { (void)cp_child_kill(scene->child, 0); }
static void act_unref(event_scene *scene) {
  cp_child_unref(scene->child);
  EACH_STREAM(scene, (cp_stream_unref(stream), 0))
}
static void act_spawn_another(event_scene *scene) {
  assert_int_equal(cp_spawn(NULL, cp_child_loop(scene->child), HELPER, HELPER_ARGS("exit", "0"), NULL), 0);
}

static const struct {
  const char *name;
  void (*act)(event_scene *scene);
} actions[] = {
    {"nothing", act_nothing},
    {"cp_child_free", act_free},
    {"cp_child_kill, cp_child_free", act_free_twice_by_kill},
    {"cp_stream_close", act_close},
    {"cp_stream_pause", act_pause},
    {"cp_stream_pause, cp_stream_resume", act_pause_and_resume},
    {"cp_stream_read", act_read},
    {"cp_stream_read(NULL)", act_read_nothing},
    {"cp_stream_write", act_write},
    {"cp_stream_end", act_end},
    {"cp_stream_take_fd", act_take_fd},
    {"cp_stream_forward", act_forward},
    {"cp_stream_forward to itself", act_forward_to_itself},
    {"cp_stream_forward_fd", act_forward_fd},
    {"cp_child_kill", act_kill},
    {"cp_child_unref", act_unref},
    {"cp_spawn", act_spawn_another},
};

/* Some actions stop the flow for good: nothing is left then but to kill the child and to let the streams go on. */
static void on_rescue(uv_timer_t *timer) {
  event_scene *scene = timer->data;
  if (scene->over) {
    uv_close((uv_handle_t *)timer, NULL);
    return;
  }
  if (!scene->acted || scene->freed) return;
  EACH_STREAM(scene, (cp_stream_resume(stream), 0))
  (void)cp_child_kill(scene->child, SIGKILL);
}

static void feed(event_scene *scene, cp_child *child) {
  static char block[200000];
  cp_stream *input = cp_child_stdin(child);
  int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
  cp_stream_on_drain(input, scene_drain, scene);
  assert_int_equal(cp_stream_write(input, block, sizeof block, scene_write, scene), 1);
  assert_int_equal(cp_stream_end(input), 0);
  assert_int_equal(cp_stream_read(cp_child_stream(child, 3), scene_read, scene), 0);
  assert_int_equal(cp_stream_forward_fd(cp_child_stream(child, 4), null, scene_forward, scene), 0);
  close(null);
}

static void begin_scene(event_scene *scene) {
  const char *const *args =
      HELPER_ARGS("write", "3", "x", "--", "write", "4", "y", "--", "write", "2", "e", "--", "cat", "--", "exit", "1");
  cp_options options = {.on_spawn = scene_spawn,
                        .on_error = scene_error,
                        .on_stdout = scene_stdout,
                        .on_stderr = scene_stderr,
                        .on_exit = scene_exit,
                        .on_close = scene_close,
                        .on_result = scene_result,
                        .stdio = CP_STDIO(CP_PIPE, CP_PIPE, CP_PIPE, CP_PIPE, CP_PIPE),
                        .data = scene};
  const char *file = scene->at == ERROR ? "no-such-program" : HELPER;
  cp_child **out = scene->keeps_no_handle ? NULL : &scene->child;
  assert_int_equal((scene->exec ? cp_exec_file : cp_spawn)(out, test_loop(), file, args, &options), 0);
  if (out != NULL && scene->at != ERROR) feed(scene, scene->child);
}

static void run_scene(event_scene *scene, uv_run_mode mode) {
  assert_int_equal(uv_timer_init(test_loop(), &scene->rescue), 0);
  assert_int_equal(uv_timer_start(&scene->rescue, on_rescue, 10, 10), 0);
  scene->rescue.data = scene;
  scene->inside++;
  begin_scene(scene);
  scene->inside--;
  while (uv_run(test_loop(), mode) != 0) {
  }
  if (!scene->acted) fail_scene(scene, "was never called");
  if (!scene->freed && scene->seen[CLOSE] != 1) fail_scene(scene, "on_close did not come once");
  if (!scene->freed && scene->exec && scene->seen[RESULT] != 1) fail_scene(scene, "on_result did not come once");
  if (!scene->freed && scene->seen[EXIT] != (scene->at != ERROR)) fail_scene(scene, "on_exit");
  if (!scene->freed && !scene->keeps_no_handle) cp_child_free(scene->child);
  reap_freed();
}

static void run_matrix(uv_run_mode mode, bool exec, bool keeps_no_handle) {
  for (callback_kind at = 0; at < KINDS; at++)
    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++) {
      if (at == RESULT && !exec) continue;
      event_scene scene = {.at = at,
                           .action = actions[i].act,
                           .action_name = actions[i].name,
                           .exec = exec,
                           .keeps_no_handle = keeps_no_handle};
      run_scene(&scene, mode);
    }
}

static void every_call_is_legal_in_every_callback(void **state) {
  (void)state;
  run_matrix(UV_RUN_DEFAULT, false, false);
}
static void every_call_is_legal_in_every_callback_of_exec(void **state) {
  (void)state;
  run_matrix(UV_RUN_DEFAULT, true, false);
}
static void every_call_is_legal_with_run_once(void **state) {
  (void)state;
  run_matrix(UV_RUN_ONCE, false, false);
}
static void every_call_is_legal_with_run_nowait(void **state) {
  (void)state;
  run_matrix(UV_RUN_NOWAIT, true, false);
}
static void every_call_is_legal_for_a_child_that_frees_itself(void **state) {
  (void)state;
  run_matrix(UV_RUN_DEFAULT, false, true);
  run_matrix(UV_RUN_ONCE, true, true);
}

/* ---------------------------------------------------------------- stepping */

static void run_once_brings_the_events_in_the_same_order(void **state) {
  (void)state;
  for (int i = 0; i < 50; i++) {
    event_log log;
    cp_options options = log_options(&log);
    cp_child *child;
    assert_int_equal(cp_spawn(&child, test_loop(), HELPER, HELPER_ARGS("echo", "hello"), &options), 0);
    while (log.closed == 0) uv_run(test_loop(), i % 2 ? UV_RUN_ONCE : UV_RUN_NOWAIT);
    assert_string_equal(log.text, "spawn out exit:0 close:0");
    cp_child_free(child);
    run_loop();
  }
}

/* The process has ended before the loop is run for the first time. */
static void a_child_that_ended_before_the_loop_ran_tells_all_in_order(void **state) {
  (void)state;
  for (int i = 0; i < 3; i++) {
    event_log log;
    cp_options options = log_options(&log);
    cp_child *child;
    siginfo_t info;
    assert_int_equal(cp_spawn(&child, test_loop(), HELPER, HELPER_ARGS("echo", "hello"), &options), 0);
    assert_int_equal(waitid(P_PID, (id_t)cp_child_pid(child), &info, WEXITED | WNOWAIT), 0);
    while (log.closed == 0) uv_run(test_loop(), (uv_run_mode)i);
    assert_string_equal(log.text, "spawn out exit:0 close:0");
    cp_child_free(child);
    run_loop();
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(output_comes_before_the_exit_and_the_exit_before_the_close),
      TEST(errors_of_the_start_come_instead_of_spawn_and_exit),
      TEST(what_was_written_before_the_exit_comes_before_on_exit),
      TEST(megabytes_on_both_streams_come_before_on_exit),
      TEST(a_pipe_of_one_mebibyte_is_emptied_before_on_exit),
      TEST(socket_pairs_are_emptied_before_on_exit),
      TEST(the_close_waits_for_a_grandchild_that_holds_a_pipe),
      TEST(streams_may_end_long_before_the_process),
      TEST(a_child_without_pipes_closes_after_its_exit),
      TEST(a_child_without_callbacks_runs_and_ends),
      TEST(a_child_that_nobody_keeps_frees_itself),
      TEST(the_exit_and_the_close_tell_the_same),
      TEST(a_freed_child_says_nothing_and_is_reaped),
      TEST(a_freed_child_goes_on),
      TEST(a_freed_child_does_not_keep_the_loop_alive),
      TEST(an_unrefed_child_does_not_keep_the_loop_alive),
      TEST(unrefed_streams_do_not_keep_the_loop_alive),
      TEST(run_once_brings_the_events_in_the_same_order),
      TEST(a_child_that_ended_before_the_loop_ran_tells_all_in_order),
      TEST(every_call_is_legal_in_every_callback),
      TEST(every_call_is_legal_in_every_callback_of_exec),
      TEST(every_call_is_legal_with_run_once),
      TEST(every_call_is_legal_with_run_nowait),
      TEST(every_call_is_legal_for_a_child_that_frees_itself),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
