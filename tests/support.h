/*
 * support.h - what the tests share.
 *
 * Each test runs between two pictures of the process: open fds, children, heap. The second must equal the first. A test
 * that hangs is ended by SIGALRM.
 */
#ifndef SUPPORT_H
#define SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka wants the ones above first */
#include <cmocka.h>

#include "child_process.h"

/* The fixture of a test: a loop of its own, and the pictures. cmocka_unit_test_setup_teardown(f, setup, teardown). */
int setup(void **state);
int teardown(void **state);
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

/* cmocka keeps the words of a skipped test on the heap: the pictures leave that out. */
void skipping(void);
#undef skip
#define skip() (skipping(), _skip(__FILE__, __LINE__))

/* Skips a test of what valgrind does in the kernel's place: failing execve(2), the last signal, leaks of forked copies. */
#define NEEDS_A_REAL_KERNEL()                                                                                          \
  do {                                                                                                                 \
    if (getenv("CP_VALGRIND") != NULL) skip();                                                                         \
  } while (0)

/* Skips a test of what the portable launcher on uv_spawn() does not know: see process_uv.c. */
#ifdef CP_LAUNCHER_LINUX
#define NEEDS_LINUX_LAUNCHER() ((void)0)
#else
#define NEEDS_LINUX_LAUNCHER() skip()
#endif

/* The loop of the running test. */
uv_loop_t *test_loop(void);

/* Runs the loop until nothing is left in it. */
void run_loop(void);

int listening_socket(void);   /* TCP, on the loopback address */
bool same_file(int a, int b); /* whether two fds are of one file */

/* Runs the loop until *flag is not 0. Fails if the loop has nothing to do any more. */
void run_until(const int *flag);

/* The arguments to start the helper: HELPER_ARGS("echo", "hi") after the file HELPER. */
#define HELPER_ARGS(...) CP_ARGS(__VA_ARGS__)

/*
 * A log of events, one word each, joined with blanks: "spawn out:hi exit:0 close:0". log_options() are options whose
 * callbacks write it; .data is the log. The first close frees nothing: the test frees the child.
 */
typedef struct event_log {
  char text[4096];
  char out[65536], err[65536];                 /* what came on stdout and stderr, cut to fit, NUL-terminated */
  size_t out_length, err_length;               /* all that came */
  int closed, exited, spawned, failed, talked; /* how often; talked: pieces of output */
  cp_exit exit, close;
  cp_error error;
} event_log;
cp_options log_options(event_log *log);

/* Adds a word to the log. */
void note(event_log *log, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Starts the helper with log_options and runs the loop to the end; the child is freed. */
void run_helper(event_log *log, const char *const *args, const cp_options *options);

/* Runs the helper with cp_spawn_sync(); it must exit with 0. Returns its stdout, malloc()ed, NUL-terminated. */
char *helper_output(const char *const *args, const cp_options *options);

/*
 * Runs `body` in a forked copy of the test, which may then do to itself what cannot be undone: close its fds, change
 * its user, forbid system calls. It has to use CHECK() instead of cmocka's assertions, SKIP_APART() instead of skip().
 * The test fails where the copy fails, and is skipped where the copy asks for that.
 */
void apart(void (*body)(void *data), void *data);
void fail_apart(const char *file, int line, const char *what) __attribute__((noreturn));
void skip_apart(void) __attribute__((noreturn));
#define CHECK(condition) ((condition) ? (void)0 : fail_apart(__FILE__, __LINE__, #condition))
#define SKIP_APART() skip_apart()

/* Runs the loop until the children that were freed while they ran have ended and are reaped. */
void reap_freed(void);

/* Milliseconds in which a helper has surely started and done its first verbs: for timeouts that come after these. */
#ifdef CP_SANITIZED
#define ENOUGH_MS 2000
#else
#define ENOUGH_MS 500
#endif

/* The monotonic clock, milliseconds. */
uint64_t now_ms(void);

/* A 64-bit FNV-1a hash, as the helper's verb `sum` prints it: begin with SUM_START, feed piece by piece. */
#define SUM_START UINT64_C(0xcbf29ce484222325)
uint64_t sum_bytes(uint64_t sum, const char *bytes, size_t length);

/* Lines of `text` that begin with `start`. */
int count_lines(const char *text, const char *start);

/* A fixture of a group whose tests start threads, at most 8 at a time: glibc keeps the memory of ended threads for the next
   ones. */
int warm_threads(void **state);

/* Live blocks of the heap. */
long heap_blocks(void);

/* Makes the n-th allocation from now (0: the next) fail; -1: none. And whether that has happened. */
void fail_allocation(long n);
bool allocation_has_failed(void);

/*
 * Runs it with each allocation failing in turn. The run before all is without a failure: libuv's table of fds grows, for
 * which libuv would abort, and whatever is made once is made. Skips the test where the sanitizers bring their own heap.
 */
void fail_each_allocation(void (*run)(void));

/* How many fds are open; how many children (zombies included) this process has. */
int count_fds(void);
int count_children(void);

/* A path in a fresh directory that teardown removes, valid until then. */
const char *temp_path(const char *name);

/* Writes a file; `mode` for instance 0755. */
void write_file(const char *path, const char *content, int mode);

/* The whole of a file, malloc()ed, NUL-terminated. */
char *read_file(const char *path);

#endif
