/*
 * Counts the lines of all files below a directory, by a pool of workers in C that have many files each under way, and looks
 * whether `find | xargs` gets the same. The walk stands still while the workers are busy: memory stays small however many
 * files there are.
 *
 *   pool_lines [DIRECTORY]      default: /usr/share/doc
 *
 * As a worker of other pools it takes the path of a file and answers with the number of its lines:
 *   find /etc -type f | sed 's/["\\]/\\&/g; s/.*\/"&"/' | child-process pool ./pool_lines
 */
#include <child_process.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---------------------------------------------------------------- the worker */

/* -1: it cannot be read. */
static double count_lines(const char *path) {
  static char bytes[1 << 16];
  double lines = 0;
  ssize_t n = -1;
  int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
  if (fd < 0) return -1;
  while ((n = read(fd, bytes, sizeof bytes)) > 0)
    for (const char *p = bytes; (p = memchr(p, '\n', (size_t)(bytes + n - p))) != NULL; p++) lines++;
  close(fd);
  return n < 0 ? -1 : lines;
}

/* A plain task is the path itself; one with a number is {id, task: path}, and its answer {id, result} or {id, error}. */
static void on_task(cp_channel *parent, cp_message *message, void *data) {
  cp_value task = cp_message_value(message);
  bool has_id = cp_value_has(task, "id");
  if (cp_value_has(task, "cancel")) return; /* {id, cancel: true}: this worker is quicker than that */
  double lines = count_lines(cp_value_string(has_id ? cp_value_get(task, "task") : task, NULL));
  int rc = !has_id     ? cp_send(parent, cp_number(lines), NULL)
           : lines < 0 ? cp_reply_error(message, "it cannot be read")
                       : cp_reply(message, cp_number(lines));
  if (rc < 0) fprintf(stderr, "worker: %s\n", cp_strerror(rc));
}

/* ---------------------------------------------------------------- the pool */

typedef struct walk {
  FTS *tree;
  cp_pool *pool;
  double files, lines, failed;
} walk;

static void on_outcome(cp_pool *pool, const cp_outcome *outcome, void *data) {
  walk *w = data;
  w->files++;
  if (outcome->status == 0)
    w->lines += cp_value_number(cp_outcome_value(outcome));
  else
    w->failed++;
}

static void on_closed(cp_pool *pool, const cp_pool_report *report, void *data) { cp_pool_free(pool); }

/* Until the queue is long: on_drain goes on then. */
static void go_on(walk *w) {
  int rc = 0;
  const FTSENT *entry;
  while (rc == 0 && (entry = fts_read(w->tree)) != NULL) {
    if (entry->fts_info != FTS_F) continue;
    cp_value path = cp_text(entry->fts_path); /* CP_TYPE_NONE where the name is no UTF-8: then it is not sent */
    rc = cp_pool_submit(w->pool, path, &(cp_task_options){.cb = on_outcome, .data = w});
    if (rc < 0) {
      fprintf(stderr, "%s: %s\n", entry->fts_path, cp_strerror(rc));
      w->failed++;
      rc = 0;
    }
  }
  if (rc == 0) cp_pool_close(w->pool, CP_POOL_FINISH, 0, on_closed, NULL);
}

static void on_drain(cp_pool *pool, void *data) { go_on(data); }

static int count_by_pool(uv_loop_t *loop, const char *directory, walk *w) {
  char *const roots[] = {(char *)directory, NULL};
  cp_error error;
  cp_pool_options options = {
      .protocol = CP_POOL_ENVELOPE, .in_flight = 50, .on_drain = on_drain, .data = w, .error = &error};
  int rc = cp_pool_open(&w->pool, loop, "/proc/self/exe", NULL, &options);
  if (rc < 0) {
    fprintf(stderr, "%s\n", error.message);
    return rc;
  }
  w->tree = fts_open(roots, FTS_PHYSICAL, NULL);
  if (w->tree == NULL) {
    perror(directory);
    cp_pool_free(w->pool);
    return -1;
  }
  go_on(w);
  uv_run(loop, UV_RUN_DEFAULT);
  fts_close(w->tree);
  return 0;
}

/* What others say of the same files. */
static double count_by_xargs(const char *directory) {
  cp_result result;
  cp_options options = {.shell = CP_SHELL, .shell_positional = true};
  int rc =
      cp_exec_file_sync(&result, "find \"$1\" -type f -print0 | xargs -0 cat | wc -l", CP_ARGS(directory), &options);
  double lines = rc == 0 ? strtod(result.out.bytes, NULL) : -1;
  cp_result_dispose(&result);
  return lines;
}

static int compare(uv_loop_t *loop, const char *directory) {
  walk w = {0};
  int rc = count_by_pool(loop, directory, &w);
  if (rc < 0) return rc;
  double expected = count_by_xargs(directory);
  printf("%.0f files, %.0f lines, %.0f failed\n", w.files, w.lines, w.failed);
  printf("find | xargs cat | wc -l: %s\n", w.lines == expected ? "the same" : "something else");
  return w.lines == expected && w.failed == 0 ? 0 : -1;
}

int main(int argc, char **argv) {
  uv_loop_t *loop = uv_default_loop();
  cp_channel *parent;
  int rc = cp_parent_channel(&parent, loop, &(cp_channel_options){.on_message = on_task});
  if (rc == 0) {
    uv_run(loop, UV_RUN_DEFAULT);
    cp_channel_free(parent);
  } else {
    rc = compare(loop, argc > 1 ? argv[1] : "/usr/share/doc");
  }
  uv_run(loop, UV_RUN_DEFAULT); /* what was freed is closed here */
  return rc < 0 || uv_loop_close(loop) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
