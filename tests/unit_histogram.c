/* unit_histogram.c - times in classes. */
#include "support.h"

#include "pool/histogram.h"

static cp__histogram histogram;

static int clear(void **state) {
  (void)state;
  memset(&histogram, 0, sizeof histogram);
  return 0;
}

static uint64_t at(double percent) { return cp__histogram_percentile(&histogram, percent); }

static void without_times_all_is_0(void **state) {
  (void)state;
  assert_int_equal(at(0), 0);
  assert_int_equal(at(50), 0);
  assert_int_equal(at(100), 0);
}

static void short_times_are_exact(void **state) {
  (void)state;
  for (uint64_t time = 0; time < 64; time++) cp__histogram_add(&histogram, time);
  for (uint64_t time = 1; time < 64; time++) assert_int_equal(at((double)(time + 1) * 100 / 64), time);
  assert_int_equal(at(0), 0);
}

static void each_time_is_at_most_a_32nd_too_long_and_never_too_short(void **state) {
  (void)state;
  for (uint64_t time = 1; time < UINT64_MAX / 3; time = time * 3 / 2 + 1) {
    (void)clear(state);
    cp__histogram_add(&histogram, time);
    cp__histogram_add(&histogram, UINT64_MAX);
    assert_true(at(50) >= time);
    assert_true(at(50) - time <= time / 32);
  }
}

static void the_first_and_the_last_are_exact(void **state) {
  (void)state;
  cp__histogram_add(&histogram, 1000003);
  cp__histogram_add(&histogram, 2000003);
  cp__histogram_add(&histogram, 3000017);
  assert_int_equal(at(0), 1000003);
  assert_int_equal(at(100), 3000017);
  assert_int_equal(at(99.9), 3000017); /* never more than there was */
}

static void the_longest_time_that_there_can_be(void **state) {
  (void)state;
  cp__histogram_add(&histogram, UINT64_MAX);
  assert_true(at(50) == UINT64_MAX);
}

static void the_rank_is_rounded_up(void **state) {
  (void)state;
  for (uint64_t time = 1; time <= 10; time++) cp__histogram_add(&histogram, time);
  assert_int_equal(at(1), 1);
  assert_int_equal(at(10), 1);
  assert_int_equal(at(10.1), 2);
  assert_int_equal(at(50), 5);
  assert_int_equal(at(90), 9);
  assert_int_equal(at(99), 10);
}

static void what_is_no_percentage_is_the_nearest_one(void **state) {
  (void)state;
  cp__histogram_add(&histogram, 5);
  cp__histogram_add(&histogram, 7);
  assert_int_equal(at(-1), 5);
  assert_int_equal(at(1e9), 7);
  assert_int_equal(at(0.0 / 0.0), 5);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(without_times_all_is_0, clear),
      cmocka_unit_test_setup(short_times_are_exact, clear),
      cmocka_unit_test_setup(each_time_is_at_most_a_32nd_too_long_and_never_too_short, clear),
      cmocka_unit_test_setup(the_first_and_the_last_are_exact, clear),
      cmocka_unit_test_setup(the_longest_time_that_there_can_be, clear),
      cmocka_unit_test_setup(the_rank_is_rounded_up, clear),
      cmocka_unit_test_setup(what_is_no_percentage_is_the_nearest_one, clear),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
