/*
 * A tour of the library on real input, one step after the other: streams, a pipeline, failures that say why, a timeout,
 * a sync call, and what a spawn costs as the parent grows. `tour [MIB]`: how much memory the last step takes, 2048 by
 * default. script/demo builds and runs it.
 */
#include <child_process.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* ------------------------------------------------------------------------------------------------ Printing */

static bool in_colour;

static const char *colour(const char *sequence) { return in_colour ? sequence : ""; }

#define BOLD colour("\033[1m")
#define DIM colour("\033[2m")
#define GREEN colour("\033[32m")
#define RED colour("\033[31m")
#define PLAIN colour("\033[0m")

static void heading(const char *title, const char *call) {
  static int number;
  printf("\n%s%d. %s%s\n   %s%s%s\n", BOLD, ++number, title, PLAIN, DIM, call, PLAIN);
}

/* Prints output as it comes, behind a bar; a line may come in pieces. */
static void show(const char *bytes, size_t length) {
  static bool inside_line;
  for (size_t i = 0; i < length; i++) {
    if (!inside_line) printf("   %s|%s ", DIM, PLAIN);
    putchar(bytes[i]);
    inside_line = bytes[i] != '\n';
  }
}

static void say(bool good, const char *format, ...) {
  va_list args;
  va_start(args, format);
  printf("   %s%s%s ", good ? GREEN : RED, good ? "ok" : "failed", PLAIN);
  vprintf(format, args);
  va_end(args);
  putchar('\n');
}

/* ------------------------------------------------------------------------------------------------ Callbacks */

static void on_output(cp_child *child, const char *bytes, size_t length, void *data) { show(bytes, length); }

static void on_error(cp_child *child, const cp_error *error, void *data) { say(false, "%s", error->message); }

static void on_close(cp_child *child, const cp_exit *ended, void *data) {
  if (ended->reason == CP_REASON_ERROR) return; /* on_error has said it */
  say(true, "%s: %s, code %d, %.1f ms, %llu KiB at most", cp_child_spawn_file(child), cp_reason_name(ended->reason),
      ended->code, (double)ended->duration_us / 1000, (unsigned long long)ended->usage.max_rss_kib);
}

static void on_result(cp_child *child, const cp_error *error, const cp_result *result, void *data) {
  show(result->out.bytes, result->out.length);
  if (error == NULL) {
    say(true, "status 0");
  } else {
    say(false, "%s: %s", cp_err_name(error->code), error->message);
  }
}

/* ------------------------------------------------------------------------------------------------ Steps */

static int stream_ls(uv_loop_t *loop) {
  heading("Streaming: output is shown as it comes", "cp_spawn: ls -lh /usr");
  return cp_spawn(
      NULL, loop, "ls", CP_ARGS("-lh", "/usr"),
      &(cp_options){.on_stdout = on_output, .on_stderr = on_output, .on_error = on_error, .on_close = on_close});
}

/* The reading end of the one is the stdin of the other: the parent does not see a byte of it. */
static int join_ps_and_grep(uv_loop_t *loop) {
  heading("Two children joined by a pipe", "cp_spawn: ps ax | grep '[t]our'");
  cp_child *ps;
  int rc = cp_spawn(&ps, loop, "ps", CP_ARGS("ax"), &(cp_options){.on_error = on_error, .on_close = on_close});
  if (rc < 0) return rc;
  int fd = cp_stream_take_fd(cp_child_stdout(ps));
  if (fd >= 0) {
    rc = cp_spawn(NULL, loop, "grep", CP_ARGS("[t]our"),
                  &(cp_options){.stdio = CP_STDIO(CP_FD(fd), CP_PIPE, CP_INHERIT),
                                .on_stdout = on_output,
                                .on_error = on_error,
                                .on_close = on_close});
    close(fd);
  }
  uv_run(loop, UV_RUN_DEFAULT);
  cp_child_free(ps);
  return rc;
}

static int fail(uv_loop_t *loop) {
  heading("A shell pipeline that fails, and says why", "cp_exec: ls /usr | sort --key=zero");
  return cp_exec(NULL, loop, "ls /usr | sort --key=zero", &(cp_options){.on_result = on_result});
}

static int fail_to_start(uv_loop_t *loop) {
  heading("A bad directory is not taken for a missing program", "cp_exec_file: ls, in /no/such/directory");
  return cp_exec_file(NULL, loop, "ls", NULL, &(cp_options){.cwd = "/no/such/directory", .on_result = on_result});
}

static int time_out(uv_loop_t *loop) {
  heading("A timeout: the output so far is kept", "cp_exec: echo working ...; exec sleep 300, at most 1 s");
  return cp_exec(NULL, loop, "echo working ...; exec sleep 300",
                 &(cp_options){.timeout_ms = 1000, .on_result = on_result});
}

static int call_sync(uv_loop_t *loop) {
  heading("A sync call, with input", "cp_exec_file_sync: tr a-z A-Z");
  static const char input[] = "written by the parent, read back in capitals\n";
  cp_result result;
  int rc = cp_exec_file_sync(&result, "tr", CP_ARGS("a-z", "A-Z"),
                             &(cp_options){.input = input, .input_length = sizeof input - 1});
  on_result(NULL, rc < 0 ? &result.error : NULL, &result, NULL);
  cp_result_dispose(&result);
  return 0;
}

/* ------------------------------------------------------------------------------------------------ The cost of a spawn
 */

enum { BLOCK = 5, SAMPLES = 40 * BLOCK };

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double median(double *values, int count) {
  qsort(values, (size_t)count, sizeof *values, compare);
  return values[count / 2];
}

static bool run_ours(void) {
  cp_result result;
  int rc = cp_spawn_sync(&result, "/bin/true", NULL, &(cp_options){.stdio = CP_ALL_INHERIT});
  bool good = rc == 0 && result.exit.code == 0;
  cp_result_dispose(&result);
  return good;
}

static bool run_fork(void) {
  pid_t pid = fork();
  if (pid == 0) {
    execl("/bin/true", "/bin/true", (char *)NULL);
    _exit(127);
  }
  int status = -1;
  return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

/* Several in a row: the first one after a fork() of much memory finds the processor's caches cold. */
static bool time_block(bool (*run)(void), double *us) {
  for (int i = 0; i < BLOCK; i++) {
    uint64_t start = uv_hrtime();
    if (!run()) return false;
    us[i] = (double)(uv_hrtime() - start) / 1000;
  }
  return true;
}

/*
 * Fills `mib` MiB in pages of 4 KiB, then starts `true` a few times the one way, a few times the other, and so on;
 * prints the medians in microseconds. It is a process of its own, so that too little memory ends only this.
 */
static int measure(size_t mib) {
  size_t bytes = mib << 20;
  if (bytes > 0) {
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
      perror("mmap");
      return EXIT_FAILURE;
    }
    madvise(memory, bytes, MADV_NOHUGEPAGE); /* advice: without it fork() has less to copy */
    memset(memory, 1, bytes);
  }
  double ours[SAMPLES], forked[SAMPLES];
  int count = 0;
  uint64_t end = uv_hrtime() + 4000000000;
  while (count < SAMPLES && (count == 0 || uv_hrtime() < end)) {
    if (!time_block(run_ours, ours + count) || !time_block(run_fork, forked + count)) return EXIT_FAILURE;
    count += BLOCK;
  }
  printf("%f %f\n", median(ours, count), median(forked, count));
  return EXIT_SUCCESS;
}

/* One row of the table: this program again, as `tour measure MIB`. */
static void measure_row(const char *self, size_t mib) {
  char number[32];
  snprintf(number, sizeof number, "%zu", mib);
  cp_result result;
  double ours, forked;
  if (cp_exec_file_sync(&result, self, CP_ARGS("measure", number), NULL) < 0) {
    say(false, "%s", result.error.message);
  } else if (sscanf(result.out.bytes, "%lf %lf", &ours, &forked) == 2) {
    printf("   %10zu MiB %12.0f us %12.0f us %11.1fx\n", mib, ours, forked, forked / ours);
  }
  cp_result_dispose(&result);
}

static int cost(const char *self, size_t mib) {
  heading("What it costs to start a process and to wait for it, as the parent grows",
          "cp_spawn_sync: /bin/true, beside fork() + execl() + waitpid(); medians");
  printf("   %s%14s %15s %15s %12s%s\n", DIM, "parent", "this library", "plain fork", "fork / ours", PLAIN);
  measure_row(self, 0);
  measure_row(self, mib);
  return 0;
}

int main(int argc, char **argv) {
  if (argc == 3 && strcmp(argv[1], "measure") == 0) return measure(strtoul(argv[2], NULL, 10));
  size_t mib = argc > 1 ? strtoul(argv[1], NULL, 10) : 2048;
  in_colour = isatty(STDOUT_FILENO) && getenv("NO_COLOR") == NULL;
  setvbuf(stdout, NULL, _IOLBF, 0);

  char self[4096];
  size_t size = sizeof self;
  int rc = uv_exepath(self, &size);
  printf("%slibchild_process %s: a tour%s\n", BOLD, cp_version(), PLAIN);
  int (*const steps[])(uv_loop_t *) = {stream_ls, join_ps_and_grep, fail, fail_to_start, time_out, call_sync};
  uv_loop_t *loop = uv_default_loop();
  for (size_t i = 0; rc == 0 && i < sizeof steps / sizeof *steps; i++) {
    rc = steps[i](loop);
    uv_run(loop, UV_RUN_DEFAULT);
  }
  if (rc == 0) rc = cost(self, mib);
  if (rc < 0) fprintf(stderr, "%s\n", cp_strerror(rc));
  return rc == 0 && uv_loop_close(loop) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
