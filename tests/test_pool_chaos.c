/* test_pool_chaos.c - pools whose workers are killed, stopped and hung up on by chance: script/soak has the long run. */
#include "pool_chaos.h"

#include "pool_support.h"

#ifdef CP_SANITIZED
enum { TASKS = 120, STOP_EVERY = 60, TIMEOUT_MS = 2000 };
#else
enum { TASKS = 500, STOP_EVERY = 250, TIMEOUT_MS = 300 };
#endif

/* The seed: CHAOS_SEED, to see a failure again. */
static uint64_t seed_of(uint64_t otherwise) {
  const char *text = getenv("CHAOS_SEED");
  return text != NULL ? strtoull(text, NULL, 10) : otherwise;
}

static void run(chaos_options options) {
  chaos_report report;
  options.seed = seed_of(options.seed);
  options.tasks = TASKS;
  options.workers = 4;
  options.timeout_ms = TIMEOUT_MS;
  options.stop_every = STOP_EVERY;
  options.directory = pool_directory();
  if (!run_chaos(&report, test_loop(), POOL_WORKER, &options)) fail_msg("%s", report.problem);
  assert_int_equal(report.outcomes, TASKS);
  assert_true(report.succeeded > TASKS / 2); /* it is not all chaos, */
  assert_true(report.died > 0);              /* and not all well */
  assert_true(report.cancelled > 0);
  assert_true(report.kills > 0);
  assert_true(report.stats.retried > 0);
}

static void every_task_has_its_one_outcome_with_plain_workers(void **state) {
  (void)state;
  run((chaos_options){.seed = 1, .protocol = CP_POOL_PLAIN, .serialization = CP_SERIALIZATION_JSON});
}

static void every_task_has_its_one_outcome_with_several_tasks_at_a_time(void **state) {
  (void)state;
  run((chaos_options){.seed = 2, .protocol = CP_POOL_ENVELOPE, .serialization = CP_SERIALIZATION_JSON});
}

static void every_task_has_its_one_outcome_in_order(void **state) {
  (void)state;
  run((chaos_options){
      .seed = 3, .protocol = CP_POOL_ENVELOPE, .serialization = CP_SERIALIZATION_ADVANCED, .ordered = true});
}

static void every_task_has_its_one_outcome_with_plain_workers_in_structured_clone(void **state) {
  (void)state;
  run((chaos_options){.seed = 4, .protocol = CP_POOL_PLAIN, .serialization = CP_SERIALIZATION_ADVANCED});
}

int main(void) {
  const struct CMUnitTest tests[] = {
      POOL_TEST(every_task_has_its_one_outcome_with_plain_workers),
      POOL_TEST(every_task_has_its_one_outcome_with_several_tasks_at_a_time),
      POOL_TEST(every_task_has_its_one_outcome_in_order),
      POOL_TEST(every_task_has_its_one_outcome_with_plain_workers_in_structured_clone),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
