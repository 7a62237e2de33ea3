/*
 * test_sandbox.c - the launcher where the kernel is old or a sandbox refuses calls. Each refusal is real: a seccomp
 * filter, installed in a forked copy of this program, which then does all that a program does with children.
 */
#include "support.h"

#ifndef CP_LAUNCHER_LINUX

int main(void) { return 0; }

#else

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x1000
#endif
#ifndef SYS_clone3
#define SYS_clone3 435
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif

#if defined(__x86_64__)
#define THIS_MACHINE AUDIT_ARCH_X86_64
#else
#define THIS_MACHINE AUDIT_ARCH_AARCH64
#endif

enum { CLOSE_ON_EXEC_RANGE = 4, PIDFD = 3, THREAD = CLONE_VM | CLONE_SIGHAND };

/* One refusal: the call `number` fails with `error` where (argument & mask) == value. mask 0: always. */
typedef struct refusal {
  long number;
  int error;
  int argument;
  unsigned mask, value;
} refusal;

enum { MOST_REFUSALS = 8, STEPS_PER_REFUSAL = 6 };

typedef struct sandbox {
  refusal refusals[MOST_REFUSALS]; /* up to the first whose error is 0 */
} sandbox;

static unsigned low_half_of_argument(int i) { return (unsigned)(offsetof(struct seccomp_data, args) + 8 * (size_t)i); }

static void enter(const sandbox *box) {
#ifdef CP_SANITIZED
  (void)setenv("ASAN_OPTIONS", "detect_leaks=0", 1); /* the helper's leak check clones in ways that a box forbids */
#endif
  struct sock_filter filter[4 + MOST_REFUSALS * STEPS_PER_REFUSAL];
  unsigned short n = 0;
  filter[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
  filter[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, THIS_MACHINE, 1, 0);
  filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  for (const refusal *r = box->refusals; r->error != 0; r++) {
    filter[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    filter[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)r->number, 0, 4);
    filter[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, low_half_of_argument(r->argument));
    filter[n++] = (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, r->mask);
    filter[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, r->value, 0, 1);
    filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)r->error);
  }
  filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  struct sock_fprog program = {.len = n, .filter = filter};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) SKIP_APART();
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) SKIP_APART();
}

/* ---------------------------------------------------------------- what a program does with children */

static uv_loop_t loop;

static void run_loop_until(const int *flag) {
  while (*flag == 0) {
    bool alive = uv_run(&loop, UV_RUN_NOWAIT) != 0;
    if (*flag != 0) return;
    CHECK(alive);
    (void)poll(&(struct pollfd){.fd = uv_backend_fd(&loop), .events = POLLIN}, 1, uv_backend_timeout(&loop));
  }
}

static void exit_codes_output_and_order(void) {
  event_log log;
  cp_child *child;
  cp_options options = log_options(&log);
  CHECK(cp_spawn(&child, &loop, HELPER, HELPER_ARGS("write", "1", "out", "--", "exit", "42"), &options) == 0);
  CHECK(uv_run(&loop, UV_RUN_DEFAULT) == 0);
  CHECK(strcmp(log.text, "spawn out exit:42 close:42") == 0);
  CHECK(strcmp(log.out, "out") == 0);
  CHECK(log.exit.usage.max_rss_kib > 0);
  cp_child_free(child);

  cp_result result;
  CHECK(cp_spawn_sync(&result, HELPER, HELPER_ARGS("write", "1", "out", "--", "exit", "43"), NULL) == 0);
  CHECK(result.exit.code == 43);
  CHECK(strcmp(result.out.bytes, "out") == 0);
  CHECK(result.exit.usage.max_rss_kib > 0);
  cp_result_dispose(&result);
}

static void failures_tell_their_step(void) {
  event_log log;
  cp_child *child;
  cp_result result;
  cp_options options = log_options(&log);
  CHECK(cp_spawn(&child, &loop, "/no/such", NULL, &options) == 0);
  CHECK(uv_run(&loop, UV_RUN_DEFAULT) == 0);
  CHECK(strcmp(log.text, "error:ENOENT:execve close:-2") == 0);
  CHECK(cp_child_pid(child) == 0);
  cp_child_free(child);
  options = log_options(&log);
  options.cwd = "/no/such";
  CHECK(cp_spawn(&child, &loop, HELPER, NULL, &options) == 0);
  CHECK(uv_run(&loop, UV_RUN_DEFAULT) == 0);
  CHECK(strcmp(log.text, "error:ENOENT:chdir close:-2") == 0);
  cp_child_free(child);
  CHECK(cp_spawn_sync(&result, "/etc", NULL, NULL) == UV_EACCES);
  CHECK(result.error.stage == CP_STAGE_EXEC);
  cp_result_dispose(&result);
  CHECK(cp_spawn_sync(&result, HELPER, NULL, &(cp_options){.cwd = "/etc/passwd"}) == UV_ENOTDIR);
  CHECK(result.error.stage == CP_STAGE_CHDIR);
  cp_result_dispose(&result);
}

static void signals_arrive(void) {
  event_log log;
  cp_child *child;
  cp_options options = log_options(&log);
  CHECK(cp_spawn(&child, &loop, HELPER, HELPER_ARGS("pause"), &options) == 0);
  CHECK(cp_child_kill(child, SIGUSR1) == 0); /* perhaps before it has come to execve */
  CHECK(uv_run(&loop, UV_RUN_DEFAULT) == 0);
  CHECK(log.exit.signal == SIGUSR1);
  CHECK(cp_child_kill(child, SIGUSR1) == UV_ESRCH);
  cp_child_free(child);

  options = log_options(&log);
  options.process_group = true;
  const char *const *args = HELPER_ARGS("fork", "pause", "--", "write", "1", "ready", "--", "pause");
  CHECK(cp_spawn(&child, &loop, HELPER, args, &options) == 0);
  run_loop_until(&log.talked);
  CHECK(cp_child_kill_group(child, SIGTERM) == 0);
  CHECK(uv_run(&loop, UV_RUN_DEFAULT) == 0);
  CHECK(log.exit.signal == SIGTERM);
  cp_child_free(child);
}

static void deadlines_hold(void) {
  cp_result result;
  cp_options options = {.timeout_ms = 30};
  CHECK(cp_spawn_sync(&result, HELPER, HELPER_ARGS("pause"), &options) == CP_ETIMEDOUT);
  CHECK(result.exit.signal == SIGTERM);
  cp_result_dispose(&result);
  options.stdio = CP_ALL_IGNORE;
  CHECK(cp_spawn_sync(&result, HELPER, HELPER_ARGS("pause"), &options) == CP_ETIMEDOUT);
  CHECK(result.exit.signal == SIGTERM);
  cp_result_dispose(&result);
  options = (cp_options){.timeout_ms = 100, .grace_ms = 30, .kill_signal = SIGUSR2};
  CHECK(cp_spawn_sync(&result, HELPER, HELPER_ARGS("ignore", "12", "--", "pause"), &options) == CP_ETIMEDOUT);
  CHECK(result.exit.signal == SIGKILL || result.exit.signal == SIGUSR2);
  cp_result_dispose(&result);

  event_log log;
  cp_child *child;
  options = log_options(&log);
  options.timeout_ms = 30;
  CHECK(cp_spawn(&child, &loop, HELPER, HELPER_ARGS("pause"), &options) == 0);
  CHECK(uv_run(&loop, UV_RUN_DEFAULT) == 0);
  CHECK(log.exit.reason == CP_REASON_TIMEOUT && log.exit.signal == SIGTERM);
  cp_child_free(child);
}

static void no_fd_leaks_into_children(void) {
  static const char three[] = "0 pipe r blocking\n1 pipe w blocking\n2 pipe w blocking\n";
  cp_result result;
  int near = open("/dev/null", O_RDONLY), far = fcntl(near, F_DUPFD, 1200);
  CHECK(near >= 0 && far >= 0);
  int more[60]; /* more than one buffer of /proc */
  for (int i = 0; i < 60; i++) CHECK((more[i] = fcntl(near, F_DUPFD, 100 + 7 * i)) >= 0);
  CHECK(cp_spawn_sync(&result, HELPER, HELPER_ARGS("fds"), NULL) == 0);
  CHECK(strcmp(result.out.bytes, three) == 0);
  cp_result_dispose(&result);
  const cp_rlimit few = {RLIMIT_NOFILE, 10, 2048}; /* does not hide those beyond it */
  CHECK(cp_spawn_sync(&result, HELPER, HELPER_ARGS("fds"), &(cp_options){.rlimits = &few, .rlimit_count = 1}) == 0);
  CHECK(strcmp(result.out.bytes, three) == 0);
  cp_result_dispose(&result);
  event_log log;
  cp_child *child;
  cp_options options = log_options(&log);
  CHECK(cp_spawn(&child, &loop, HELPER, HELPER_ARGS("fds"), &options) == 0);
  CHECK(uv_run(&loop, UV_RUN_DEFAULT) == 0);
  CHECK(strcmp(log.out, three) == 0);
  cp_child_free(child);
  for (int i = 0; i < 60; i++) (void)close(more[i]);
  (void)close(near);
  (void)close(far);
}

static void signals_are_reset(void) {
  cp_result result;
  unsigned long long blocked, ignored;
  (void)signal(SIGPIPE, SIG_IGN);
  (void)signal(40, SIG_IGN);
  CHECK(cp_spawn_sync(&result, HELPER, HELPER_ARGS("signals"), NULL) == 0);
  CHECK(sscanf(result.out.bytes, "SigBlk: %llx SigIgn: %llx", &blocked, &ignored) == 2);
  CHECK(blocked == 0 && (ignored & 0x7fffffff) == 0); /* real-time signals stay as they were */
  cp_result_dispose(&result);
  (void)signal(SIGPIPE, SIG_DFL);
  (void)signal(40, SIG_DFL);
}

/* Fds that are swapped in place, in a table that also meets the launcher's own pipe. */
static void tables_are_placed(void) {
  cp_stdio entries[40] = {CP_IGNORE, CP_PIPE, CP_SAME_AS(1)};
  cp_result result;
  entries[39] = CP_PIPE;
  const char *const *args = HELPER_ARGS("write", "2", "two", "--", "write", "39", "far");
  CHECK(cp_spawn_sync(&result, HELPER, args, &(cp_options){.stdio = {entries, 40}}) == 0);
  CHECK(result.exit.code == 0);
  CHECK(strcmp(result.output[1].bytes, "two") == 0);
  CHECK(strcmp(result.output[39].bytes, "far") == 0);
  cp_result_dispose(&result);
}

static void many_at_once(void) {
  enum { COUNT = 12 };
  static event_log logs[COUNT];
  cp_child *children[COUNT];
  for (int i = 0; i < COUNT; i++) {
    char word[8];
    cp_options options = log_options(&logs[i]);
    (void)snprintf(word, sizeof word, "%d", i);
    CHECK(cp_spawn(&children[i], &loop, HELPER, HELPER_ARGS("exit", word), &options) == 0);
  }
  CHECK(uv_run(&loop, UV_RUN_DEFAULT) == 0);
  for (int i = 0; i < COUNT; i++) {
    CHECK(logs[i].exit.code == i && logs[i].closed == 1);
    cp_child_free(children[i]);
  }
}

static void on_tick(uv_timer_t *timer) { (void)timer; }

static void reap_by_the_loop(void) {
  uv_timer_t timer;
  CHECK(uv_timer_init(&loop, &timer) == 0);
  CHECK(uv_timer_start(&timer, on_tick, 1, 1) == 0);
  while (count_children() > 0) (void)uv_run(&loop, UV_RUN_ONCE);
  uv_close((uv_handle_t *)&timer, NULL);
  CHECK(uv_run(&loop, UV_RUN_DEFAULT) == 0);
}

static void freed_children_are_reaped(int fds) {
  cp_child *child;
  CHECK(cp_spawn(&child, &loop, HELPER, HELPER_ARGS("count"), NULL) == 0);
  cp_child_free(child);
  reap_by_the_loop();

  CHECK(cp_spawn(&child, &loop, HELPER, HELPER_ARGS("pause"), NULL) == 0);
  pid_t pid = cp_child_pid(child);
  cp_child_free(child);
  int rc = cp_loop_release(&loop);
  CHECK(rc == 0 || rc == UV_EPERM); /* glibc makes no threads where clone3 is forbidden rather than unknown */
  if (rc == 0) CHECK(uv_run(&loop, UV_RUN_DEFAULT) == 0);
  CHECK(kill(pid, SIGKILL) == 0);
  if (rc != 0) reap_by_the_loop();
  while (count_children() > 0 || count_fds() > fds) (void)poll(NULL, 0, 1); /* the helper thread */
}

static void do_all(void) {
  CHECK(uv_loop_init(&loop) == 0);
  event_log log; /* the first one may bring libuv's own fds */
  cp_child *child;
  cp_options options = log_options(&log);
  CHECK(cp_spawn(&child, &loop, HELPER, NULL, &options) == 0);
  CHECK(uv_run(&loop, UV_RUN_DEFAULT) == 0);
  CHECK(strcmp(log.text, "spawn exit:0 close:0") == 0);
  cp_child_free(child);
  int fds = count_fds();
  exit_codes_output_and_order();
  failures_tell_their_step();
  signals_arrive();
  deadlines_hold();
  no_fd_leaks_into_children();
  signals_are_reset();
  tables_are_placed();
  many_at_once();
  freed_children_are_reaped(fds);
  CHECK(count_children() == 0);
  CHECK(count_fds() == fds);
  CHECK(uv_loop_close(&loop) == 0);
}

/* The refusals hold from the start: the first start of a process meets them. */
static void new_apart(void *data) {
  enter(data);
  do_all();
}

/* The refusals come after a child was started: what was found out before does not hold any more. */
static void late_apart(void *data) {
  cp_result result;
  CHECK(cp_spawn_sync(&result, HELPER, NULL, NULL) == 0);
  cp_result_dispose(&result);
  enter(data);
  do_all();
}

static void works_in(const sandbox *box) {
  apart(new_apart, (void *)(uintptr_t)box);
  apart(late_apart, (void *)(uintptr_t)box);
}

#define NO_CLONE3                                                                                                      \
  { SYS_clone3, ENOSYS, 0, 0, 0 }
#define NO_CLONE_PIDFD                                                                                                 \
  { SYS_clone, EINVAL, 0, CLONE_PIDFD, CLONE_PIDFD }
#define NO_PIDFD_OPEN                                                                                                  \
  { SYS_pidfd_open, ENOSYS, 0, 0, 0 }
#define NO_PIDFD_SIGNAL                                                                                                \
  { SYS_pidfd_send_signal, ENOSYS, 0, 0, 0 }
#define NO_WAIT_ON_PIDFD                                                                                               \
  { SYS_waitid, EINVAL, 0, ~0U, PIDFD }
#define NO_CLOSE_RANGE                                                                                                 \
  { SYS_close_range, ENOSYS, 0, 0, 0 }

static void nothing_is_refused(void **state) {
  (void)state;
  works_in(&(sandbox){0});
}

static void clone3_is_unknown(void **state) {
  (void)state;
  works_in(&(sandbox){{NO_CLONE3}});
}

static void clone3_is_forbidden(void **state) {
  (void)state;
  works_in(&(sandbox){{{SYS_clone3, EPERM, 0, 0, 0}}});
}

static void clone_gives_no_pidfd(void **state) {
  (void)state;
  works_in(&(sandbox){{NO_CLONE3, NO_CLONE_PIDFD}});
}

static void there_is_no_pidfd_at_all(void **state) {
  (void)state;
  works_in(&(sandbox){{NO_CLONE3, NO_CLONE_PIDFD, NO_PIDFD_OPEN}});
}

static void close_range_is_unknown(void **state) {
  (void)state;
  works_in(&(sandbox){{NO_CLOSE_RANGE}});
}

static void close_range_cannot_mark(void **state) {
  (void)state;
  works_in(&(sandbox){{{SYS_close_range, EINVAL, 2, CLOSE_ON_EXEC_RANGE, CLOSE_ON_EXEC_RANGE}}});
}

static void close_range_and_proc_are_missing(void **state) {
  (void)state;
  works_in(&(sandbox){{NO_CLOSE_RANGE, {SYS_openat, ENOENT, 2, ~0U, O_RDONLY | O_DIRECTORY | O_CLOEXEC}}});
}

static void pidfds_take_no_signals(void **state) {
  (void)state;
  works_in(&(sandbox){{NO_PIDFD_SIGNAL}});
}

static void signalling_pidfds_is_forbidden(void **state) {
  (void)state;
  works_in(&(sandbox){{{SYS_pidfd_send_signal, EPERM, 0, 0, 0}}});
}

static void groups_cannot_be_signalled_by_pidfd(void **state) {
  (void)state;
  works_in(&(sandbox){{{SYS_pidfd_send_signal, EINVAL, 3, 4, 4}}});
}

static void pidfds_cannot_be_waited_for(void **state) {
  (void)state;
  works_in(&(sandbox){{NO_WAIT_ON_PIDFD}});
}

static void the_kernel_is_very_old(void **state) {
  (void)state;
  works_in(&(sandbox){{NO_CLONE3, NO_CLONE_PIDFD, NO_PIDFD_OPEN, NO_PIDFD_SIGNAL, NO_WAIT_ON_PIDFD, NO_CLOSE_RANGE}});
}

/* Memory may be shared with threads only: a child has to be forked. */
static void memory_cannot_be_shared_with_children(void **state) {
  (void)state;
  works_in(&(sandbox){{NO_CLONE3, {SYS_clone, EPERM, 0, THREAD, CLONE_VM}}});
}

static void nothing_but_fork_on_a_very_old_kernel(void **state) {
  (void)state;
  works_in(&(sandbox){{NO_CLONE3,
                       {SYS_clone, EINVAL, 0, THREAD, CLONE_VM},
                       NO_PIDFD_OPEN,
                       NO_PIDFD_SIGNAL,
                       NO_WAIT_ON_PIDFD,
                       NO_CLOSE_RANGE}});
}

static void nothing_works_apart(void *data) {
  cp_result result;
  event_log log;
  cp_child *child;
  enter(data);
  CHECK(uv_loop_init(&loop) == 0);
  int fds = count_fds();
  CHECK(cp_spawn_sync(&result, HELPER, NULL, NULL) == UV_EPERM);
  CHECK(result.error.stage == CP_STAGE_CLONE);
  cp_result_dispose(&result);
  cp_options options = log_options(&log);
  CHECK(cp_spawn(&child, &loop, HELPER, NULL, &options) == 0);
  CHECK(uv_run(&loop, UV_RUN_DEFAULT) == 0);
  CHECK(strcmp(log.text, "error:EPERM:clone close:-1") == 0);
  cp_child_free(child);
  CHECK(count_fds() == fds);
  CHECK(count_children() == 0);
  CHECK(uv_loop_close(&loop) == 0);
}

static void no_process_can_be_made_at_all(void **state) {
  (void)state;
  apart(nothing_works_apart, &(sandbox){{NO_CLONE3, {SYS_clone, EPERM, 0, 0, 0}}});
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(nothing_is_refused),
      TEST(clone3_is_unknown),
      TEST(clone3_is_forbidden),
      TEST(clone_gives_no_pidfd),
      TEST(there_is_no_pidfd_at_all),
      TEST(close_range_is_unknown),
      TEST(close_range_cannot_mark),
      TEST(close_range_and_proc_are_missing),
      TEST(pidfds_take_no_signals),
      TEST(signalling_pidfds_is_forbidden),
      TEST(groups_cannot_be_signalled_by_pidfd),
      TEST(pidfds_cannot_be_waited_for),
      TEST(the_kernel_is_very_old),
      TEST(memory_cannot_be_shared_with_children),
      TEST(nothing_but_fork_on_a_very_old_kernel),
      TEST(no_process_can_be_made_at_all),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
