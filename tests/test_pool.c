/* test_pool.c - pools: tasks go in, outcomes come out. */
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pool_support.h"

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
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
