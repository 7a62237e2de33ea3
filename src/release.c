/* release.c - cp_loop_release(): children that were freed while they ran, when their loop ends before them. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "child.h"
#include "fail.h"

typedef struct orphan_set {
  int count, capacity;
  cp__process **processes; /* while collecting */
  struct pollfd *polls;    /* the pidfds, duplicated; -1: wait by number */
  cp__process *copies;     /* what the reaper waits for */
} orphan_set;

static void free_orphans(orphan_set *orphans) {
  free(orphans->processes);
  free(orphans->polls);
  free(orphans->copies);
  free(orphans);
}

static void count_one(uv_handle_t *handle, void *data) {
  orphan_set *orphans = data;
  cp__process *process = cp__process_of_handle(handle);
  if (process == NULL || cp__child_of_abandoned(process) == NULL) return;
  if (orphans->processes != NULL && orphans->count < orphans->capacity) orphans->processes[orphans->count] = process;
  orphans->count++;
}

static bool reap_one(cp__process *process, bool block) {
  cp__end end;
  return cp__process_wait(process, block, &end) != 0;
}

/* Waits for all of them, in the order of their ends; where there are no pidfds, in the order of their start. */
static void *reap(void *data) {
  orphan_set *orphans = data;
  for (int left = orphans->count; left > 0;) {
    for (int i = 0; i < orphans->count; i++) {
      cp__process *process = &orphans->copies[i];
      if (process->reaped || !reap_one(process, process->pidfd < 0)) continue;
      cp__close(process->pidfd);
      orphans->polls[i].fd = -1;
      left--;
    }
    if (left > 0) (void)poll(orphans->polls, (nfds_t)orphans->count, -1);
  }
  free_orphans(orphans);
  return NULL;
}

static int copy_all(orphan_set *orphans) {
  for (int i = 0; i < orphans->count; i++) {
    cp__process *copy = &orphans->copies[i];
    *copy = (cp__process){.pid = orphans->processes[i]->pid, .pidfd = -1};
    if (orphans->processes[i]->pidfd >= 0) copy->pidfd = fcntl(orphans->processes[i]->pidfd, F_DUPFD_CLOEXEC, 0);
    if (orphans->processes[i]->pidfd >= 0 && copy->pidfd < 0) return CP__ERRNO(errno);
    orphans->polls[i] = (struct pollfd){.fd = copy->pidfd, .events = POLLIN};
  }
  return 0;
}

static int collect(orphan_set *orphans, uv_loop_t *loop) {
  uv_walk(loop, count_one, orphans);
  if (orphans->count == 0) return 0;
  orphans->capacity = orphans->count;
  orphans->count = 0;
  size_t n = (size_t)orphans->capacity;
  orphans->processes = calloc(n, sizeof(cp__process *));
  orphans->polls = calloc(n, sizeof *orphans->polls);
  orphans->copies = calloc(n, sizeof *orphans->copies);
  for (size_t i = 0; orphans->copies != NULL && i < n; i++) orphans->copies[i].pidfd = -1;
  if (orphans->processes == NULL || orphans->polls == NULL || orphans->copies == NULL) return UV_ENOMEM;
  uv_walk(loop, count_one, orphans);
  return copy_all(orphans);
}

static int start_reaper(orphan_set *orphans) {
  pthread_t thread;
  pthread_attr_t attributes;
  sigset_t all, mask; /* no signal of the program is handled on this thread */
  sigfillset(&all);
  (void)pthread_sigmask(SIG_SETMASK, &all, &mask);
  (void)pthread_attr_init(&attributes);
  (void)pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  int rc = pthread_create(&thread, &attributes, reap, orphans);
  (void)pthread_attr_destroy(&attributes);
  (void)pthread_sigmask(SIG_SETMASK, &mask, NULL);
  return CP__ERRNO(rc);
}

int cp_loop_release(uv_loop_t *loop) {
  if (loop == NULL) return UV_EINVAL;
  orphan_set *orphans = calloc(1, sizeof *orphans);
  if (orphans == NULL) return UV_ENOMEM;
  int rc = collect(orphans, loop), count = orphans->count;
  cp__process **processes = orphans->processes;
  orphans->processes = NULL;
  if (rc == 0 && count > 0) {
    rc = start_reaper(orphans);
    if (rc == 0) orphans = NULL; /* the thread's now */
  }
  for (int i = 0; rc == 0 && i < count; i++) cp__child_let_go(cp__child_of_abandoned(processes[i]));
  free(processes);
  if (orphans != NULL) {
    for (int i = 0; orphans->copies != NULL && i < count; i++) cp__close(orphans->copies[i].pidfd);
    free_orphans(orphans);
  }
  return rc;
}
