/*
 * cmd_fork.c - fork: a worker with an IPC channel. Lines of stdin are messages to it, its messages are lines of stdout.
 *
 * Neither side is read faster than the other takes: stdin waits while the channel is full, the channel while stdout is.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "child_process.h"
#include "command.h"
#include "forward.h"
#include "help.h"
#include "line_input.h"
#include "line_output.h"
#include "message.h"
#include "options.h"
#include "report.h"
#include "silence.h"
#include "status.h"
#include "trace.h"

typedef struct fork_state {
  run_options options;
  uv_loop_t loop;
  cp_child *child;
  cp_error error; /* why it did not start */
  cp_exit exit;
  forwarder forwarder;
  line_input input;
  line_output output;
  silence silence;
  tracer tracer;
  uint64_t received; /* messages */
  bool input_ended;
  bool leaving; /* we have disconnected */
  bool failed;  /* we failed, or a line or message was lost */
} fork_state;

static cp_channel *channel_of(const fork_state *fork) { return cp_child_channel(fork->child); }

/* The worker's own status tells more than ours. */
static int status_of(const fork_state *fork) {
  if (fork->error.code != 0) return status_of_error(&fork->error);
  int status = status_of_exit(&fork->exit, fork->options.preserve_status);
  return status == 0 && fork->failed ? STATUS_FAILED : status;
}

/* ---------------------------------------------------------------- the end of the talk */

static void leave(fork_state *fork) {
  fork->leaving = true;
  line_input_stop(&fork->input);
  silence_stop(&fork->silence);
  (void)cp_channel_disconnect(channel_of(fork));
}

static void on_silence(void *data) {
  fork_state *fork = data;
  uint64_t limit = fork->options.fork.idle_ms;
  if (fork->received == 0 && limit > 0)
    say("no message in %g s after the end of stdin: disconnecting (--idle, --replies, --wait)", (double)limit / 1000);
  leave(fork);
}

/* Whoever counts replies waits for them as long as it takes, unless told otherwise. */
static void await_silence(fork_state *fork) {
  const fork_options *options = &fork->options.fork;
  bool waits = options->wait || (options->replies > 0 && !options->has_idle);
  if (fork->input_ended && !fork->leaving && !waits) silence_await(&fork->silence);
}

/* ---------------------------------------------------------------- stdin to the worker */

static void refuse_line(fork_state *fork, uint64_t number, const char *why) {
  say("stdin, line %" PRIu64 ": %s", number, why);
  fork->failed = true;
}

/* No failure: a worker that has what it wants may end, as the reader of a pipe may. */
static void give_up_input(fork_state *fork, uint64_t number) {
  say("stdin, line %" PRIu64 ": the worker has closed the channel: not sent from here on", number);
  line_input_stop(&fork->input);
}

static void on_line(const char *line, size_t length, uint64_t number, void *data) {
  fork_state *fork = data;
  cp_error error;
  if (line == NULL) {
    refuse_line(fork, number, "longer than 2 GiB");
    return;
  }
  if (line_is_blank(line, length)) return;
  int rc = cp_send_json(channel_of(fork), line, length, &(cp_send_options){.error = &error});
  if (rc == 1) line_input_pause(&fork->input);
  if (rc >= 0) return;
  if (rc == CP_ECHANNELCLOSED || rc == UV_EPIPE)
    give_up_input(fork, number);
  else
    refuse_line(fork, number, error.message);
}

static void on_input_end(int status, void *data) {
  fork_state *fork = data;
  fork->input_ended = true;
  if (status != 0) say("stdin: %s", cp_strerror(status));
  fork->failed = fork->failed || status != 0;
  await_silence(fork);
}

static void on_drain(cp_channel *channel, void *data) {
  fork_state *fork = data;
  (void)channel;
  line_input_resume(&fork->input);
}

/* ---------------------------------------------------------------- the worker to stdout */

static void on_room(void *data) {
  fork_state *fork = data;
  cp_channel_resume(channel_of(fork));
  await_silence(fork);
}

/* Nobody reads what it says: it is told by the end of the channel, and what it still sends is dropped. */
static void on_output_error(int status, void *data) {
  fork_state *fork = data;
  say("stdout: %s", cp_strerror(status));
  fork->failed = true;
  leave(fork);
  on_room(fork);
}

static void print_text(fork_state *fork, const char *text, size_t length) {
  if (!line_output_add(&fork->output, text, length)) {
    say("message %" PRIu64 ": out of memory", fork->received);
    fork->failed = true;
  }
  if (!line_output_is_full(&fork->output)) return;
  cp_channel_pause(channel_of(fork));
  silence_pause(&fork->silence);
}

static void print_inspected(fork_state *fork, cp_message *message) {
  static const cp_inspect_options style = {.depth = -1, .break_length = -1};
  char *text = cp_value_inspect(cp_message_value(message), &style);
  if (text != NULL)
    print_text(fork, text, strlen(text));
  else
    say("message %" PRIu64 ": it cannot be shown: out of memory, or beyond the limits", fork->received);
  fork->failed = fork->failed || text == NULL;
  cp_free(text);
}

/* Structured clone has values that JSON has not. stdout stays JSON: such a message is named on stderr. */
static void print_converted(fork_state *fork, cp_message *message) {
  char *text;
  size_t length;
  cp_error error;
  int rc = cp_value_to_json(&text, &length, cp_message_value(message), &error);
  if (rc == 0) {
    print_text(fork, text, length);
    cp_free(text);
    return;
  }
  say("message %" PRIu64 " is not printed: %s (--inspect-style)", fork->received, error.message);
  fork->failed = true;
}

/* What came over a JSON channel is one line already. */
static void print_line(fork_state *fork, cp_message *message) {
  size_t length;
  const char *text = cp_message_json(message, &length);
  if (text != NULL)
    print_text(fork, text, length);
  else
    say("message %" PRIu64 ": %s", fork->received, cp_strerror(UV_ENOMEM));
  fork->failed = fork->failed || text == NULL;
}

static void note_handles(const fork_state *fork, cp_message *message) {
  for (size_t i = 0; i < cp_message_handle_count(message); i++) {
    const cp_handle *handle = cp_message_handle(message, i);
    const char *type = handle != NULL ? cp_handle_type_name(handle->type) : "lost";
    say("message %" PRIu64 " came with a handle, which is closed: %s", fork->received, type);
  }
}

static void on_message(cp_child *child, cp_message *message, void *data) {
  fork_state *fork = data;
  uint64_t limit = fork->options.fork.replies;
  (void)child;
  if (limit > 0 && fork->received >= limit) return;
  fork->received++;
  silence_touch(&fork->silence);
  note_handles(fork, message);
  if (fork->options.fork.inspect)
    print_inspected(fork, message);
  else if (fork->options.child.serialization == CP_SERIALIZATION_ADVANCED)
    print_converted(fork, message);
  else
    print_line(fork, message);
  if (fork->received == limit) leave(fork);
}

/* ---------------------------------------------------------------- the life of the worker */

static void on_spawn(cp_child *child, void *data) {
  fork_state *fork = data;
  tracer_spawn(&fork->tracer, cp_child_pid(child));
}

/* Before on_spawn: it did not start. Later: what it sent is no message, a signal could not be sent. */
static void on_error(cp_child *child, const cp_error *error, void *data) {
  fork_state *fork = data;
  if (cp_child_pid(child) == 0) fork->error = *error;
  fork->failed = true;
  say("%s%s", error->stage == CP_STAGE_RECEIVE ? "from the worker: " : "", error->message);
}

static void on_disconnect(cp_child *child, void *data) {
  fork_state *fork = data;
  (void)child;
  tracer_disconnect(&fork->tracer);
  if (line_input_has_more(&fork->input)) give_up_input(fork, fork->input.number + 1);
  line_input_stop(&fork->input);
  silence_stop(&fork->silence);
}

static void on_exit_event(cp_child *child, const cp_exit *exit, void *data) {
  fork_state *fork = data;
  (void)child;
  fork->exit = *exit;
  tracer_exit(&fork->tracer, exit);
  say_limit(&fork->options.child, exit);
}

static void stop(fork_state *fork) {
  forwarder_stop(&fork->forwarder);
  line_input_stop(&fork->input);
  silence_stop(&fork->silence);
}

static void on_close(cp_child *child, const cp_exit *exit, void *data) {
  fork_state *fork = data;
  uint64_t wanted = fork->options.fork.replies;
  (void)child;
  fork->exit = *exit;
  stop(fork);
  if (fork->error.code != 0 || fork->received >= wanted) return;
  say("%" PRIu64 " of %" PRIu64 " messages came (--replies)", fork->received, wanted);
  fork->failed = true;
}

/* ---------------------------------------------------------------- starting */

static void on_trace(cp_channel *channel, const cp_trace *frame, void *data) {
  fork_state *fork = data;
  (void)channel;
  tracer_frame(&fork->tracer, frame);
}

static int start_child(fork_state *fork) {
  cp_options *options = &fork->options.child;
  const char *const *command = fork->options.command;
  options->on_spawn = on_spawn;
  options->on_error = on_error;
  options->on_exit = on_exit_event;
  options->on_close = on_close;
  options->on_message = on_message;
  options->on_disconnect = on_disconnect;
  options->data = fork;
  options->error = &fork->error;
  int rc = cp_fork(&fork->child, &fork->loop, command[0], command + 1, options);
  if (rc != 0) {
    say("%s", fork->error.message);
    return rc;
  }
  fork->forwarder.child = fork->silence.child = fork->child;
  cp_channel_on_drain(channel_of(fork), on_drain, fork);
  if (tracer_is_on(&fork->tracer)) cp_channel_on_trace(channel_of(fork), on_trace, fork);
  return 0;
}

static int start_streams(fork_state *fork) {
  fork->input = (line_input){.on_line = on_line, .on_end = on_input_end, .data = fork};
  fork->output = (line_output){.on_room = on_room, .on_error = on_output_error, .data = fork};
  fork->silence = (silence){.on_silence = on_silence, .data = fork, .limit_ms = fork->options.fork.idle_ms};
  int rc = silence_init(&fork->silence, &fork->loop);
  if (rc == 0) rc = line_input_start(&fork->input, &fork->loop, STDIN_FILENO);
  if (rc != 0) say("stdin: %s", cp_strerror(rc));
  if (rc != 0) return rc;
  rc = line_output_start(&fork->output, &fork->loop, STDOUT_FILENO);
  if (rc != 0) say("stdout: %s", cp_strerror(rc));
  return rc;
}

static int start(fork_state *fork) {
  int rc = forwarder_start(&fork->forwarder, &fork->loop, fork->options.child.process_group);
  if (rc != 0) say("signals: %s", cp_strerror(rc));
  if (rc == 0) rc = start_streams(fork);
  return rc == 0 ? start_child(fork) : rc;
}

/* The second run closes; what waits for stdout is written by the first one. */
static void run_loop(fork_state *fork) {
  if (start(fork) != 0) {
    fork->exit = (cp_exit){.code = UV_EINVAL, .reason = CP_REASON_ERROR};
    stop(fork);
  }
  (void)uv_run(&fork->loop, UV_RUN_DEFAULT);
  line_output_stop(&fork->output);
  cp_child_free(fork->child);
  (void)uv_run(&fork->loop, UV_RUN_DEFAULT);
  if (fork->options.time && fork->error.code == 0) report_time(&fork->exit);
  line_input_dispose(&fork->input);
  line_output_dispose(&fork->output);
  (void)uv_loop_close(&fork->loop);
}

static int run_traced(fork_state *fork) {
  const fork_options *options = &fork->options.fork;
  fork->tracer = (tracer){
      .prints = options->trace, .worker = fork->options.command[0], .serialization = fork->options.child.serialization};
  if (tracer_open(&fork->tracer, options->trace_file) != 0) {
    say("--trace-file %s: %s", options->trace_file, strerror(errno));
    (void)tracer_close(&fork->tracer);
    return STATUS_FAILED;
  }
  int rc = uv_loop_init(&fork->loop);
  if (rc == 0)
    run_loop(fork);
  else
    say("the event loop: %s", cp_strerror(rc));
  if (tracer_close(&fork->tracer) != 0) {
    say("--trace-file %s: it could not be written", options->trace_file);
    fork->failed = true;
  }
  return rc == 0 ? status_of(fork) : STATUS_FAILED;
}

int cmd_fork(const cli_command *command, int argc, char **argv) {
  fork_state fork = {0};
  int status = STATUS_FAILED;
  if (options_parse(&fork.options, command, argc, argv) == 0) {
    if (fork.options.quiet) say_nothing();
    status = 0;
    if (fork.options.help) {
      print_command_help(command);
    } else {
      line_output_survive_broken_pipes();
      status = run_traced(&fork);
    }
  }
  options_dispose(&fork.options);
  return status;
}
