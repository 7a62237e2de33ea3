/*
 * pool_worker.c - the worker of the tests of pools: a program of this library.
 *
 *   pool_worker plain|envelope [WORD...]
 *
 * WORDs say how it is:
 *   ready         its first message says so: {ready, pid}
 *   gated         as `ready`, but only after a byte from the gate "start"
 *   never         it does not listen to messages, and sends none
 *   crash         it complains and exits with 9 before it listens
 *   crash-first N the first N that are started do so, then no more
 *   clinging      it stays when its channel is closed
 *   stubborn      it ignores SIGTERM, and stays when its channel is closed
 *   deaf          it does not listen to {id, cancel}
 *
 * A task is a number, which is squared, or {do: VERB, n: NUMBER, ...}. The answer is n * n where nothing else is said.
 *   square        at once
 *   seen          answers the JSON text of the whole message
 *   echo          answers the task, with the handles that came along
 *   who           answers {pid, id, served}; id is CHILD_PROCESS_WORKER_ID
 *   env {name}    answers a variable
 *   hold {gate}   answers after a byte has come from the gate
 *   twice         answers two times
 *   after {gate}  answers, and after a byte from the gate sends {unasked: n}
 *   before        sends {unasked: n} and then answers
 *   steal {id_of}  answers the task of another worker, and things that are no answers, and then its own
 *   error {text}  answers with an error
 *   nothing       answers with the id alone, as JSON has a result that is undefined
 *   progress {count}  sends as many of them and then answers
 *   leak {mib}    takes memory and keeps it
 *   say {text}, print {text}   writes to stderr, stdout
 *   read          answers what can be read from the handle that came along
 *   give          answers with a pipe in which the text of n waits
 *   last {signal} answers and ends at once, by a signal or by itself
 *
 * Those that fail do so at each attempt, or only at the first `times` ones:
 *   exit {code}, kill {signal}
 *   stop          by SIGSTOP
 *   stuck         does not come back to its loop
 *   stuck-stubborn  nor to SIGTERM
 *   disconnect, hangup   closes its channel, and ends or stays
 *   garbage       writes what is no message to the channel, and stays
 *   complain {text, code}   writes to stderr and exits
 *   noise {bytes, code}     likewise, so many digits
 *
 * {note} is no task: it is reported, and not answered.
 * {first: VERB} does that instead at the first attempt.
 *
 * In the directory POOL_DIR are the gates: FIFOs, each byte of which lets one go on; `begun`, another, takes a line "PID ID
 * VERB N" of each task that is not answered at once, before it begins; and `counts` has a byte for each n: its attempts.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "child_process.h"

typedef struct task {
  cp_message *message; /* kept */
  cp_value value;      /* of the task alone */
  long n, attempt;
} task;

/* A task, or the start, that waits at a gate. */
typedef struct waiter {
  uv_poll_t poll;
  int fd;
  cp_message *message; /* NULL: the start, or what is not asked for */
  double id;
  long n;
  struct waiter *next;
} waiter;

static cp_channel *channel;
static uv_loop_t *loop;
static uv_async_t stay;
static waiter *waiters;
static bool envelope, deaf;
static long served;

static void fail(const char *what) {
  (void)fprintf(stderr, "pool_worker: %s\n", what);
  exit(70);
}

static const char *worker_id(void) { return getenv("CHILD_PROCESS_WORKER_ID"); }

static const char *path_of(const char *name) {
  static char path[512];
  const char *directory = getenv("POOL_DIR");
  (void)snprintf(path, sizeof path, "%s/%s", directory != NULL ? directory : "/nowhere", name);
  return path;
}

static void report(const char *verb, long n) {
  char line[128];
  int fd = open(path_of("begun"), O_WRONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return;
  int length = snprintf(line, sizeof line, "%d %s %s %ld\n", (int)getpid(), worker_id(), verb, n);
  if (write(fd, line, (size_t)length) != length) fail("the report is not taken");
  close(fd);
}

/* Counts up the byte of n; the number of this attempt, from 1. A task is at one worker at a time. */
static long count_attempt(long n) {
  unsigned char count = 0;
  int fd = open(path_of("counts"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0 || n < 0) return 1;
  if (pread(fd, &count, 1, n) < 0) fail("counts");
  count++;
  if (pwrite(fd, &count, 1, n) != 1) fail("counts");
  close(fd);
  return count;
}

static void send_value(cp_value value, const cp_send_options *options) {
  if (cp_send(channel, value, options) < 0) fail("send");
}

static void reply(cp_message *message, cp_value value) {
  if (!envelope)
    send_value(value, NULL);
  else if (cp_reply(message, value) < 0)
    fail("reply");
}

static void answer(const task *t) { reply(t->message, cp_number((double)t->n * (double)t->n)); }

static const char *text_of(const task *t, const char *name) {
  const char *text = cp_value_string(cp_value_get(t->value, name), NULL);
  return text != NULL ? text : "";
}

static long number_of(const task *t, const char *name, long otherwise) {
  return (long)cp_value_integer(cp_value_get(t->value, name), otherwise);
}

/* ---------------------------------------------------------------- gates */

static void on_poll_closed(uv_handle_t *handle) {
  waiter *w = handle->data;
  close(w->fd);
  cp_message_free(w->message);
  free(w);
}

static void leave_gate(waiter *w) {
  waiter **at = &waiters;
  while (*at != w) at = &(*at)->next;
  *at = w->next;
  uv_close((uv_handle_t *)&w->poll, on_poll_closed);
}

static void send_word(const char *key, double value) {
  cp_heap *heap = cp_heap_new(NULL);
  send_value(cp_value_set(cp_object(heap), key, cp_number(value)), NULL);
  cp_heap_free(heap);
}

static void say_ready(void) {
  cp_heap *heap = cp_heap_new(NULL);
  cp_value ready = cp_value_set(cp_object(heap), "ready", cp_boolean(true));
  send_value(cp_value_set(ready, "pid", cp_number(getpid())), NULL);
  cp_heap_free(heap);
}

static void on_gate(uv_poll_t *poll, int status, int events) {
  waiter *w = poll->data;
  char byte;
  (void)events;
  ssize_t n = status == 0 ? read(w->fd, &byte, 1) : 0;
  if (n < 0) return; /* another one has taken it */
  if (n == 0) exit(0);
  if (w->message != NULL)
    reply(w->message, cp_number((double)w->n * (double)w->n));
  else if (w->n >= 0)
    send_word("unasked", (double)w->n);
  else
    say_ready();
  leave_gate(w);
}

static void wait_at(const char *gate, cp_message *message, long n) {
  waiter *w = calloc(1, sizeof *w);
  w->fd = open(path_of(gate), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (w->fd < 0) fail("there is no such gate");
  w->message = message != NULL ? cp_message_keep(message) : NULL;
  w->id = message != NULL ? cp_value_number(cp_value_get(cp_message_value(w->message), "id")) : -1;
  w->n = n;
  w->next = waiters;
  waiters = w;
  (void)uv_poll_init(loop, &w->poll, w->fd);
  w->poll.data = w;
  (void)uv_poll_start(&w->poll, UV_READABLE, on_gate);
}

/* ---------------------------------------------------------------- verbs that answer */

static void do_seen(const task *t) {
  cp_heap *heap = cp_heap_new(NULL);
  reply(t->message, cp_string(heap, cp_message_json(t->message, NULL)));
  cp_heap_free(heap);
}

static void do_echo(const task *t) {
  cp_handle handles[CP_HANDLES_MAX];
  size_t count = cp_message_handle_count(t->message);
  for (size_t i = 0; i < count; i++) handles[i] = *cp_message_handle(t->message, i);
  cp_send_options options = {.handles = handles, .handle_count = count};
  cp_heap *heap = cp_heap_new(NULL);
  cp_value out = t->value;
  if (envelope) {
    out = cp_value_set(cp_object(heap), "id", cp_value_get(cp_message_value(t->message), "id"));
    (void)cp_value_set(out, "result", t->value);
  }
  send_value(out, &options);
  cp_heap_free(heap);
}

static void do_who(const task *t) {
  cp_heap *heap = cp_heap_new(NULL);
  cp_value out = cp_value_set(cp_object(heap), "pid", cp_number(getpid()));
  (void)cp_value_set(out, "id", cp_string(heap, worker_id()));
  (void)cp_value_set(out, "served", cp_number((double)served));
  reply(t->message, out);
  cp_heap_free(heap);
}

static void do_env(const task *t) {
  cp_heap *heap = cp_heap_new(NULL);
  reply(t->message, cp_string(heap, getenv(text_of(t, "name"))));
  cp_heap_free(heap);
}

static void do_hold(const task *t) {
  const char *gate = text_of(t, "gate");
  wait_at(*gate != '\0' ? gate : "gate", t->message, t->n);
}

static void do_twice(const task *t) {
  answer(t);
  answer(t);
}

static void do_after(const task *t) {
  answer(t);
  wait_at("gate", NULL, t->n);
}

static void do_before(const task *t) {
  send_word("unasked", (double)t->n);
  answer(t);
}

static void do_steal(const task *t) {
  static const char *const wrong[] = {"{\"id\":-1,\"result\":666}",    "{\"id\":0,\"result\":666}",
                                      "{\"id\":1.5,\"result\":666}",   "{\"id\":\"1\",\"result\":666}",
                                      "{\"id\":1e300,\"result\":666}", "{\"id\":null,\"error\":666}"};
  char text[64];
  (void)snprintf(text, sizeof text, "{\"id\":%ld,\"result\":666}", number_of(t, "id_of", 1));
  if (cp_send_json(channel, text, SIZE_MAX, NULL) < 0) fail("send");
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
    if (cp_send_json(channel, wrong[i], SIZE_MAX, NULL) < 0) fail("send");
  answer(t);
}

static void do_error(const task *t) {
  if (cp_reply_error(t->message, text_of(t, "text")) < 0) fail("reply");
}

static void do_nothing(const task *t) {
  if (cp_reply(t->message, cp_undefined()) < 0) fail("reply");
}

static void do_progress(const task *t) {
  for (long i = 0; i < number_of(t, "count", 1); i++)
    if (cp_reply_progress(t->message, cp_number((double)i)) < 0) fail("progress");
  answer(t);
}

static char *leaked[64]; /* reachable, so that no sanitizer complains */

static void do_leak(const task *t) {
  size_t bytes = (size_t)number_of(t, "mib", 1) << 20;
  char *memory = malloc(bytes);
  memset(memory, 'x', bytes);
  leaked[served % 64] = memory;
  answer(t);
}

static void do_say(const task *t) {
  const char *text = text_of(t, "text");
  if (write(2, text, strlen(text)) < 0) fail("stderr");
  answer(t);
}

static void do_print(const task *t) {
  const char *text = text_of(t, "text");
  if (write(1, text, strlen(text)) < 0) fail("stdout");
  answer(t);
}

static void do_read(const task *t) {
  char text[256];
  int fd = cp_message_take_fd(t->message, 0);
  if (fd < 0) fail("no handle came along");
  (void)fcntl(fd, F_SETFL, 0);
  ssize_t length = pread(fd, text, sizeof text, 0); /* a file may have been read by an earlier attempt */
  if (length < 0) length = read(fd, text, sizeof text);
  close(fd);
  cp_heap *heap = cp_heap_new(NULL);
  reply(t->message, cp_string_n(heap, text, length > 0 ? (size_t)length : 0));
  cp_heap_free(heap);
}

static void do_give(const task *t) {
  int fds[2];
  if (pipe2(fds, O_CLOEXEC) != 0 || dprintf(fds[1], "%ld", t->n) < 0) fail("pipe");
  close(fds[1]);
  cp_handle handle = {.type = CP_HANDLE_FD, .fd = fds[0]};
  cp_send_options options = {.handles = &handle, .handle_count = 1};
  cp_heap *heap = cp_heap_new(NULL);
  cp_value out = cp_number((double)t->n);
  if (envelope) {
    out = cp_value_set(cp_object(heap), "id", cp_value_get(cp_message_value(t->message), "id"));
    (void)cp_value_set(out, "result", cp_number((double)t->n));
  }
  send_value(out, &options);
  close(fds[0]);
  cp_heap_free(heap);
}

static void do_last(const task *t) {
  answer(t);
  if (cp_channel_flush(channel, 60000) != 0) fail("flush");
  long signum = number_of(t, "signal", 0);
  if (signum != 0) (void)raise((int)signum);
  _exit(0);
}

/* ---------------------------------------------------------------- verbs that fail */

static void do_exit(const task *t) { _exit((int)number_of(t, "code", 1)); }

static void do_kill(const task *t) {
  (void)raise((int)number_of(t, "signal", SIGKILL));
  for (;;) (void)pause();
}

static void do_stop(const task *t) {
  (void)raise(SIGSTOP);
  answer(t); /* somebody has continued it */
}

static void do_stuck(const task *t) {
  (void)t;
  for (;;) (void)pause();
}

static void do_stuck_stubborn(const task *t) {
  (void)signal(SIGTERM, SIG_IGN);
  report("stuck-stubborn", t->n);
  do_stuck(t);
}

static void do_disconnect(const task *t) {
  (void)t;
  (void)cp_channel_disconnect(channel);
}

static void stay_alive(void) { uv_ref((uv_handle_t *)&stay); }

static void do_hangup(const task *t) {
  (void)t;
  stay_alive();
  (void)cp_channel_disconnect(channel);
}

static void do_garbage(const task *t) {
  static const char json[] = "this is no JSON\n", clone[] = "\0\0\0\3xyz";
  bool text = cp_channel_serialization(channel) == CP_SERIALIZATION_JSON;
  (void)t;
  if (write(cp_channel_fd(channel), text ? json : clone, text ? sizeof json - 1 : sizeof clone - 1) < 0) fail("write");
  stay_alive();
}

static void do_complain(const task *t) {
  const char *text = text_of(t, "text");
  if (write(2, text, strlen(text)) < 0) fail("stderr");
  do_exit(t);
}

static void do_noise(const task *t) {
  long bytes = number_of(t, "bytes", 0);
  char *text = malloc((size_t)bytes + 1);
  for (long i = 0; i < bytes; i++) text[i] = (char)('0' + i % 10);
  for (long done = 0; done < bytes;) {
    ssize_t n = write(2, text + done, (size_t)(bytes - done));
    if (n <= 0) fail("stderr");
    done += n;
  }
  free(text);
  do_exit(t);
}

/* ---------------------------------------------------------------- */

static const struct verb {
  const char *name;
  void (*run)(const task *t);
  bool reported; /* before it begins */
  bool fails;
} verbs[] = {
    {"square", answer, false, false},
    {"seen", do_seen, false, false},
    {"echo", do_echo, false, false},
    {"who", do_who, false, false},
    {"env", do_env, false, false},
    {"hold", do_hold, true, false},
    {"twice", do_twice, false, false},
    {"after", do_after, false, false},
    {"before", do_before, false, false},
    {"steal", do_steal, false, false},
    {"error", do_error, false, false},
    {"nothing", do_nothing, false, false},
    {"progress", do_progress, false, false},
    {"leak", do_leak, false, false},
    {"say", do_say, false, false},
    {"print", do_print, false, false},
    {"read", do_read, false, false},
    {"give", do_give, false, false},
    {"last", do_last, false, false},
    {"exit", do_exit, false, true},
    {"kill", do_kill, false, true},
    {"stop", do_stop, true, true},
    {"stuck", do_stuck, true, true},
    {"stuck-stubborn", do_stuck_stubborn, false, true},
    {"disconnect", do_disconnect, false, true},
    {"hangup", do_hangup, false, true},
    {"garbage", do_garbage, false, true},
    {"complain", do_complain, false, true},
    {"noise", do_noise, false, true},
};

static void run_task(const task *t) {
  const char *name = text_of(t, t->attempt == 1 && cp_value_has(t->value, "first") ? "first" : "do");
  served++;
  for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
    const struct verb *verb = &verbs[i];
    if (strcmp(name, verb->name) != 0) continue;
    if (verb->fails && t->attempt > number_of(t, "times", 255)) {
      answer(t);
      return;
    }
    if (verb->reported) report(name, t->n);
    verb->run(t);
    return;
  }
  do_seen(t);
}

static void cancel(double id) {
  for (waiter *w = waiters; w != NULL; w = w->next) {
    if (w->message == NULL || w->id != id) continue;
    report("cancel", w->n);
    if (deaf) return;
    if (cp_reply_error(w->message, "cancelled") < 0) fail("reply");
    leave_gate(w);
    return;
  }
}

static void on_message(cp_channel *from, cp_message *message, void *data) {
  cp_value value = cp_message_value(message);
  (void)from, (void)data;
  task t = {.message = message, .value = value};
  if (envelope && cp_value_boolean(cp_value_get(value, "cancel"))) {
    cancel(cp_value_number(cp_value_get(value, "id")));
    return;
  }
  if (cp_value_has(value, "note")) { /* for all, and no task */
    report("note", 0);
    return;
  }
  if (envelope && cp_value_has(value, "task")) t.value = cp_value_get(value, "task");
  bool number = cp_value_is(t.value, CP_TYPE_NUMBER);
  t.n = number ? (long)cp_value_number(t.value) : number_of(&t, "n", 0);
  if (number) {
    served++;
    answer(&t);
    return;
  }
  if (cp_value_has(t.value, "n")) t.attempt = count_attempt(t.n);
  run_task(&t);
}

static void on_disconnect(cp_channel *from, void *data) {
  (void)from;
  if (!uv_has_ref((uv_handle_t *)&stay)) exit(data == NULL ? 0 : 71);
}

static bool said(int argc, char **argv, const char *word) {
  for (int i = 2; i < argc; i++)
    if (strcmp(argv[i], word) == 0) return true;
  return false;
}

/* The number of this start among all. Several may be under way. */
static long count_start(void) {
  int fd = open(path_of("starts"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0 || write(fd, "x", 1) != 1) fail("starts");
  long count = (long)lseek(fd, 0, SEEK_CUR);
  close(fd);
  return count;
}

static bool must_crash(int argc, char **argv) {
  for (int i = 2; i + 1 < argc; i++)
    if (strcmp(argv[i], "crash-first") == 0) return count_start() <= atol(argv[i + 1]);
  return said(argc, argv, "crash");
}

static void on_stay(uv_async_t *async) { (void)async; }

int main(int argc, char **argv) {
  cp_channel_options options = {.on_disconnect = on_disconnect};
  envelope = argc > 1 && strcmp(argv[1], "envelope") == 0;
  deaf = said(argc, argv, "deaf");
  if (must_crash(argc, argv)) {
    (void)fputs("it cannot start\n", stderr);
    _exit(9);
  }
  loop = uv_default_loop();
  (void)uv_async_init(loop, &stay, on_stay);
  uv_unref((uv_handle_t *)&stay);
  if (said(argc, argv, "stubborn") || said(argc, argv, "clinging")) stay_alive();
  if (said(argc, argv, "stubborn")) (void)signal(SIGTERM, SIG_IGN);
  if (!said(argc, argv, "never")) options.on_message = on_message;
  int rc = cp_parent_channel(&channel, loop, &options);
  if (rc != 0) fail(cp_err_name(rc));
  if (said(argc, argv, "ready")) say_ready();
  if (said(argc, argv, "gated")) wait_at("start", NULL, -1);
  (void)uv_run(loop, UV_RUN_DEFAULT);
  return 0;
}
