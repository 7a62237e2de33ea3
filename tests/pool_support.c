/* pool_support.c - what the tests of pools share. */
#include "pool_support.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

bool inside;
int inside_result;

static int outcomes; /* so far, in this test */

/* ---------------------------------------------------------------- the loop */

void take_turn(void) { (void)uv_run(test_loop(), UV_RUN_NOWAIT); }

static int begun_fd = -1;

void take_nap(void) {
  if (!uv_loop_alive(test_loop())) fail_msg("the loop has ended before the event");
  struct pollfd fds[] = {{.fd = uv_backend_fd(test_loop()), .events = POLLIN}, {.fd = begun_fd, .events = POLLIN}};
  (void)poll(fds, 2, uv_backend_timeout(test_loop()));
}

/* ---------------------------------------------------------------- gates */

static const char *const gate_names[] = {"begun", "gate", "start", "other"};
enum { GATES = sizeof gate_names / sizeof *gate_names };
static int gates[GATES] = {-1, -1, -1, -1};
static char directory[256], directory_entry[300];
static char heard[4096]; /* from "begun", not handed on yet */

static void open_gates(void) {
  outcomes = 0;
  heard[0] = '\0';
  for (int i = 0; i < GATES; i++) {
    const char *path = temp_path(gate_names[i]);
    assert_int_equal(mkfifo(path, 0600), 0);
    gates[i] = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    assert_true(gates[i] >= 0);
    (void)snprintf(directory, sizeof directory, "%.*s", (int)(strrchr(path, '/') - path), path);
  }
  begun_fd = gates[0];
}

static void close_gates(void) {
  for (int i = 0; i < GATES; i++) {
    if (gates[i] >= 0) close(gates[i]);
    gates[i] = -1;
  }
  begun_fd = -1;
}

int pool_setup(void **state) {
  int rc = setup(state);
  if (rc == 0) open_gates();
  return rc;
}

int pool_teardown(void **state) {
  close_gates();
  return teardown(state);
}

const char *pool_directory(void) { return directory; }

void let_go(const char *gate, int count) {
  int i = 0;
  while (strcmp(gate_names[i], gate) != 0) i++;
  for (int n = 0; n < count; n++) assert_int_equal(write(gates[i], "x", 1), 1);
}

bool has_begun(beginning *out) {
  size_t length = strlen(heard);
  ssize_t n = read(begun_fd, heard + length, sizeof heard - 1 - length);
  if (n > 0) heard[length + (size_t)n] = '\0';
  char *end = strchr(heard, '\n');
  if (end == NULL) return false;
  unsigned id;
  if (sscanf(heard, "%d %u %31s %ld", &out->pid, &id, out->verb, &out->n) != 4) fail_msg("a report says '%s'", heard);
  out->place = id - 1;
  memmove(heard, end + 1, strlen(end + 1) + 1);
  return true;
}

beginning next_beginning(void) {
  beginning out;
  bool begun = false;
  RUN_UNTIL(begun || (begun = has_begun(&out)));
  return out;
}

int attempts_begun(long n) {
  unsigned char count = 0;
  int fd = open(temp_path("counts"), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  if (pread(fd, &count, 1, n) < 0) count = 255;
  close(fd);
  return count;
}

bool is_alive(int pid) {
  char path[64], state = '?';
  (void)snprintf(path, sizeof path, "/proc/%d/stat", pid);
  FILE *file = fopen(path, "re");
  if (file == NULL) return false;
  bool alive = fscanf(file, "%*d (%*[^)]) %c", &state) == 1 && state != 'Z' && state != 'X';
  (void)fclose(file);
  return alive;
}

/* ---------------------------------------------------------------- tasks */

static void copy_text(char *out, size_t size, const char *text) {
  (void)snprintf(out, size, "%s", text != NULL ? text : "");
}

/* What the header says of the fields for each status. */
static void check_outcome(const cp_outcome *o) {
  bool died = o->status == CP_EWORKER, had_one = died || o->status == CP_ETIMEDOUT;
  assert_true(o->id > 0);
  if (o->status != 0 && (o->error == NULL || o->error[0] == '\0')) fail_msg("status %d without a sentence", o->status);
  if (o->status == 0) assert_non_null(o->message);
  if (o->status == 0) assert_null(o->exit);
  if (had_one) assert_non_null(o->err);
  if (had_one) assert_int_equal(strlen(o->err), o->err_length);
  if (had_one) assert_true(o->err_length <= CP_POOL_STDERR_TAIL);
  assert_true(o->queued_ns > 0 && o->queued_ns <= o->ended_ns);
  if (o->started_ns != 0) assert_true(o->queued_ns <= o->started_ns && o->started_ns <= o->ended_ns);
  assert_int_equal(o->attempts == 0, o->place == UINT_MAX);
  assert_int_equal(o->attempts == 0, o->pid == 0);
  assert_int_equal(o->attempts == 0, o->started_ns == 0);
}

static void on_outcome(cp_pool *pool, const cp_outcome *o, void *data) {
  task *t = data;
  (void)pool;
  assert_false(inside);
  assert_ptr_equal(o->data, t);
  check_outcome(o);
  if (t->told++ > 0) fail_msg("task %d has had an outcome before", (int)o->id);
  t->order = ++outcomes;
  t->id = o->id;
  t->status = o->status;
  t->result = cp_value_number(cp_outcome_value(o));
  copy_text(t->text, sizeof t->text, cp_value_string(cp_outcome_value(o), NULL));
  copy_text(t->json, sizeof t->json, cp_outcome_json(o, NULL));
  copy_text(t->error, sizeof t->error, o->error);
  t->ended = o->exit != NULL;
  if (t->ended) t->exit = *o->exit;
  if (o->err != NULL && (o->status == CP_EWORKER || o->status == CP_ETIMEDOUT)) {
    memcpy(t->err, o->err, o->err_length + 1);
    t->err_length = o->err_length;
  }
  t->attempts = o->attempts, t->place = o->place, t->pid = o->pid;
  t->queued_ns = o->queued_ns, t->started_ns = o->started_ns, t->ended_ns = o->ended_ns;
  if (o->message != NULL && cp_message_handle_count(o->message) > 0) t->fd = cp_message_take_fd(o->message, 0);
}

static void on_progress(cp_pool *pool, uint64_t id, cp_value progress, void *data) {
  task *t = data;
  (void)pool;
  assert_false(inside);
  assert_int_equal(t->told, 0);
  if (t->id != 0) assert_int_equal(id, t->id);
  assert_int_equal(cp_value_integer(progress, -1), t->progress);
  t->progress++;
}

cp_task_options task_options(task *t) {
  *t = (task){.fd = -1, .place = UINT_MAX};
  return (cp_task_options){.cb = on_outcome, .on_progress = on_progress, .data = t, .id = &t->id};
}

int submit_with(cp_pool *pool, task *t, const char *json, const cp_task_options *options) {
  cp_error error = {0};
  cp_task_options own = options != NULL ? *options : task_options(t);
  if (own.error == NULL) own.error = &error;
  int rc = INSIDE(cp_pool_submit_json(pool, json, SIZE_MAX, &own));
  if (rc < 0) fail_msg("cp_pool_submit_json: %s: %s", cp_err_name(rc), own.error->message);
  return rc;
}

int submit(cp_pool *pool, task *t, const char *json) { return submit_with(pool, t, json, NULL); }

char *json_of(const char *verb, long n, const char *more) {
  static char texts[8][512];
  static unsigned next;
  char *text = texts[next++ % 8];
  (void)snprintf(text, sizeof texts[0], "{\"do\":\"%s\",\"n\":%ld%s%s}", verb, n, more != NULL ? "," : "",
                 more != NULL ? more : "");
  return text;
}

void await_tasks(const task *tasks, size_t count) {
  for (size_t i = 0; i < count; i++) RUN_UNTIL(tasks[i].told);
}

void check_squares(const task *tasks, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (tasks[i].status != 0) fail_msg("task %d: %s", (int)i, tasks[i].error);
    assert_int_equal(tasks[i].told, 1);
    assert_true(tasks[i].result == (double)i * (double)i);
  }
}

/* ---------------------------------------------------------------- pools */

static void on_drain(cp_pool *pool, void *data) {
  events *e = data;
  (void)pool;
  assert_false(inside);
  e->drained++;
}

static void on_idle(cp_pool *pool, void *data) {
  events *e = data;
  assert_false(inside);
  cp_pool_stats stats = stats_of(pool);
  assert_int_equal(stats.waiting + stats.running + stats.held, 0);
  assert_int_equal(stats.submitted, stats.succeeded + stats.failed);
  e->idle++;
}

static void on_worker(cp_pool *pool, const cp_worker_info *worker, void *data) {
  events *e = data;
  size_t used = strlen(e->text);
  assert_false(inside);
  assert_true(worker->place < cp_pool_size(pool));
  (void)snprintf(e->text + used, sizeof e->text - used, "%s%s:%u", used > 0 ? " " : "",
                 cp_worker_state_name(worker->state), worker->place);
  e->starting += worker->state == CP_WORKER_STARTING;
  e->ready += worker->state == CP_WORKER_READY;
  e->leaving += worker->state == CP_WORKER_LEAVING;
  e->ended += worker->state == CP_WORKER_ENDED;
  e->recycled += worker->state == CP_WORKER_ENDED && worker->recycled;
  e->complaints += worker->state == CP_WORKER_ENDED && worker->error != NULL;
}

static void on_message(cp_pool *pool, const cp_worker_info *worker, cp_message *message, void *data) {
  events *e = data;
  assert_false(inside);
  assert_true(worker->place < cp_pool_size(pool));
  copy_text(e->last, sizeof e->last, cp_message_json(message, NULL));
  e->messages++;
}

static void on_error(cp_pool *pool, const cp_error *error, void *data) {
  events *e = data;
  (void)pool;
  assert_false(inside);
  assert_true(error->code < 0 && error->message[0] != '\0');
  e->error = *error;
  e->errors++;
}

static void drop_output(cp_child *child, const char *bytes, size_t length, void *data) {
  (void)child, (void)bytes, (void)length, (void)data;
}

cp_pool_options pool_options(events *e, unsigned size) {
  static const char *overlay[2];
  static cp_options worker;
  memset(e, 0, sizeof *e);
  (void)snprintf(directory_entry, sizeof directory_entry, "POOL_DIR=%s", directory);
  overlay[0] = directory_entry;
  worker = (cp_options){.env_overlay = overlay, .peer_is_library = true, .on_stderr = drop_output};
  return (cp_pool_options){.size = size,
                           .worker = &worker,
                           .on_drain = on_drain,
                           .on_idle = on_idle,
                           .on_worker = on_worker,
                           .on_message = on_message,
                           .on_error = on_error,
                           .data = e};
}

cp_pool *open_pool(const cp_pool_options *options, const char *const *words) {
  cp_pool *pool = NULL;
  cp_error error = {0};
  cp_pool_options own = *options;
  own.error = &error;
  int rc = INSIDE(cp_pool_open(&pool, test_loop(), POOL_WORKER, words, &own));
  if (rc != 0) fail_msg("cp_pool_open: %s: %s", cp_err_name(rc), error.message);
  return pool;
}

const char *const plain_words[] = {"plain", NULL}, *const envelope_words[] = {"envelope", NULL};

cp_pool *open_plain(events *e, unsigned size) {
  cp_pool_options options = pool_options(e, size);
  return open_pool(&options, plain_words);
}

cp_pool *open_envelope(events *e, unsigned size, unsigned in_flight, const char *const *words) {
  cp_pool_options options = pool_options(e, size);
  options.protocol = CP_POOL_ENVELOPE;
  options.in_flight = in_flight;
  return open_pool(&options, words);
}

cp_pool_protocol protocol_of(int way) { return way & 1 ? CP_POOL_ENVELOPE : CP_POOL_PLAIN; }

cp_serialization serialization_of(int way) { return way & 2 ? CP_SERIALIZATION_ADVANCED : CP_SERIALIZATION_JSON; }

cp_pool *open_way(events *e, unsigned size, int way) {
  cp_pool_options options = pool_options(e, size);
  cp_options worker = *options.worker;
  worker.serialization = serialization_of(way);
  options.worker = &worker;
  options.protocol = protocol_of(way);
  return open_pool(&options, way & 1 ? envelope_words : plain_words);
}

void on_pool_closed(cp_pool *pool, const cp_pool_report *report, void *data) {
  events *e = data;
  (void)pool;
  assert_false(inside);
  e->report = *report;
  e->closed++;
}

void close_pool(cp_pool *pool, events *e, cp_pool_end end) {
  assert_int_equal(INSIDE(cp_pool_close(pool, end, 0, on_pool_closed, e)), 0);
  RUN_UNTIL(e->closed);
  cp_pool_stats stats = stats_of(pool);
  assert_int_equal(stats.submitted, stats.succeeded + stats.failed);
  assert_int_equal(stats.waiting + stats.running + stats.held + stats.workers, 0);
  run_loop(); /* nothing keeps it */
  assert_int_equal(e->closed, 1);
  cp_pool_free(pool);
}

cp_pool_stats stats_of(const cp_pool *pool) {
  cp_pool_stats stats;
  memset(&stats, 0xa5, sizeof stats);
  cp_pool_stats_get(pool, &stats);
  return stats;
}

bool all_idle(const cp_pool *pool, unsigned count) {
  cp_pool_stats stats = stats_of(pool);
  return stats.workers == count && stats.idle == count;
}
