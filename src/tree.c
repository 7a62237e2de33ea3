/*
 * tree.c - a signal to a process and all its descendants, who are found by their parents in /proc.
 *
 * A number alone tells nobody: it may be used again. A member is a number and the time at which it was started, and was
 * seen as the child of another member. A signal goes through a pidfd that was opened before both were looked at again.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fail.h"
#include "process.h"

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

enum { ROUNDS = 100, QUICK_ROUNDS = 20, FIRST_MEMBERS = 16, PATH_BYTES = 64 };

typedef struct member {
  pid_t pid;
  uint64_t start; /* clock ticks since the machine was started */
  bool still;     /* told to stop, and had stopped before its children were looked at: it has no others */
} member;

typedef struct tree {
  cp__process *root; /* the first member; its number is its own as long as it is not reaped */
  member *members;   /* malloc()ed if it is not `first` */
  member first[FIRST_MEMBERS];
  size_t count, capacity;
  bool lists_children; /* the kernel does: CONFIG_PROC_CHILDREN */
  int failure;         /* what there was too little of to look for all of them; 0: nothing */
} tree;

/* ---------------------------------------------------------------- /proc */

typedef struct stat_line {
  char state;
  int parent, group;
  uint64_t start;
} stat_line;

/* A process that has gone is no failure. */
static void note_failure(tree *t, int error) {
  if (error == EMFILE || error == ENFILE || error == ENOMEM) t->failure = CP__ERRNO(error);
}

static bool read_stat(tree *t, const char *path, stat_line *out) {
  char line[1024]; /* the name in it has 64 bytes at most, and may have brackets of its own */
  unsigned long long start;
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) note_failure(t, errno);
  ssize_t length = fd >= 0 ? read(fd, line, sizeof line - 1) : 0;
  if (fd >= 0) (void)close(fd);
  line[length > 0 ? length : 0] = '\0';
  const char *rest = strrchr(line, ')');
  static const char format[] = ") %c %d %d %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %llu";
  if (rest == NULL || sscanf(rest, format, &out->state, &out->parent, &out->group, &start) != 4) return false;
  out->start = start;
  return true;
}

static bool look_at(tree *t, pid_t pid, stat_line *out) {
  char path[PATH_BYTES];
  (void)snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
  return read_stat(t, path, out);
}

/* A /proc of other processes than those that our numbers mean is of no use. */
static bool proc_is_ours(void) {
  char number[PATH_BYTES] = "";
  return readlink("/proc/self", number, sizeof number - 1) > 0 && atoi(number) == (int)getpid();
}

static bool lists_children(pid_t pid) {
  char path[PATH_BYTES];
  (void)snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)pid, (int)pid);
  return access(path, R_OK) == 0;
}

/* ---------------------------------------------------------------- members */

static bool is_same(tree *t, const member *m) {
  stat_line now;
  return look_at(t, m->pid, &now) && now.start == m->start;
}

static bool is_member(const tree *t, pid_t pid, uint64_t start) {
  for (size_t i = 0; i < t->count; i++)
    if (t->members[i].pid == pid && t->members[i].start == start) return true;
  return false;
}

static bool grow(tree *t) {
  bool moves = t->members == t->first;
  size_t capacity = moves ? (size_t)FIRST_MEMBERS * 2 : t->capacity * 2;
  member *members = realloc(moves ? NULL : t->members, capacity * sizeof *members); /* NOLINT: never 0 */
  if (members == NULL) {
    note_failure(t, ENOMEM);
    return false;
  }
  if (moves) memcpy(members, t->first, sizeof t->first);
  t->members = members;
  t->capacity = capacity;
  return true;
}

static void add_member(tree *t, pid_t pid, uint64_t start) {
  if (is_member(t, pid, start) || (t->count == t->capacity && !grow(t))) return;
  t->members[t->count++] = (member){.pid = pid, .start = start};
}

/* A thread's state, then its children: one that stands still has no more than those it had then. */
static bool visit_thread(tree *t, pid_t pid, const char *thread) {
  char path[PATH_BYTES];
  stat_line found;
  int child;
  (void)snprintf(path, sizeof path, "/proc/%d/task/%.20s/stat", (int)pid, thread);
  bool still = !read_stat(t, path, &found) || strchr("TtZXD", found.state) != NULL;
  (void)snprintf(path, sizeof path, "/proc/%d/task/%.20s/children", (int)pid, thread);
  FILE *file = t->lists_children ? fopen(path, "re") : NULL;
  if (t->lists_children && file == NULL) note_failure(t, errno);
  while (file != NULL && fscanf(file, "%d", &child) == 1)
    if (look_at(t, child, &found) && found.parent == pid) add_member(t, child, found.start);
  if (file != NULL) (void)fclose(file);
  return still;
}

/* Adds its children. Returns whether all its threads stand still: stopped, or in a sleep that ends in a stop. */
static bool visit(tree *t, size_t i) {
  char path[PATH_BYTES];
  const member self = t->members[i];
  size_t before = t->count;
  bool still = true;
  (void)snprintf(path, sizeof path, "/proc/%d/task", (int)self.pid);
  DIR *threads = opendir(path);
  if (threads == NULL) note_failure(t, errno);
  for (struct dirent *entry; threads != NULL && (entry = readdir(threads)) != NULL;)
    if (entry->d_name[0] != '.') still = visit_thread(t, self.pid, entry->d_name) && still;
  if (threads != NULL) (void)closedir(threads);
  if (!is_same(t, &self)) t->count = before; /* it has ended, and its number may have been a stranger's in between */
  return still;
}

/* Without lists of children all processes of the machine are asked for their parent. */
static void scan(tree *t) {
  DIR *all = opendir("/proc");
  if (all == NULL) note_failure(t, errno);
  for (struct dirent *entry; all != NULL && (entry = readdir(all)) != NULL;) {
    stat_line found;
    pid_t pid = (pid_t)atoi(entry->d_name);
    if (pid <= 0 || !look_at(t, pid, &found)) continue;
    size_t i = 0;
    while (i < t->count && t->members[i].pid != found.parent) i++;
    if (i < t->count && is_same(t, &t->members[i])) add_member(t, pid, found.start);
  }
  if (all != NULL) (void)closedir(all);
}

/* ---------------------------------------------------------------- signals */

/* Whether it has moved out of the group that the root leads. */
static bool is_outside(const tree *t, const stat_line *now) { return now->group != t->root->pid; }

/* With `outside`, to the others but those in the root's group. */
static int send_to_member(tree *t, const member *m, int signum, bool outside) {
  stat_line now;
  int pidfd = (int)syscall(SYS_pidfd_open, m->pid, 0), rc = 0;
  if (pidfd < 0) {
    note_failure(t, errno);
    return CP__ERRNO(errno);
  }
  if (look_at(t, m->pid, &now) && now.start == m->start && (!outside || is_outside(t, &now)))
    rc = syscall(SYS_pidfd_send_signal, pidfd, signum, NULL, 0) == 0 ? 0 : CP__ERRNO(errno);
  (void)close(pidfd);
  return rc;
}

/* The root first: it cannot start what a member that has just ended was in the way of. */
static int send_to_all(tree *t, int signum, bool leads_group) {
  stat_line now;
  int rc = cp__process_kill(t->root, signum, leads_group);
  if (leads_group && look_at(t, t->root->pid, &now) && is_outside(t, &now))
    rc = cp__process_kill(t->root, signum, false);
  for (size_t i = 1; i < t->count; i++) (void)send_to_member(t, &t->members[i], signum, leads_group);
  return rc;
}

static int stop_member(tree *t, size_t i) {
  return i == 0 ? cp__process_kill(t->root, SIGSTOP, false) : send_to_member(t, &t->members[i], SIGSTOP, false);
}

/* ---------------------------------------------------------------- the walk */

/* Looks at a member, who is told to stop if he has to. Returns whether he has more to show. */
static bool visit_member(tree *t, size_t i, bool freeze) {
  bool stops = freeze && !t->members[i].still;
  bool refuses = stops && stop_member(t, i) != 0; /* a set-user-id program: not waited for */
  bool still = visit(t, i) || refuses;
  t->members[i].still = freeze && still;
  return freeze && !still;
}

/* One look at the members, whose number grows meanwhile. Returns whether another one may show more. */
static bool walk(tree *t, bool freeze, bool all) {
  size_t before = t->count;
  bool moves = false;
  for (size_t i = 0; i < t->count; i++)
    if (all || !t->members[i].still) moves = visit_member(t, i, freeze) || moves;
  if (!t->lists_children) scan(t);
  return t->count > before || moves;
}

/*
 * Before SIGKILL everybody is stopped, from the root downwards, until nobody new turns up. Who stands still has no new
 * children, and does not end and leave those that it has to nobody before they are seen: so even a tree that grows as
 * fast as it can is caught whole. Nobody can tell: they never run again. With other signals that would not be so (a shell
 * tells of stopped jobs, a program may ask why it was continued): those go to whoever is there at one look.
 */
static void find_members(tree *t, int signum, bool leads_group) {
  bool freeze = signum == SIGKILL || signum == SIGSTOP, all = true, more = true;
  if (freeze && leads_group) (void)cp__process_kill(t->root, SIGSTOP, true);
  for (int round = 0; (more || !all) && round < ROUNDS; round++) { /* in the end, one look at all of them */
    all = !more || !freeze;
    more = walk(t, freeze, all);
    if (!freeze && t->lists_children) return;
    if (round < QUICK_ROUNDS)
      (void)sched_yield();
    else if (more)
      (void)poll(NULL, 0, 1);
  }
}

/* Whether members can be told from strangers here. */
static bool is_supported(const cp__process *process) {
  int pidfd = process->pidfd >= 0 ? (int)syscall(SYS_pidfd_open, process->pid, 0) : -1;
  bool has_pidfds = pidfd >= 0 || (process->pidfd >= 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM));
  if (pidfd >= 0) (void)close(pidfd);
  return has_pidfds && proc_is_ours();
}

/* It was its number if it is not reaped now: not by somebody else's wait() either. */
static bool is_there(const cp__process *process) {
  return syscall(SYS_pidfd_send_signal, process->pidfd, 0, NULL, 0) == 0 || errno != ESRCH;
}

int cp__process_kill_tree(cp__process *process, int signum, bool leads_group, bool *sent) {
  stat_line self;
  *sent = false;
  if (process->pid == 0 || process->reaped) return UV_ESRCH;
  if (!is_supported(process)) return UV_ENOTSUP;
  tree t = {.root = process, .capacity = FIRST_MEMBERS, .lists_children = lists_children(process->pid)};
  t.members = t.first;
  bool seen = look_at(&t, process->pid, &self);
  if (!is_there(process)) return UV_ESRCH;
  if (seen) add_member(&t, process->pid, self.start);
  find_members(&t, signum, leads_group);
  int rc = send_to_all(&t, signum, leads_group);
  if (t.members != t.first) free(t.members);
  *sent = rc == 0;
  return rc == 0 ? t.failure : rc;
}
