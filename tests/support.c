/* support.c - the fixture and the helpers of all tests. */
#include "support.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { DEADLINE_SECONDS = 60 };

static uv_loop_t loop;
static int fds_before, children_before;
static long heap_before;
static char directory[64];
static bool skipped;

/* TEST_FILTER='a_pattern*': only these tests of a program. */
static __attribute__((constructor)) void choose_tests(void) { cmocka_set_test_filter(getenv("TEST_FILTER")); }

void skipping(void) { skipped = true; }

uv_loop_t *test_loop(void) { return &loop; }

int count_fds(void) {
  int n = 0;
  DIR *dir = opendir("/proc/self/fd");
  while (readdir(dir) != NULL) n++;
  closedir(dir);
  return n - 3; /* ".", "..", and the directory itself */
}

int count_children(void) {
  char text[65536];
  int n = 0;
  FILE *file = fopen("/proc/self/task/self/children", "re");
  (void)snprintf(text, sizeof text, "/proc/self/task/%d/children", (int)getpid());
  if (file == NULL) file = fopen(text, "re");
  assert_non_null(file);
  size_t length = fread(text, 1, sizeof text - 1, file);
  text[length] = '\0';
  (void)fclose(file);
  for (char *p = text; *p != '\0'; p++) n += *p == ' ';
  return n;
}

/* libuv keeps two fds for the whole process from the first loop on. */
static void warm_up(void) {
  static bool warm;
  if (!warm && uv_loop_init(&loop) == 0) (void)uv_loop_close(&loop);
  warm = true;
}

int setup(void **state) {
  (void)state;
  warm_up();
  (void)alarm(DEADLINE_SECONDS);
  directory[0] = '\0';
  skipped = false;
  fds_before = count_fds();
  children_before = count_children();
  heap_before = heap_blocks();
  return uv_loop_init(&loop);
}

static void remove_directory(void) {
  char path[512];
  DIR *dir = directory[0] != '\0' ? opendir(directory) : NULL;
  if (dir == NULL) return;
  for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    (void)snprintf(path, sizeof path, "%s/%s", directory, entry->d_name);
    (void)remove(path);
  }
  closedir(dir);
  (void)rmdir(directory);
}

int teardown(void **state) {
  (void)state;
  remove_directory();
  uv_run(&loop, UV_RUN_NOWAIT);
  int rc = uv_loop_close(&loop);
  long heap = skipped ? heap_before : heap_blocks();
  int fds = count_fds(), children = count_children();
  (void)alarm(0);
  if (rc != 0) print_error("handles are left in the loop\n");
  if (fds != fds_before) print_error("%d fds were open before, %d after\n", fds_before, fds);
  if (children != children_before) print_error("%d children before, %d after\n", children_before, children);
  if (heap != heap_before) print_error("%ld blocks of heap before, %ld after\n", heap_before, heap);
  return rc != 0 || fds != fds_before || children != children_before || heap != heap_before;
}

void run_loop(void) { assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0); }

/* UV_RUN_ONCE would not do: libuv before 1.45 polls, and blocks, after a timer's callback has set the flag. */
void run_until(const int *flag) {
  while (*flag == 0) {
    if (uv_run(&loop, UV_RUN_NOWAIT) == 0 && *flag == 0) fail_msg("the loop has ended before the event");
    struct pollfd backend = {.fd = uv_backend_fd(&loop), .events = POLLIN};
    if (*flag == 0) (void)poll(&backend, 1, uv_backend_timeout(&loop));
  }
}

void note(event_log *log, const char *format, ...) {
  size_t used = strlen(log->text);
  va_list arguments;
  if (used > 0 && used + 1 < sizeof log->text) log->text[used++] = ' ';
  va_start(arguments, format);
  (void)vsnprintf(log->text + used, sizeof log->text - used, format, arguments);
  va_end(arguments);
}

static void keep(char *buffer, size_t size, size_t *length, const char *bytes, size_t n) {
  size_t room = *length < size - 1 ? size - 1 - *length : 0;
  memcpy(buffer + (*length < size - 1 ? *length : 0), bytes, n < room ? n : room);
  *length += n;
}

static void on_spawn(cp_child *child, void *data) {
  event_log *log = data;
  (void)child;
  log->spawned++;
  note(log, "spawn");
}

static void on_error(cp_child *child, const cp_error *error, void *data) {
  event_log *log = data;
  (void)child;
  log->failed++;
  log->error = *error;
  note(log, "error:%s:%s", cp_err_name(error->code), cp_stage_name(error->stage));
}

/* Chunks are cut as the kernel likes: the word stands once per stream. */
static void on_stdout(cp_child *child, const char *bytes, size_t length, void *data) {
  event_log *log = data;
  (void)child;
  log->talked++;
  if (log->out_length == 0) note(log, "out");
  keep(log->out, sizeof log->out, &log->out_length, bytes, length);
}

static void on_stderr(cp_child *child, const char *bytes, size_t length, void *data) {
  event_log *log = data;
  (void)child;
  log->talked++;
  if (log->err_length == 0) note(log, "err");
  keep(log->err, sizeof log->err, &log->err_length, bytes, length);
}

static void note_end(event_log *log, const char *word, const cp_exit *exit) {
  if (exit->signal != 0)
    note(log, "%s:%s", word, cp_signal_name(exit->signal));
  else
    note(log, "%s:%d", word, exit->code);
}

static void on_exit_event(cp_child *child, const cp_exit *exit, void *data) {
  event_log *log = data;
  (void)child;
  log->exited++;
  log->exit = *exit;
  note_end(log, "exit", exit);
}

static void on_close(cp_child *child, const cp_exit *exit, void *data) {
  event_log *log = data;
  (void)child;
  log->closed++;
  log->close = *exit;
  note_end(log, "close", exit);
}

cp_options log_options(event_log *log) {
  memset(log, 0, sizeof *log);
  return (cp_options){.on_spawn = on_spawn,
                      .on_error = on_error,
                      .on_stdout = on_stdout,
                      .on_stderr = on_stderr,
                      .on_exit = on_exit_event,
                      .on_close = on_close,
                      .data = log};
}

void run_helper(event_log *log, const char *const *args, const cp_options *options) {
  cp_child *child;
  int rc = cp_spawn(&child, &loop, HELPER, args, options);
  if (rc != 0) fail_msg("cp_spawn: %s", cp_err_name(rc));
  run_loop();
  assert_int_equal(log->closed, 1);
  cp_child_free(child);
}

char *helper_output(const char *const *args, const cp_options *options) {
  cp_result result;
  int rc = cp_spawn_sync(&result, HELPER, args, options);
  if (rc != 0) fail_msg("cp_spawn_sync: %s: %s", cp_err_name(rc), result.error.message);
  if (result.exit.code != 0 || result.exit.signal != 0)
    fail_msg("the helper ended with %d, signal %d: %s", result.exit.code, result.exit.signal, result.err.bytes);
  char *text = strdup(result.out.bytes != NULL ? result.out.bytes : "");
  cp_result_dispose(&result);
  assert_non_null(text);
  return text;
}

enum { FAILED_APART = 70, SKIPPED_APART = 71 };

static int complaints = -1; /* the copy's stderr, out of the way of its experiments */

void fail_apart(const char *file, int line, const char *what) {
  (void)dprintf(complaints, "%s:%d: failed: %s\n", file, line, what);
  _exit(FAILED_APART);
}

void skip_apart(void) { _exit(SKIPPED_APART); }

void apart(void (*body)(void *data), void *data) {
  int status;
  complaints = fcntl(2, F_DUPFD_CLOEXEC, 900);
  assert_true(complaints >= 0);
  (void)fflush(NULL);
  pid_t pid = fork();
  assert_true(pid >= 0);
  if (pid == 0) {
    static const int crashes[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGSYS};
    for (size_t i = 0; i < sizeof crashes / sizeof *crashes; i++) (void)signal(crashes[i], SIG_DFL); /* not cmocka's */
    (void)alarm(DEADLINE_SECONDS);
    body(data);
    _exit(0);
  }
  close(complaints);
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == SKIPPED_APART) skip();
  if (WIFSIGNALED(status)) fail_msg("the copy was ended by %s", strsignal(WTERMSIG(status)));
  assert_int_equal(WEXITSTATUS(status), 0);
}

static void on_tick(uv_timer_t *timer) {
  if (count_children() <= children_before) uv_close((uv_handle_t *)timer, NULL);
}

void reap_freed(void) {
  uv_timer_t timer;
  assert_int_equal(uv_timer_init(&loop, &timer), 0);
  assert_int_equal(uv_timer_start(&timer, on_tick, 0, 1), 0);
  run_loop();
}

uint64_t now_ms(void) { return uv_hrtime() / 1000000; }

uint64_t sum_bytes(uint64_t sum, const char *bytes, size_t length) {
  for (size_t i = 0; i < length; i++) sum = (sum ^ (unsigned char)bytes[i]) * UINT64_C(0x100000001b3);
  return sum;
}

int count_lines(const char *text, const char *start) {
  int n = 0;
  for (const char *line = text; line != NULL && *line != '\0'; line = strchr(line, '\n')) {
    if (*line == '\n') line++;
    n += strncmp(line, start, strlen(start)) == 0;
    if (*line == '\0') break;
  }
  return n;
}

const char *temp_path(const char *name) {
  static char paths[8][256];
  static unsigned next;
  if (directory[0] == '\0') {
    (void)snprintf(directory, sizeof directory, "/tmp/cp-test-XXXXXX");
    assert_non_null(mkdtemp(directory));
  }
  char *path = paths[next++ % 8];
  (void)snprintf(path, sizeof paths[0], "%s/%s", directory, name);
  return path;
}

void write_file(const char *path, const char *content, int mode) {
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
  assert_true(fd >= 0);
  assert_int_equal(write(fd, content, strlen(content)), (ssize_t)strlen(content));
  assert_int_equal(fchmod(fd, (mode_t)mode), 0);
  close(fd);
}

char *read_file(const char *path) {
  FILE *file = fopen(path, "re");
  assert_non_null(file);
  char *text = calloc(1, 1 << 20);
  assert_non_null(text);
  (void)fread(text, 1, (1 << 20) - 1, file);
  (void)fclose(file);
  return text;
}

int listening_socket(void) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
  assert_int_equal(listen(fd, 10), 0);
  return fd;
}

bool same_file(int a, int b) {
  struct stat first, second;
  return fstat(a, &first) == 0 && fstat(b, &second) == 0 && first.st_ino == second.st_ino &&
         first.st_dev == second.st_dev;
}

void fail_each_allocation(void (*run)(void)) {
#ifdef CP_SANITIZED
  (void)run;
  skip();
#else
  enum { MOST_ALLOCATIONS = 2000 };
  run();
  for (long n = 0; n < MOST_ALLOCATIONS; n++) {
    long heap = heap_blocks();
    int fds = count_fds(), children = count_children();
    fail_allocation(n);
    run();
    bool failed = allocation_has_failed();
    fail_allocation(-1);
    for (int i = 0; i < 3; i++) uv_run(&loop, UV_RUN_NOWAIT);
    if (heap_blocks() != heap || count_fds() != fds || count_children() != children)
      fail_msg("allocation %ld failed: %ld blocks, %d fds, %d children more than before", n, heap_blocks() - heap,
               count_fds() - fds, count_children() - children);
    if (!failed) return;
  }
  fail_msg("there is no end to the allocations");
#endif
}

static void *do_nothing(void *data) { return data; }

int warm_threads(void **state) {
  enum { THREADS = 8 };
  pthread_t threads[THREADS];
  (void)state;
  for (int i = 0; i < THREADS; i++)
    if (pthread_create(&threads[i], NULL, do_nothing, NULL) != 0) return -1;
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  return 0;
}
