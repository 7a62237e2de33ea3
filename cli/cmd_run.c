/* cmd_run.c - run and exec. They differ in one thing: exec's first operand is a script. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "child_process.h"
#include "command.h"
#include "forward.h"
#include "help.h"
#include "message.h"
#include "options.h"
#include "pid_file.h"
#include "report.h"
#include "status.h"

typedef struct run_state {
  run_options options;
  uv_loop_t loop;
  cp_child *child;
  cp_error error; /* why it did not start */
  cp_exit exit;
  run_report report;
  pid_file pid_file;
  forwarder forwarder;
  bool report_failed; /* no memory for a line of it */
  bool failed;        /* we failed while the command ran */
} run_state;

/* A report tells the same, so nothing is said beside it. */
static bool reports(const run_state *run) { return run->options.json || run->options.events; }

static int status_of(const run_state *run) {
  if (run->failed || run->report_failed) return STATUS_FAILED;
  if (run->error.code != 0) return status_of_error(&run->error);
  if (run->options.child.detached) return 0;
  return status_of_exit(&run->exit, run->options.preserve_status);
}

static void check_report(run_state *run, int rc) {
  if (rc == 0) return;
  if (!run->report_failed) say("out of memory for the report");
  run->report_failed = true;
}

/* ---------------------------------------------------------------- events */

/* For what has no result of the library's own: a start that failed, a command that nobody waits for. */
static void report_without_result(run_state *run, int pid) {
  cp_result result = {.pid = pid, .exit = run->exit, .error = run->error};
  if (run->options.json) check_report(run, report_result(&run->report, &result, status_of(run)));
}

static void write_pid_file(run_state *run, cp_child *child) {
  if (pid_file_write(&run->pid_file, cp_child_pid(child)) == 0) return;
  say("--pid-file %s: %s", run->options.pid_file, strerror(errno));
  run->failed = true;
  (void)cp_child_kill(child, SIGKILL);
}

/* Nobody waits: the pid is the whole result, and the loop ends here. */
static void leave(run_state *run, cp_child *child) {
  if (run->options.json)
    report_without_result(run, cp_child_pid(child));
  else if (!run->failed)
    printf("%d\n", cp_child_pid(child));
  cp_child_free(child);
  run->child = NULL;
  (void)cp_loop_release(&run->loop);
}

static void on_spawn(cp_child *child, void *data) {
  run_state *run = data;
  write_pid_file(run, child);
  if (run->options.events) check_report(run, report_spawn(&run->report, cp_child_pid(child)));
  if (run->options.child.detached) leave(run, child);
}

/* Before on_spawn: it did not start. Later: the kernel forbids a signal to it. */
static void on_error(cp_child *child, const cp_error *error, void *data) {
  run_state *run = data;
  if (cp_child_pid(child) == 0) run->error = *error;
  if (run->options.events)
    check_report(run, report_error(&run->report, error));
  else if (!reports(run))
    say("%s", error->message);
}

static void on_stdout(cp_child *child, const char *bytes, size_t length, void *data) {
  run_state *run = data;
  (void)child;
  check_report(run, report_output(&run->report, "stdout", bytes, length));
}

static void on_stderr(cp_child *child, const char *bytes, size_t length, void *data) {
  run_state *run = data;
  (void)child;
  check_report(run, report_output(&run->report, "stderr", bytes, length));
}

static void on_exit_event(cp_child *child, const cp_exit *exit, void *data) {
  run_state *run = data;
  run->exit = *exit;
  pid_file_remove(&run->pid_file);
  if (run->options.events) check_report(run, report_exit(&run->report, exit));
  if (!reports(run)) say_limit(&run->options.child, exit);
  if (exit->reason == CP_REASON_TIMEOUT) close_outputs(child);
}

static void on_close(cp_child *child, const cp_exit *exit, void *data) {
  run_state *run = data;
  (void)child;
  run->exit = *exit;
  if (run->options.events) check_report(run, report_close(&run->report, exit, status_of(run)));
  forwarder_stop(&run->forwarder);
}

static void on_result(cp_child *child, const cp_error *error, const cp_result *result, void *data) {
  run_state *run = data;
  (void)child;
  (void)error;
  check_report(run, report_result(&run->report, result, status_of(run)));
}

/* ---------------------------------------------------------------- starting */

static void listen_to(run_state *run, cp_options *options) {
  options->on_spawn = on_spawn;
  options->on_error = on_error;
  options->on_exit = on_exit_event;
  options->on_close = on_close;
  options->on_result = on_result; /* --json */
  options->data = run;
  options->error = &run->error;
  if (!run->options.events) return;
  if (options->stdio.entries[1].kind == CP_STDIO_PIPE) options->on_stdout = on_stdout;
  if (options->stdio.entries[2].kind == CP_STDIO_PIPE) options->on_stderr = on_stderr;
}

/* Pipes that no report reads: stdin is empty, the outputs go on to ours. */
static void connect_pipes(const run_state *run) {
  cp_stream *in = cp_child_stdin(run->child), *out = cp_child_stdout(run->child), *err = cp_child_stderr(run->child);
  if (in != NULL) (void)cp_stream_end(in);
  if (reports(run)) return;
  if (out != NULL) (void)cp_stream_forward_fd(out, STDOUT_FILENO, NULL, NULL);
  if (err != NULL) (void)cp_stream_forward_fd(err, STDERR_FILENO, NULL, NULL);
}

/* A detached command is left before there could be a result. */
static int start_child(run_state *run, const cp_options *options) {
  const char *const *args = run->options.command + 1;
  const char *file = run->options.command[0];
  bool captures = run->options.json && !options->detached;
  report_begin(&run->report, run->options.command);
  int rc = captures ? cp_exec_file(&run->child, &run->loop, file, args, options)
                    : cp_spawn(&run->child, &run->loop, file, args, options);
  if (rc != 0) return rc;
  run->forwarder.child = run->child;
  connect_pipes(run);
  return 0;
}

/* The library refused: no events come, so they are told here. */
static void fail_to_start(run_state *run) {
  run->exit = (cp_exit){.code = run->error.code, .reason = CP_REASON_ERROR};
  if (run->options.events) check_report(run, report_error(&run->report, &run->error));
  if (run->options.events) check_report(run, report_close(&run->report, &run->exit, status_of(run)));
  report_without_result(run, 0);
  if (!reports(run)) say("%s", run->error.message);
  forwarder_stop(&run->forwarder);
}

/* Signals sent to a process that only leaves another one behind end it, as usual. */
static int start_forwarder(run_state *run) {
  const cp_options *options = &run->options.child;
  int rc = options->detached ? 0 : forwarder_start(&run->forwarder, &run->loop, options->process_group);
  if (rc == 0) return 0;
  forwarder_stop(&run->forwarder);
  say("signals: %s", cp_strerror(rc));
  run->failed = true;
  return -1;
}

static void run_loop(run_state *run) {
  listen_to(run, &run->options.child);
  if (start_forwarder(run) == 0 && start_child(run, &run->options.child) != 0) fail_to_start(run);
  (void)uv_run(&run->loop, UV_RUN_DEFAULT);
  bool unreported = run->error.code != 0 && run->options.json && run->options.child.detached && run->child != NULL;
  if (unreported) report_without_result(run, 0);
  cp_child_free(run->child);
  if (run->options.time && run->error.code == 0) report_time(&run->exit);
  (void)uv_loop_close(&run->loop);
}

static int run_child(run_state *run) {
  int rc = pid_file_open(&run->pid_file, run->options.pid_file);
  if (rc != 0) {
    say("--pid-file %s: %s", run->options.pid_file, strerror(errno));
    pid_file_dispose(&run->pid_file);
    return STATUS_FAILED;
  }
  rc = uv_loop_init(&run->loop);
  if (rc == 0)
    run_loop(run);
  else
    say("the event loop: %s", cp_strerror(rc));
  pid_file_dispose(&run->pid_file);
  return rc == 0 ? status_of(run) : STATUS_FAILED;
}

int cmd_run(const cli_command *command, int argc, char **argv) {
  run_state run = {.pid_file = {.fd = -1}};
  int status = STATUS_FAILED;
  if (options_parse(&run.options, command, argc, argv) == 0) {
    if (run.options.quiet) say_nothing();
    status = 0;
    if (run.options.help)
      print_command_help(command);
    else
      status = run_child(&run);
  }
  options_dispose(&run.options);
  return status;
}
