/* test_pool.c - pools: tasks go in, outcomes come out. */
#include <fcntl.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pool_support.h"

/* ---------------------------------------------------------------- four ways to talk */

enum { WAYS = 4 };
static const char *const plain_words[] = {"plain", NULL}, *const envelope_words[] = {"envelope", NULL};

static cp_pool_protocol protocol_of(int way) { return way & 1 ? CP_POOL_ENVELOPE : CP_POOL_PLAIN; }
static cp_serialization serialization_of(int way) {
  return way & 2 ? CP_SERIALIZATION_ADVANCED : CP_SERIALIZATION_JSON;
}

static cp_pool *open_way(events *e, unsigned size, int way) {
  cp_pool_options options = pool_options(e, size);
  cp_options worker = *options.worker;
  worker.serialization = serialization_of(way);
  options.worker = &worker;
  options.protocol = protocol_of(way);
  return open_pool(&options, way & 1 ? envelope_words : plain_words);
}

static cp_pool *open_plain(events *e, unsigned size) { return open_way(e, size, 0); }

/* ---------------------------------------------------------------- results */

static void each_task_gets_its_own_result_in_each_protocol_and_serialization(void **state) {
  (void)state;
  enum { TASKS = 100 };
  static task tasks[TASKS];
  for (int way = 0; way < WAYS; way++) {
    events e;
    cp_pool *pool = open_way(&e, 3, way);
    for (int i = 0; i < TASKS; i++) assert_int_equal(submit(pool, &tasks[i], json_of("square", i, NULL)), 0);
    await_tasks(tasks, TASKS);
    check_squares(tasks, TASKS);
    close_pool(pool, &e, CP_POOL_FINISH);
    assert_int_equal(e.report.aborted, 0);
    assert_int_equal(e.errors, 0);
  }
}

static void values_json_and_bytes_are_the_same_task(void **state) {
  (void)state;
  for (int way = 0; way < WAYS; way++) {
    events e;
    task tasks[3];
    void *payload;
    size_t length;
    cp_pool *pool = open_way(&e, 1, way);
    cp_heap *heap = cp_heap_new(NULL);
    cp_value value = cp_value_set(cp_object(heap), "mark", cp_string(heap, "x"));
    cp_task_options options = task_options(&tasks[0]);
    assert_int_equal(INSIDE(cp_pool_submit(pool, value, &options)), 0);
    assert_int_equal(submit(pool, &tasks[1], " {\"mark\":\"x\"} "), 0);
    if (serialization_of(way) == CP_SERIALIZATION_JSON)
      assert_int_equal(cp_value_to_json((char **)&payload, &length, value, NULL), 0);
    else
      assert_int_equal(cp_value_to_clone(&payload, &length, value, CP_CLONE_CHANNEL, NULL), 0);
    options = task_options(&tasks[2]);
    assert_int_equal(INSIDE(cp_pool_submit_raw(pool, payload, length, &options)), 0);
    memset(payload, 'x', length); /* it was copied */
    cp_free(payload);
    cp_heap_free(heap);
    await_tasks(tasks, 3);
    for (int i = 0; i < 3; i++) {
      char expected[64];
      (void)snprintf(expected, sizeof expected, way & 1 ? "{\"id\":%d,\"mark\":\"x\"}" : "{\"mark\":\"x\"}", i + 1);
      assert_int_equal(tasks[i].status, 0);
      assert_string_equal(tasks[i].text, expected);
    }
    close_pool(pool, &e, CP_POOL_FINISH);
  }
}

static void the_length_of_json_text_is_believed(void **state) {
  (void)state;
  events e;
  task t;
  cp_pool *pool = open_plain(&e, 1);
  cp_task_options options = task_options(&t);
  assert_int_equal(INSIDE(cp_pool_submit_json(pool, "12345", 2, &options)), 0);
  await_tasks(&t, 1);
  assert_true(t.result == 144);
  close_pool(pool, &e, CP_POOL_FINISH);
}

/* Without the blanks. */
static const char *packed(char *text) {
  char *to = text;
  for (const char *from = text; *from != '\0'; from++)
    if (*from != ' ') *to++ = *from;
  *to = '\0';
  return text;
}

static void an_envelope_has_the_id_before_the_task_or_around_it(void **state) {
  static const struct {
    const char *task, *seen;
  } cases[] = {
      {"{\"x\":1}", "{\"id\":1,\"x\":1}"},
      {"{\"id\":\"mine\",\"x\":1}", "{\"id\":2,\"task\":{\"id\":\"mine\",\"x\":1}}"},
      {"[1,2]", "{\"id\":3,\"task\":[1,2]}"},
      {"\"text\"", "{\"id\":4,\"task\":\"text\"}"},
      {"null", "{\"id\":5,\"task\":null}"},
      {"true", "{\"id\":6,\"task\":true}"},
      {"{}", "{\"id\":7}"},
      {"{\"id\":null}", "{\"id\":8,\"task\":{\"id\":null}}"},
      {"{\"x\":{\"id\":3}}", "{\"id\":9,\"x\":{\"id\":3}}"},
      {"{\"task\":1}", "{\"id\":10,\"task\":{\"task\":1}}"},
      {"{\"cancel\":true}", "{\"id\":11,\"task\":{\"cancel\":true}}"},
      {"{\"cancelled\":1}", "{\"id\":12,\"cancelled\":1}"},
  };
  enum { CASES = sizeof cases / sizeof *cases };
  (void)state;
  for (int way = 1; way < WAYS; way += 2) {
    events e;
    static task tasks[CASES];
    cp_pool *pool = open_way(&e, 1, way);
    for (int i = 0; i < CASES; i++) assert_int_equal(submit(pool, &tasks[i], cases[i].task), 0);
    await_tasks(tasks, CASES);
    for (int i = 0; i < CASES; i++) assert_string_equal(packed(tasks[i].text), cases[i].seen);
    close_pool(pool, &e, CP_POOL_FINISH);
  }
}

static void an_answer_with_an_id_and_nothing_else_is_undefined(void **state) {
  (void)state;
  for (int way = 1; way < WAYS; way += 2) {
    events e;
    task t;
    cp_pool *pool = open_way(&e, 1, way);
    assert_int_equal(submit(pool, &t, json_of("nothing", 0, NULL)), 0);
    await_tasks(&t, 1);
    assert_int_equal(t.status, 0);
    assert_string_equal(t.json, "");
    close_pool(pool, &e, CP_POOL_FINISH);
  }
}

static void an_envelope_around_bytes_is_the_same_as_around_values(void **state) {
  static const char *const texts[] = {"{\"x\":1}", "{\"id\":0}", "[1]", "{}"};
  static const char *const seen[] = {"{\"id\":1,\"x\":1}", "{\"id\":2,\"task\":{\"id\":0}}", "{\"id\":3,\"task\":[1]}",
                                     "{\"id\":4}"};
  (void)state;
  for (int way = 1; way < WAYS; way += 2) {
    events e;
    task tasks[4];
    cp_pool *pool = open_way(&e, 1, way);
    cp_heap *heap = cp_heap_new(NULL);
    for (int i = 0; i < 4; i++) {
      void *bytes = NULL;
      size_t length = strlen(texts[i]);
      cp_value value;
      cp_task_options options = task_options(&tasks[i]);
      assert_int_equal(cp_value_from_json(&value, heap, texts[i], length, NULL), 0);
      if (way & 2) assert_int_equal(cp_value_to_clone(&bytes, &length, value, CP_CLONE_CHANNEL, NULL), 0);
      assert_int_equal(INSIDE(cp_pool_submit_raw(pool, way & 2 ? bytes : texts[i], length, &options)), 0);
      cp_free(bytes);
    }
    cp_heap_free(heap);
    await_tasks(tasks, 4);
    for (int i = 0; i < 4; i++) assert_string_equal(packed(tasks[i].text), seen[i]);
    close_pool(pool, &e, CP_POOL_FINISH);
  }
}

static cp_message *kept;
static int keep_calls;

static void keep_answer(cp_pool *pool, const cp_outcome *outcome, void *data) {
  (void)pool, (void)data;
  assert_int_equal(outcome->status, 0);
  kept = cp_message_keep(outcome->message);
  assert_non_null(kept);
  keep_calls++;
}

/* What structured clone has and JSON has not. */
static void whatever_the_serialization_carries_comes_back_the_same(void **state) {
  (void)state;
  for (int way = 2; way < WAYS; way++) {
    events e;
    task t;
    keep_calls = 0;
    cp_pool *pool = open_way(&e, 1, way);
    cp_heap *heap = cp_heap_new(NULL);
    cp_value map = cp_map(heap), object = cp_object(heap);
    (void)cp_value_map_set(map, cp_number(1), cp_bigint(heap, 12));
    (void)cp_value_set(object, "do", cp_text("echo"));
    (void)cp_value_set(object, "map", map);
    (void)cp_value_set(object, "again", map);
    cp_task_options options = task_options(&t);
    options.cb = keep_answer;
    assert_int_equal(INSIDE(cp_pool_submit(pool, object, &options)), 0);
    RUN_UNTIL(keep_calls);
    close_pool(pool, &e, CP_POOL_FINISH);
    cp_value value = cp_message_value(kept);
    if (way & 1) value = cp_value_get(value, "result");
    assert_true(cp_value_equal(cp_value_get(value, "map"), map));
    assert_true(cp_value_same(cp_value_get(value, "map"), cp_value_get(value, "again")));
    cp_message_free(kept);
    cp_heap_free(heap);
  }
}

static void keep_message(cp_pool *pool, const cp_outcome *outcome, void *data) {
  size_t length = 99;
  const char *json = cp_outcome_json(outcome, &length);
  assert_non_null(strstr(json, "\"do\":\"echo\",\"big\":[1,2,3]}"));
  assert_int_equal(length, strlen(json));
  assert_int_equal(cp_value_length(cp_value_get(cp_outcome_value(outcome), "big")), 3);
  keep_answer(pool, outcome, data);
}

static void an_answer_can_be_kept_beyond_its_callback_and_the_pool(void **state) {
  (void)state;
  for (int way = 0; way < WAYS; way++) {
    events e;
    task t;
    keep_calls = 0;
    cp_pool *pool = open_way(&e, 1, way);
    cp_task_options options = task_options(&t);
    options.cb = keep_message;
    (void)submit_with(pool, &t, "{\"do\":\"echo\",\"big\":[1,2,3]}", &options);
    RUN_UNTIL(keep_calls);
    close_pool(pool, &e, CP_POOL_FINISH);
    cp_value value = cp_message_value(kept);
    if (way & 1) value = cp_value_get(value, "result");
    assert_int_equal(cp_value_integer(cp_value_at(cp_value_get(value, "big"), 2), -1), 3);
    cp_message_free(kept);
  }
}

static void an_error_of_the_worker_is_told_with_its_words(void **state) {
  (void)state;
  for (int way = 1; way < WAYS; way += 2) {
    events e;
    task tasks[2];
    cp_pool *pool = open_way(&e, 1, way);
    (void)submit(pool, &tasks[0], json_of("error", 0, "\"text\":\"out of paper\""));
    (void)submit(pool, &tasks[1], json_of("square", 3, NULL));
    await_tasks(tasks, 2);
    assert_int_equal(tasks[0].status, CP_EREPLY);
    assert_string_equal(tasks[0].text, "out of paper");
    assert_string_equal(tasks[0].json, "\"out of paper\"");
    assert_int_equal(tasks[0].attempts, 1);
    assert_int_equal(tasks[1].status, 0);
    assert_int_equal(tasks[0].pid, tasks[1].pid); /* the worker is as good as before */
    cp_pool_stats stats = stats_of(pool);
    assert_int_equal(stats.failed, 1);
    assert_int_equal(stats.succeeded, 1);
    close_pool(pool, &e, CP_POOL_FINISH);
  }
}

static void progress_comes_in_order_before_the_outcome(void **state) {
  (void)state;
  for (int way = 1; way < WAYS; way += 2) {
    events e;
    task tasks[2];
    cp_pool *pool = open_way(&e, 1, way);
    (void)submit(pool, &tasks[0], json_of("progress", 0, "\"count\":5"));
    cp_task_options options = task_options(&tasks[1]);
    options.on_progress = NULL; /* nobody wants to know */
    (void)submit_with(pool, &tasks[1], json_of("progress", 1, "\"count\":5"), &options);
    await_tasks(tasks, 2);
    assert_int_equal(tasks[0].progress, 5);
    check_squares(tasks, 2);
    assert_int_equal(e.messages, 0);
    assert_int_equal(stats_of(pool).stray, 0);
    close_pool(pool, &e, CP_POOL_FINISH);
  }
}

static void a_message_that_is_no_answer_goes_to_on_message(void **state) {
  (void)state;
  for (int way = 0; way < WAYS; way++) {
    events e;
    task t;
    cp_pool *pool = open_way(&e, 1, way);
    (void)submit(pool, &t, json_of("after", 4, NULL));
    await_tasks(&t, 1);
    let_go("gate", 1);
    RUN_UNTIL(e.messages);
    assert_string_equal(e.last, "{\"unasked\":4}");
    assert_int_equal(t.told, 1);
    assert_int_equal(stats_of(pool).stray, 1);
    close_pool(pool, &e, CP_POOL_FINISH);
  }
}

static void a_message_without_an_id_is_no_answer_even_while_there_is_a_task(void **state) {
  (void)state;
  for (int way = 1; way < WAYS; way += 2) {
    events e;
    task t;
    cp_pool *pool = open_way(&e, 1, way);
    (void)submit(pool, &t, json_of("before", 4, NULL));
    await_tasks(&t, 1);
    assert_int_equal(e.messages, 1);
    assert_true(t.result == 16);
    close_pool(pool, &e, CP_POOL_FINISH);
  }
}

static void a_broadcast_reaches_each_worker_and_is_no_task(void **state) {
  (void)state;
  for (int way = 0; way < WAYS; way++) {
    events e;
    task tasks[2];
    cp_pool *pool = open_way(&e, 2, way);
    RUN_UNTIL(all_idle(pool, 2));
    cp_heap *heap = cp_heap_new(NULL);
    cp_value message = cp_value_set(cp_object(heap), "note", cp_string(heap, "new"));
    assert_int_equal(INSIDE(cp_pool_broadcast(pool, message)), 2);
    if (serialization_of(way) == CP_SERIALIZATION_JSON)
      assert_int_equal(cp_pool_broadcast(pool, cp_bigint(heap, 1)), CP_ECLONE);
    cp_heap_free(heap);
    for (int i = 0; i < 2; i++) {
      assert_string_equal(next_beginning().verb, "note");
    }
    for (int i = 0; i < 2; i++) (void)submit(pool, &tasks[i], json_of("square", i, NULL));
    await_tasks(tasks, 2);
    check_squares(tasks, 2);
    assert_int_equal(stats_of(pool).submitted, 2);
    assert_int_equal(e.messages, 0);
    close_pool(pool, &e, CP_POOL_FINISH);
  }
}

/* ---------------------------------------------------------------- handles */

static void a_handle_goes_along_with_a_task(void **state) {
  (void)state;
  for (int way = 0; way < WAYS; way++) {
    events e;
    task t;
    int fds[2];
    cp_pool *pool = open_way(&e, 1, way);
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    assert_int_equal(write(fds[1], "from the pipe", 13), 13);
    cp_handle handle = {.type = CP_HANDLE_FD, .fd = fds[0]};
    cp_task_options options = task_options(&t);
    options.handles = &handle;
    options.handle_count = 1;
    (void)submit_with(pool, &t, json_of("read", 1, NULL), &options);
    close(fds[0]); /* it was duplicated */
    close(fds[1]);
    await_tasks(&t, 1);
    assert_int_equal(t.status, 0);
    assert_string_equal(t.text, "from the pipe");
    close_pool(pool, &e, CP_POOL_FINISH);
  }
}

static void a_handle_comes_along_with_an_answer(void **state) {
  (void)state;
  for (int way = 0; way < WAYS; way++) {
    events e;
    task tasks[2];
    char text[8] = "";
    cp_pool *pool = open_way(&e, 1, way);
    (void)submit(pool, &tasks[0], json_of("give", 77, NULL));
    await_tasks(tasks, 1);
    assert_int_equal(tasks[0].status, 0);
    assert_true(tasks[0].fd >= 0);
    assert_int_equal(read(tasks[0].fd, text, sizeof text - 1), 2);
    assert_string_equal(text, "77");
    close(tasks[0].fd);
    cp_task_options options = task_options(&tasks[1]);
    options.cb = NULL; /* nobody takes it: it is closed */
    (void)submit_with(pool, &tasks[1], json_of("give", 78, NULL), &options);
    RUN_UNTIL(stats_of(pool).succeeded == 2);
    close_pool(pool, &e, CP_POOL_FINISH);
  }
}

/* A library that has not said so yet: the pool has to wait until it knows, or send what any peer takes. */
static void a_socket_goes_to_a_worker_of_which_nothing_is_known_yet(void **state) {
  (void)state;
  for (int way = 0; way < WAYS; way++) {
    events e;
    task t;
    int fds[2];
    cp_pool_options pool_settings = pool_options(&e, 1);
    cp_options worker = *pool_settings.worker;
    worker.peer_is_library = false;
    worker.serialization = serialization_of(way);
    pool_settings.worker = &worker;
    pool_settings.protocol = protocol_of(way);
    cp_pool *pool = open_pool(&pool_settings, way & 1 ? envelope_words : plain_words);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    assert_int_equal(write(fds[1], "hello", 5), 5);
    close(fds[1]);
    cp_handle handle = {.type = CP_HANDLE_NATIVE, .fd = fds[0]};
    cp_task_options options = task_options(&t);
    options.handles = &handle;
    options.handle_count = 1;
    (void)submit_with(pool, &t, json_of("read", 1, NULL), &options);
    close(fds[0]);
    await_tasks(&t, 1);
    assert_string_equal(t.text, "hello");
    close_pool(pool, &e, CP_POOL_FINISH);
  }
}

/* ---------------------------------------------------------------- numbers and times */

static void tasks_are_numbered_from_one_and_refused_ones_have_no_number(void **state) {
  (void)state;
  events e;
  task tasks[3];
  cp_pool *pool = open_plain(&e, 2);
  (void)submit(pool, &tasks[0], "1");
  uint64_t id = 1234;
  assert_int_equal(cp_pool_submit_json(pool, "no json", SIZE_MAX, &(cp_task_options){.id = &id}), CP_EMESSAGE);
  assert_int_equal(id, 1234);
  (void)submit(pool, &tasks[1], "2");
  (void)submit(pool, &tasks[2], "3");
  for (int i = 0; i < 3; i++) assert_int_equal(tasks[i].id, i + 1);
  await_tasks(tasks, 3);
  for (int i = 0; i < 3; i++) assert_int_equal(tasks[i].id, i + 1);
  close_pool(pool, &e, CP_POOL_FINISH);
}

static void an_outcome_says_when_and_where_it_was_done(void **state) {
  (void)state;
  events e;
  task tasks[2];
  cp_pool *pool = open_plain(&e, 1);
  (void)submit(pool, &tasks[0], json_of("hold", 1, NULL));
  (void)submit(pool, &tasks[1], json_of("who", 1, NULL));
  beginning begun = next_beginning();
  let_go("gate", 1);
  await_tasks(tasks, 2);
  for (int i = 0; i < 2; i++) {
    assert_int_equal(tasks[i].attempts, 1);
    assert_int_equal(tasks[i].place, 0);
    assert_int_equal(tasks[i].pid, begun.pid);
    assert_true(tasks[i].queued_ns <= tasks[i].started_ns && tasks[i].started_ns <= tasks[i].ended_ns);
  }
  assert_true(tasks[0].ended_ns <= tasks[1].started_ns); /* one at a time */
  assert_true(tasks[1].queued_ns <= tasks[0].ended_ns);
  cp_pool_stats stats = stats_of(pool);
  assert_true(stats.run_ns >= tasks[0].ended_ns - tasks[0].started_ns);
  assert_true(stats.queued_ns >= tasks[1].started_ns - tasks[1].queued_ns);
  close_pool(pool, &e, CP_POOL_FINISH);
}

static void a_worker_knows_its_place(void **state) {
  (void)state;
  events e;
  task holds[3], who[3];
  cp_pool *pool = open_plain(&e, 3);
  for (int i = 0; i < 3; i++) (void)submit(pool, &holds[i], json_of("hold", i, NULL));
  bool seen[3] = {false};
  for (int i = 0; i < 3; i++) {
    beginning begun = next_beginning();
    assert_true(begun.place < 3 && !seen[begun.place]);
    seen[begun.place] = true;
    cp_worker_info info = cp_pool_worker(pool, begun.place);
    assert_int_equal(info.place, begun.place);
    assert_int_equal(info.state, CP_WORKER_READY);
    assert_int_equal(info.running, 1);
    assert_int_equal(cp_child_pid(info.child), begun.pid);
  }
  let_go("gate", 3);
  for (int i = 0; i < 3; i++) (void)submit(pool, &who[i], json_of("who", i, NULL));
  await_tasks(holds, 3);
  await_tasks(who, 3);
  for (int i = 0; i < 3; i++) {
    char id[32];
    (void)snprintf(id, sizeof id, "\"id\":\"%u\"", who[i].place + 1);
    assert_non_null(strstr(who[i].json, id));
  }
  uint64_t done = 0;
  for (unsigned i = 0; i < 3; i++) done += cp_pool_worker(pool, i).done;
  assert_int_equal(done, 6);
  close_pool(pool, &e, CP_POOL_FINISH);
}

static void a_pool_can_be_asked_what_it_is(void **state) {
  (void)state;
  events e;
  cp_pool_options options = pool_options(&e, 0);
  options.min_size = 1;
  cp_pool *pool = open_pool(&options, plain_words);
  assert_true(cp_available_cpus() >= 1);
  assert_int_equal(cp_pool_size(pool), cp_available_cpus());
  assert_ptr_equal(cp_pool_loop(pool), test_loop());
  assert_ptr_equal(cp_pool_data(pool), &e);
  assert_int_equal(cp_pool_worker(pool, 100000).state, CP_WORKER_NONE);
  assert_null(cp_pool_worker(pool, 100000).child);
  close_pool(pool, &e, CP_POOL_FINISH);
  assert_string_equal(cp_worker_state_name(CP_WORKER_NONE), "none");
  assert_string_equal(cp_worker_state_name(CP_WORKER_STARTING), "starting");
  assert_string_equal(cp_worker_state_name(CP_WORKER_READY), "ready");
  assert_string_equal(cp_worker_state_name(CP_WORKER_LEAVING), "leaving");
  assert_string_equal(cp_worker_state_name(CP_WORKER_ENDED), "ended");
  assert_non_null(cp_worker_state_name((cp_worker_state)99));
}

static void all_that_the_options_point_to_is_copied(void **state) {
  (void)state;
  events e;
  task tasks[2];
  char word[] = "plain", module[sizeof POOL_WORKER] = POOL_WORKER, entry[512], mark[] = "MARK=before", dir[] = "/";
  const char *words[] = {word, NULL}, *overlay[] = {entry, mark, NULL};
  cp_pool_options options = pool_options(&e, 2);
  cp_options worker = {.env_overlay = overlay, .cwd = dir};
  (void)snprintf(entry, sizeof entry, "POOL_DIR=%s", pool_directory());
  options.worker = &worker;
  options.min_size = 1;
  cp_pool *pool = NULL;
  assert_int_equal(cp_pool_open(&pool, test_loop(), module, words, &options), 0);
  memset(word, 'x', sizeof word - 1), memset(module, 'x', sizeof module - 1), memset(entry, 'x', sizeof entry - 1);
  memset(mark, 'x', sizeof mark - 1), memset(dir, 'x', 1), memset(&worker, 0xa5, sizeof worker);
  words[0] = overlay[0] = NULL;
  (void)submit(pool, &tasks[0], json_of("hold", 0, NULL));
  (void)submit(pool, &tasks[1], json_of("env", 0, "\"name\":\"MARK\"")); /* by one that is started later */
  await_tasks(&tasks[1], 1);
  assert_string_equal(tasks[1].text, "before");
  let_go("gate", 1);
  await_tasks(tasks, 1);
  close_pool(pool, &e, CP_POOL_FINISH);
}

/* ---------------------------------------------------------------- arguments */

static void refuse_open(cp_pool_options options, int code, const char *word) {
  cp_error error = {0};
  cp_pool *pool = NULL;
  options.error = &error;
  assert_int_equal(cp_pool_open(&pool, test_loop(), POOL_WORKER, plain_words, &options), code);
  assert_null(pool);
  assert_int_equal(error.code, code);
  if (strstr(error.message, word) == NULL) fail_msg("'%s' does not name %s", error.message, word);
}

static void options_that_make_no_sense_are_named(void **state) {
  (void)state;
  events e;
  cp_options worker = {.kill_signal = 999};
  cp_pool_options good = pool_options(&e, 2), o;
  refuse_open((o = good, o.size = CP_POOL_WORKERS_MAX + 1, o), UV_EINVAL, "size");
  refuse_open((o = good, o.min_size = 3, o), UV_EINVAL, "min_size");
  refuse_open((o = good, o.protocol = (cp_pool_protocol)9, o), UV_EINVAL, "protocol");
  refuse_open((o = good, o.in_flight = 2, o), UV_EINVAL, "in_flight");
  refuse_open((o = good, o.max_retries = -2, o), UV_EINVAL, "max_retries");
  refuse_open((o = good, o.high_water = 2, o.low_water = 3, o), UV_EINVAL, "low_water");
  refuse_open((o = good, o.worker = &worker, o), UV_EINVAL, "kill_signal");
  worker = (cp_options){.stdio = CP_STDIO(CP_PIPE, CP_PIPE, CP_PIPE)};
  refuse_open((o = good, o.worker = &worker, o), UV_EINVAL, "stdio");
  assert_int_equal(e.starting, 0);
}

static void arguments_that_make_no_sense_are_named(void **state) {
  (void)state;
  cp_error error = {0};
  cp_pool *pool = NULL;
  cp_pool_options options = {.size = 1, .error = &error};
  assert_int_equal(cp_pool_open(NULL, test_loop(), POOL_WORKER, NULL, &options), UV_EINVAL);
  assert_int_equal(error.code, UV_EINVAL);
  assert_int_equal(cp_pool_open(&pool, NULL, POOL_WORKER, NULL, &options), UV_EINVAL);
  assert_non_null(strstr(error.message, "loop"));
  assert_int_equal(cp_pool_open(&pool, test_loop(), NULL, NULL, &options), UV_EINVAL);
  assert_non_null(strstr(error.message, "module"));
  assert_int_equal(cp_pool_open(&pool, test_loop(), "", NULL, &options), UV_EINVAL);
  assert_non_null(strstr(error.message, "module"));
  assert_null(pool);
  cp_pool_free(NULL);
}

static void refuse_submit(cp_pool *pool, const char *json, cp_task_options options, int code, const char *word) {
  cp_error error = {0};
  options.error = &error;
  int rc = INSIDE(cp_pool_submit_json(pool, json, SIZE_MAX, &options));
  if (rc != code) fail_msg("%s: %s instead of %s", word, cp_err_name(rc), cp_err_name(code));
  assert_int_equal(error.code, code);
  if (strstr(error.message, word) == NULL) fail_msg("'%s' does not name %s", error.message, word);
}

static void tasks_that_make_no_sense_are_refused_and_named(void **state) {
  (void)state;
  events e;
  task t;
  cp_error error = {0};
  cp_handle bad = {.type = CP_HANDLE_FD, .fd = 777}, many[CP_HANDLES_MAX + 1] = {{.type = CP_HANDLE_FD}};
  cp_pool *pool = open_plain(&e, 1);
  cp_task_options good = task_options(&t), o;
  refuse_submit(pool, "{", good, CP_EMESSAGE, "");
  refuse_submit(pool, "1 2", good, CP_EMESSAGE, "");
  refuse_submit(pool, "", good, CP_EMESSAGE, "");
  refuse_submit(pool, "1", (o = good, o.max_retries = -2, o), UV_EINVAL, "max_retries");
  refuse_submit(pool, "1", (o = good, o.handle_count = 1, o), UV_EINVAL, "handle");
  refuse_submit(pool, "1", (o = good, o.handles = &bad, o.handle_count = 1, o), UV_EBADF, "");
  for (int i = 0; i <= CP_HANDLES_MAX; i++) many[i] = (cp_handle){.type = CP_HANDLE_FD, .fd = 0};
  refuse_submit(pool, "1", (o = good, o.handles = many, o.handle_count = CP_HANDLES_MAX + 1, o), UV_EINVAL, "handle");
  assert_int_equal(cp_pool_submit_raw(pool, NULL, 3, &good), UV_EINVAL);
  assert_int_equal(cp_pool_submit_raw(pool, "1", 0, &good), UV_EINVAL);
  assert_true(cp_pool_submit_json(pool, NULL, SIZE_MAX, &good) < 0);
  cp_heap *heap = cp_heap_new(NULL);
  good.error = &error;
  assert_int_equal(cp_pool_submit(pool, cp_bigint(heap, 1), &good), CP_ECLONE);
  assert_int_equal(error.code, CP_ECLONE);
  assert_true(cp_pool_submit(pool, (cp_value){.type = CP_TYPE_NONE}, &good) < 0);
  cp_heap_free(heap);
  assert_int_equal(cp_pool_cancel(pool, 1), UV_ENOENT);
  assert_int_equal(stats_of(pool).submitted, 0);
  (void)submit(pool, &t, "2");
  await_tasks(&t, 1);
  assert_int_equal(t.id, 1);
  assert_true(t.result == 4);
  close_pool(pool, &e, CP_POOL_FINISH);
}

static void a_task_whose_outcome_nobody_wants_is_done(void **state) {
  (void)state;
  events e;
  cp_pool *pool = open_plain(&e, 1);
  assert_int_equal(cp_pool_submit(pool, cp_number(3), NULL), 0);
  assert_int_equal(cp_pool_submit_json(pool, "{\"do\":\"square\",\"n\":5}", SIZE_MAX, &(cp_task_options){.cb = NULL}),
                   0);
  RUN_UNTIL(stats_of(pool).succeeded == 2);
  assert_int_equal(attempts_begun(5), 1);
  close_pool(pool, &e, CP_POOL_FINISH);
}

static void all_options_have_defaults(void **state) {
  (void)state;
  events e = {0};
  task t;
  cp_pool *pool = NULL;
  assert_int_equal(cp_pool_open(&pool, test_loop(), POOL_WORKER, plain_words, NULL), 0);
  assert_int_equal(cp_pool_size(pool), cp_available_cpus());
  assert_null(cp_pool_data(pool));
  (void)submit(pool, &t, "12");
  await_tasks(&t, 1);
  assert_true(t.result == 144);
  close_pool(pool, &e, CP_POOL_FINISH);
}

/* ---------------------------------------------------------------- calls from callbacks */

typedef struct chain {
  int left, told;
  int refused;
} chain;

static void submit_next(cp_pool *pool, const cp_outcome *outcome, void *data) {
  chain *c = data;
  assert_false(inside);
  assert_int_equal(outcome->status, 0);
  c->told++;
  if (c->left == 0) return;
  c->left--;
  int rc = INSIDE(cp_pool_submit(pool, cp_number(c->left), &(cp_task_options){.cb = submit_next, .data = c}));
  c->refused += rc != 0;
}

static void tasks_may_be_submitted_from_outcomes(void **state) {
  (void)state;
  for (int way = 0; way < WAYS; way++) {
    events e;
    chain c = {.left = 200};
    cp_pool *pool = open_way(&e, 2, way);
    for (int i = 0; i < 4; i++)
      assert_int_equal(cp_pool_submit(pool, cp_number(1), &(cp_task_options){.cb = submit_next, .data = &c}), 0);
    RUN_UNTIL(e.idle);
    assert_int_equal(c.told, 204);
    assert_int_equal(c.refused, 0);
    close_pool(pool, &e, CP_POOL_FINISH);
  }
}

static void on_idle_comes_when_the_last_task_is_over_and_not_before(void **state) {
  (void)state;
  events e;
  static task tasks[10];
  cp_pool *pool = open_plain(&e, 2);
  for (int round = 1; round <= 2; round++) {
    for (int i = 0; i < 10; i++) (void)submit(pool, &tasks[i], json_of("square", i, NULL));
    RUN_UNTIL(e.idle == round);
    check_squares(tasks, 10);
    for (int i = 0; i < 5; i++) take_turn();
    assert_int_equal(e.idle, round);
  }
  close_pool(pool, &e, CP_POOL_FINISH);
}

/* A pool that is freed in one of its callbacks. */
enum { IN_OUTCOME, IN_PROGRESS, IN_DRAIN, IN_IDLE, IN_MESSAGE, IN_ERROR, IN_CLOSE, IN_WORKER /* + a state */ };
typedef struct freer {
  int where, freed;
} freer;

static void maybe_free(cp_pool *pool, freer *f, int where) {
  assert_false(inside);
  if (f->freed) fail_msg("callback %d comes after cp_pool_free() in callback %d", where, f->where);
  if (where != f->where) return;
  f->freed = 1;
  cp_pool_free(pool);
}

static void free_in_outcome(cp_pool *pool, const cp_outcome *outcome, void *data) {
  uint64_t id = outcome->id;
  cp_message *message = outcome->message;
  maybe_free(pool, data, IN_OUTCOME);
  assert_int_equal(outcome->id, id); /* it is valid until the callback has returned */
  if (message != NULL) assert_non_null(cp_message_payload(message, &(size_t){0}));
}
static void free_in_progress(cp_pool *pool, uint64_t id, cp_value progress, void *data) {
  (void)id;
  maybe_free(pool, data, IN_PROGRESS);
  assert_true(cp_value_is(progress, CP_TYPE_NUMBER));
}
static void free_in_drain(cp_pool *pool, void *data) { maybe_free(pool, data, IN_DRAIN); }
static void free_in_idle(cp_pool *pool, void *data) { maybe_free(pool, data, IN_IDLE); }
static void free_in_worker(cp_pool *pool, const cp_worker_info *worker, void *data) {
  maybe_free(pool, data, IN_WORKER + (int)worker->state);
}
static void free_in_message(cp_pool *pool, const cp_worker_info *worker, cp_message *message, void *data) {
  (void)worker;
  maybe_free(pool, data, IN_MESSAGE);
  assert_non_null(cp_message_json(message, NULL));
}
static void free_in_error(cp_pool *pool, const cp_error *error, void *data) {
  maybe_free(pool, data, IN_ERROR);
  assert_true(error->code < 0);
}
static void free_in_close(cp_pool *pool, const cp_pool_report *report, void *data) {
  maybe_free(pool, data, IN_CLOSE);
  assert_int_equal(report->killed, 0);
}

static void free_in(int where) {
  events e;
  freer f = {.where = where};
  cp_pool_options options = pool_options(&e, 2);
  options.protocol = CP_POOL_ENVELOPE;
  options.high_water = 2;
  options.max_tasks = 4; /* so that some leave */
  options.on_drain = free_in_drain, options.on_idle = free_in_idle, options.on_worker = free_in_worker;
  options.on_message = free_in_message, options.on_error = free_in_error;
  options.data = &f;
  cp_pool *pool = NULL;
  const char *module = where == IN_ERROR ? "/no/such/program" : POOL_WORKER;
  assert_int_equal(INSIDE(cp_pool_open(&pool, test_loop(), module, envelope_words, &options)), 0);
  cp_task_options with = {.cb = free_in_outcome, .on_progress = free_in_progress, .data = &f};
  for (int i = 0; i < 12; i++) {
    const char *verb = i % 3 == 0 ? "progress" : i % 3 == 1 ? "before" : "square";
    assert_true(INSIDE(cp_pool_submit_json(pool, json_of(verb, i, NULL), SIZE_MAX, &with)) >= 0);
  }
  if (where == IN_CLOSE) {
    f.where = -1;
    RUN_UNTIL(stats_of(pool).succeeded == 12);
    f.where = IN_CLOSE;
    assert_int_equal(INSIDE(cp_pool_close(pool, CP_POOL_FINISH, 0, free_in_close, &f)), 0);
  }
  RUN_UNTIL(f.freed);
  reap_freed();
}

static void a_pool_may_be_freed_in_an_outcome(void **state) { (void)state, free_in(IN_OUTCOME); }
static void a_pool_may_be_freed_in_a_progress(void **state) { (void)state, free_in(IN_PROGRESS); }
static void a_pool_may_be_freed_in_on_drain(void **state) { (void)state, free_in(IN_DRAIN); }
static void a_pool_may_be_freed_in_on_idle(void **state) { (void)state, free_in(IN_IDLE); }
static void a_pool_may_be_freed_in_on_message(void **state) { (void)state, free_in(IN_MESSAGE); }
static void a_pool_may_be_freed_in_on_error(void **state) { (void)state, free_in(IN_ERROR); }
static void a_pool_may_be_freed_when_it_has_closed(void **state) { (void)state, free_in(IN_CLOSE); }
static void a_pool_may_be_freed_when_a_worker_starts(void **state) {
  (void)state, free_in(IN_WORKER + CP_WORKER_STARTING);
}
static void a_pool_may_be_freed_when_a_worker_is_ready(void **state) {
  (void)state, free_in(IN_WORKER + CP_WORKER_READY);
}
static void a_pool_may_be_freed_when_a_worker_leaves(void **state) {
  (void)state, free_in(IN_WORKER + CP_WORKER_LEAVING);
}
static void a_pool_may_be_freed_when_a_worker_has_ended(void **state) {
  (void)state, free_in(IN_WORKER + CP_WORKER_ENDED);
}

/* ---------------------------------------------------------------- several pools */

static void two_pools_on_one_loop_do_not_mix(void **state) {
  (void)state;
  enum { TASKS = 50 };
  static task a_tasks[TASKS], b_tasks[TASKS];
  events a, b;
  cp_pool *pools[2] = {open_way(&a, 2, 0), open_way(&b, 2, 3)};
  for (int i = 0; i < TASKS; i++) {
    (void)submit(pools[0], &a_tasks[i], json_of("square", i, NULL));
    (void)submit(pools[1], &b_tasks[i], json_of("square", i, NULL));
    assert_int_equal(a_tasks[i].id, b_tasks[i].id); /* each counts for itself */
  }
  await_tasks(a_tasks, TASKS);
  assert_int_equal(cp_pool_close(pools[0], CP_POOL_FINISH, 0, on_pool_closed, &a), 0);
  await_tasks(b_tasks, TASKS);
  check_squares(a_tasks, TASKS);
  check_squares(b_tasks, TASKS);
  RUN_UNTIL(a.closed);
  cp_pool_free(pools[0]);
  close_pool(pools[1], &b, CP_POOL_FINISH);
}

enum { THREADS = 3, THREAD_TASKS = 200 };
typedef struct thread {
  uv_loop_t loop;
  int told, wrong, closed;
} thread;

static void count_outcome(cp_pool *pool, const cp_outcome *outcome, void *data) {
  thread *t = data;
  double n = (double)(outcome->id - 1);
  t->wrong += outcome->status != 0 || cp_value_number(cp_outcome_value(outcome)) != n * n;
  if (++t->told == THREAD_TASKS) t->wrong += cp_pool_close(pool, CP_POOL_FINISH, 0, NULL, NULL) != 0;
}

static void *run_thread(void *data) {
  thread *t = data;
  cp_pool *pool = NULL;
  cp_pool_options options = {.size = 2};
  if (cp_pool_open(&pool, &t->loop, POOL_WORKER, plain_words, &options) != 0) return data;
  for (int i = 0; i < THREAD_TASKS; i++)
    t->wrong += cp_pool_submit(pool, cp_number(i), &(cp_task_options){.cb = count_outcome, .data = t}) != 0;
  t->wrong += uv_run(&t->loop, UV_RUN_DEFAULT) != 0;
  cp_pool_free(pool);
  return data;
}

static void pools_on_several_threads_do_not_disturb_each_other(void **state) {
  (void)state;
  static thread threads[THREADS];
  pthread_t ids[THREADS];
  memset(threads, 0, sizeof threads);
  for (int i = 0; i < THREADS; i++) {
    assert_int_equal(uv_loop_init(&threads[i].loop), 0);
    assert_int_equal(pthread_create(&ids[i], NULL, run_thread, &threads[i]), 0);
  }
  for (int i = 0; i < THREADS; i++) assert_int_equal(pthread_join(ids[i], NULL), 0);
  for (int i = 0; i < THREADS; i++) {
    (void)uv_run(&threads[i].loop, UV_RUN_NOWAIT);
    assert_int_equal(threads[i].told, THREAD_TASKS);
    assert_int_equal(threads[i].wrong, 0);
    assert_int_equal(uv_loop_close(&threads[i].loop), 0);
  }
}

/* ---------------------------------------------------------------- what workers write */

typedef struct output {
  char out[256], err[256];
} output;

static void on_out(cp_child *child, const char *bytes, size_t length, void *data) {
  output *o = data;
  (void)child;
  size_t used = strlen(o->out);
  (void)snprintf(o->out + used, sizeof o->out - used, "%.*s", (int)length, bytes);
}

static void on_err(cp_child *child, const char *bytes, size_t length, void *data) {
  output *o = data;
  (void)child;
  size_t used = strlen(o->err);
  (void)snprintf(o->err + used, sizeof o->err - used, "%.*s", (int)length, bytes);
}

static void what_workers_write_goes_to_the_callbacks_of_their_options(void **state) {
  (void)state;
  events e;
  task tasks[2];
  output o = {"", ""};
  cp_pool_options options = pool_options(&e, 1);
  cp_options worker = *options.worker;
  worker.silent = true;
  worker.on_stdout = on_out, worker.on_stderr = on_err, worker.data = &o;
  options.worker = &worker;
  cp_pool *pool = open_pool(&options, plain_words);
  (void)submit(pool, &tasks[0], json_of("say", 0, "\"text\":\"to stderr\""));
  (void)submit(pool, &tasks[1], json_of("print", 1, "\"text\":\"to stdout\""));
  await_tasks(tasks, 2);
  check_squares(tasks, 2);
  close_pool(pool, &e, CP_POOL_FINISH);
  assert_string_equal(o.err, "to stderr");
  assert_string_equal(o.out, "to stdout");
}

static void without_a_callback_stderr_goes_to_that_of_this_program(void **state) {
  (void)state;
  events e;
  task t;
  char text[64] = "";
  int fds[2], own = dup(2);
  assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
  cp_pool_options options = pool_options(&e, 1);
  cp_options worker = *options.worker;
  worker.on_stderr = NULL;
  options.worker = &worker;
  cp_pool *pool = open_pool(&options, plain_words);
  (void)submit(pool, &t, json_of("say", 0, "\"text\":\"hello\""));
  (void)dup2(fds[1], 2);
  await_tasks(&t, 1);
  close_pool(pool, &e, CP_POOL_FINISH);
  (void)dup2(own, 2);
  close(own);
  close(fds[1]);
  assert_int_equal(read(fds[0], text, sizeof text - 1), 5);
  assert_string_equal(text, "hello");
  close(fds[0]);
}

static void options_that_are_not_for_workers_are_not_used(void **state) {
  (void)state;
  events e;
  task t;
  cp_abort *abort = cp_abort_new();
  cp_abort_trigger(abort);
  cp_pool_options options = pool_options(&e, 1);
  cp_options worker = *options.worker;
  worker.timeout_ms = 1;
  worker.signal = abort;
  worker.input = "input", worker.input_length = 5;
  worker.raw_messages = true;
  options.worker = &worker;
  cp_pool *pool = open_pool(&options, plain_words);
  (void)submit(pool, &t, json_of("hold", 3, NULL));
  (void)next_beginning();
  let_go("gate", 1);
  await_tasks(&t, 1);
  assert_true(t.result == 9);
  assert_int_equal(t.attempts, 1);
  close_pool(pool, &e, CP_POOL_FINISH);
  assert_int_equal(e.ended, 1);
  cp_abort_free(abort);
}

/* ---------------------------------------------------------------- Node */

static void need_node(void) {
  cp_result result;
  bool missing = cp_spawn_sync(&result, "node", CP_ARGS("--version"), NULL) != 0;
  cp_result_dispose(&result);
  if (missing) skip();
}

static void a_node_worker_needs_one_line(void **state) {
  static const char *const lines[] = {
      "process.on('message', (task) => process.send(task.n * task.n));",
      "process.on('message', ({ id, n, cancel }) => cancel || process.send({ id, result: n * n }));"};
  (void)state;
  need_node();
  for (int way = 0; way < WAYS; way++) {
    events e;
    static task tasks[20];
    const char *path = temp_path("worker.js");
    write_file(path, lines[way & 1], 0644);
    cp_options worker = {.serialization = serialization_of(way)};
    cp_pool_options options = pool_options(&e, 2);
    options.worker = &worker;
    options.protocol = protocol_of(way);
    cp_pool *pool = NULL;
    assert_int_equal(cp_pool_open(&pool, test_loop(), path, NULL, &options), 0);
    for (int i = 0; i < 20; i++) (void)submit(pool, &tasks[i], json_of("square", i, NULL));
    await_tasks(tasks, 20);
    check_squares(tasks, 20);
    close_pool(pool, &e, CP_POOL_FINISH);
    assert_int_equal(e.report.terminated, 0); /* it leaves when its channel closes */
  }
}

static void *do_nothing(void *data) { return data; }

/* glibc keeps the memory of ended threads for the next ones. */
static int warm_threads(void **state) {
  pthread_t threads[THREADS];
  (void)state;
  for (int i = 0; i < THREADS; i++)
    if (pthread_create(&threads[i], NULL, do_nothing, NULL) != 0) return -1;
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      POOL_TEST(each_task_gets_its_own_result_in_each_protocol_and_serialization),
      POOL_TEST(values_json_and_bytes_are_the_same_task),
      POOL_TEST(the_length_of_json_text_is_believed),
      POOL_TEST(an_envelope_has_the_id_before_the_task_or_around_it),
      POOL_TEST(an_answer_with_an_id_and_nothing_else_is_undefined),
      POOL_TEST(an_envelope_around_bytes_is_the_same_as_around_values),
      POOL_TEST(whatever_the_serialization_carries_comes_back_the_same),
      POOL_TEST(an_answer_can_be_kept_beyond_its_callback_and_the_pool),
      POOL_TEST(an_error_of_the_worker_is_told_with_its_words),
      POOL_TEST(progress_comes_in_order_before_the_outcome),
      POOL_TEST(a_message_that_is_no_answer_goes_to_on_message),
      POOL_TEST(a_message_without_an_id_is_no_answer_even_while_there_is_a_task),
      POOL_TEST(a_broadcast_reaches_each_worker_and_is_no_task),
      POOL_TEST(a_handle_goes_along_with_a_task),
      POOL_TEST(a_handle_comes_along_with_an_answer),
      POOL_TEST(a_socket_goes_to_a_worker_of_which_nothing_is_known_yet),
      POOL_TEST(tasks_are_numbered_from_one_and_refused_ones_have_no_number),
      POOL_TEST(an_outcome_says_when_and_where_it_was_done),
      POOL_TEST(a_worker_knows_its_place),
      POOL_TEST(a_pool_can_be_asked_what_it_is),
      POOL_TEST(all_that_the_options_point_to_is_copied),
      POOL_TEST(options_that_make_no_sense_are_named),
      POOL_TEST(arguments_that_make_no_sense_are_named),
      POOL_TEST(tasks_that_make_no_sense_are_refused_and_named),
      POOL_TEST(a_task_whose_outcome_nobody_wants_is_done),
      POOL_TEST(all_options_have_defaults),
      POOL_TEST(tasks_may_be_submitted_from_outcomes),
      POOL_TEST(on_idle_comes_when_the_last_task_is_over_and_not_before),
      POOL_TEST(a_pool_may_be_freed_in_an_outcome),
      POOL_TEST(a_pool_may_be_freed_in_a_progress),
      POOL_TEST(a_pool_may_be_freed_in_on_drain),
      POOL_TEST(a_pool_may_be_freed_in_on_idle),
      POOL_TEST(a_pool_may_be_freed_in_on_message),
      POOL_TEST(a_pool_may_be_freed_in_on_error),
      POOL_TEST(a_pool_may_be_freed_when_it_has_closed),
      POOL_TEST(a_pool_may_be_freed_when_a_worker_starts),
      POOL_TEST(a_pool_may_be_freed_when_a_worker_is_ready),
      POOL_TEST(a_pool_may_be_freed_when_a_worker_leaves),
      POOL_TEST(a_pool_may_be_freed_when_a_worker_has_ended),
      POOL_TEST(two_pools_on_one_loop_do_not_mix),
      POOL_TEST(pools_on_several_threads_do_not_disturb_each_other),
      POOL_TEST(what_workers_write_goes_to_the_callbacks_of_their_options),
      POOL_TEST(without_a_callback_stderr_goes_to_that_of_this_program),
      POOL_TEST(options_that_are_not_for_workers_are_not_used),
      POOL_TEST(a_node_worker_needs_one_line),
  };
  return cmocka_run_group_tests(tests, warm_threads, NULL);
}
