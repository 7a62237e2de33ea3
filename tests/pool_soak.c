/*
 * pool_soak.c - a pool whose workers fail by chance, for very many tasks: TASKS on WORKERS workers, a quarter each with both
 * protocols in both serializations. Too long for every run of the tests: see script/soak.
 *
 *   pool_soak [TASKS [WORKERS [SEED]]]      100000 8 1
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "measure.h"
#include "pool_chaos.h"

enum { ROUNDS = 4, TIMEOUT_MS = 300, STOP_EVERY = 500 };

static int count_children(void) {
  char path[64];
  int n = 0, c;
  (void)snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
  FILE *file = fopen(path, "re");
  while (file != NULL && (c = fgetc(file)) != EOF) n += c == ' ';
  if (file != NULL) (void)fclose(file);
  return n;
}

static bool run_round(uv_loop_t *loop, unsigned tasks, unsigned workers, uint64_t seed, int round) {
  char directory[] = "/tmp/pool-soak-XXXXXX", path[64];
  chaos_report r;
  if (mkdtemp(directory) == NULL) return false;
  chaos_options options = {.seed = seed + (uint64_t)round,
                           .tasks = tasks,
                           .workers = workers,
                           .protocol = round & 1 ? CP_POOL_ENVELOPE : CP_POOL_PLAIN,
                           .serialization = round & 2 ? CP_SERIALIZATION_ADVANCED : CP_SERIALIZATION_JSON,
                           .ordered = round == 3,
                           .timeout_ms = TIMEOUT_MS,
                           .stop_every = STOP_EVERY,
                           .directory = directory};
  uint64_t begun = uv_hrtime();
  bool good = run_chaos(&r, loop, POOL_WORKER, &options);
  double seconds = (double)(uv_hrtime() - begun) / 1e9;
  (void)snprintf(path, sizeof path, "%s/counts", directory);
  (void)unlink(path);
  (void)rmdir(directory);
  printf("   %u outcomes: %u results, %u died, %u timed out, %u cancelled; %u kills, %u stops, %llu workers, %.1f s\n",
         r.outcomes, r.succeeded, r.died, r.timed_out, r.cancelled, r.kills, r.stops,
         (unsigned long long)r.stats.started, seconds);
  if (!good) printf("   %s\n", r.problem);
  return good;
}

int main(int argc, char **argv) {
  unsigned tasks = argc > 1 ? (unsigned)atol(argv[1]) : 100000, workers = argc > 2 ? (unsigned)atol(argv[2]) : 8;
  uint64_t seed = argc > 3 ? strtoull(argv[3], NULL, 10) : 1;
  uv_loop_t *loop = uv_default_loop();
  printf("%u tasks, %u workers, seed %llu\n", tasks, workers, (unsigned long long)seed);
  bool good = run_round(loop, 200, workers, seed, 3); /* what is allocated once is there now */
  int fds = count_fds(), children = count_children();
  long before = resident_kib();
  for (int round = 0; round < ROUNDS; round++) good = run_round(loop, tasks / ROUNDS, workers, seed, round) && good;
  long after = resident_kib();
  printf("   fds %d -> %d, children %d -> %d, resident %ld -> %ld KiB\n", fds, count_fds(), children, count_children(),
         before, after);
  good = good && fds == count_fds() && children == count_children() && after < before + 8192;
  puts(good ? "each task had its outcome, nothing is left" : "SOMETHING IS WRONG OR LEFT");
  return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
