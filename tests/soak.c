/*
 * soak.c - many children: COUNT at once, then TOTAL one after the other, half of them synchronously. Fds, children and
 * memory must be the same before and after. Too long for every run of the tests: see script/soak.
 *
 *   soak [COUNT [TOTAL]]      10000 100000
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "child_process.h"
#include "measure.h"

static long closed, refused;

static int count_children(void) {
  char path[64];
  int n = 0, c;
  (void)snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
  FILE *file = fopen(path, "re");
  while (file != NULL && (c = fgetc(file)) != EOF) n += c == ' ';
  if (file != NULL) (void)fclose(file);
  return n;
}

static void on_close(cp_child *child, const cp_exit *exit, void *data) {
  (void)child, (void)data;
  closed++;
  refused += exit->reason == CP_REASON_ERROR;
}

static void on_error(cp_child *child, const cp_error *error, void *data) {
  (void)child, (void)data;
  if (refused == 0) printf("   the limit: %s\n", error->message);
}

/* All run until the last one has been started: each reads a pipe whose other end only we hold. */
static void at_once(uv_loop_t *loop, long count) {
  int fds[2];
  if (pipe2(fds, O_CLOEXEC) != 0) abort();
  cp_options options = {
      .stdio = CP_STDIO(CP_FD(fds[0]), CP_IGNORE, CP_IGNORE), .on_close = on_close, .on_error = on_error};
  for (long i = 0; i < count; i++)
    if (cp_spawn(NULL, loop, HELPER, CP_ARGS("cat"), &options) != 0) abort();
  printf("   %d run at once\n", count_children());
  (void)close(fds[1]);
  (void)uv_run(loop, UV_RUN_DEFAULT);
  (void)close(fds[0]);
}

static void in_a_row(uv_loop_t *loop, long total) {
  cp_options options = {.stdio = CP_ALL_IGNORE, .on_close = on_close};
  for (long i = 0; i < total; i++) {
    cp_result result;
    if (i % 2 == 0) {
      if (cp_spawn(NULL, loop, HELPER, CP_ARGS("exit", "0"), &options) != 0) abort();
      (void)uv_run(loop, UV_RUN_DEFAULT);
      continue;
    }
    if (cp_spawn_sync(&result, HELPER, CP_ARGS("exit", "0"), &options) != 0) abort();
    closed++;
    cp_result_dispose(&result);
  }
}

int main(int argc, char **argv) {
  long count = argc > 1 ? atol(argv[1]) : 10000, total = argc > 2 ? atol(argv[2]) : 100000;
  struct rlimit limit;
  (void)getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  (void)setrlimit(RLIMIT_NOFILE, &limit);
  uv_loop_t *loop = uv_default_loop();
  in_a_row(loop, 100); /* what is allocated once is there now */
  int fds = count_fds(), children = count_children();
  closed = 0;
  printf("%ld children at once\n", count);
  at_once(loop, count);
  printf("   %ld closed, %ld of them refused by the system\n", closed, refused);
  bool good = closed == count;
  long before = resident_kib();
  closed = 0;
  printf("%ld children in a row\n", total);
  in_a_row(loop, total);
  long after = resident_kib();
  printf("   %ld closed; fds %d -> %d, children %d -> %d, resident %ld -> %ld KiB\n", closed, fds, count_fds(),
         children, count_children(), before, after);
  good = good && closed == total && fds == count_fds() && children == count_children() && after < before + 2048;
  puts(good ? "nothing is left" : "SOMETHING IS LEFT");
  return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
