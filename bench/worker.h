/*
 * worker.h - a program that measures on request, so that other runtimes take part in the rounds.
 *
 * It says "ready NAME VERSION SYNC ASYNC" once: who it is, and what its synchronous and its asynchronous call are
 * named. Then it answers each line that it reads with one number (0: it has no way to do this), and ends with its
 * input.
 */
#ifndef BENCH_WORKER_H
#define BENCH_WORKER_H

#include <stdbool.h>

typedef struct bench_worker bench_worker;

/**
 * Starts a worker and waits until it is ready.
 * @param args  of the program, NULL-terminated.
 * @return NULL, with a line on stderr, if it is not installed or does not become ready; worker_stop() it.
 */
bench_worker *worker_start(const char *program, const char *const *args);

/** The foreign runtimes that there may be. `program` is a path, or a name for PATH; script takes the file's ending. */
typedef struct bench_peer {
  const char *program, *extension;
} bench_peer;

#define BENCH_PEER_COUNT 4
extern const bench_peer bench_peers[BENCH_PEER_COUNT];

/** Starts the peer's script `DIRECTORY/NAME.EXTENSION` with up to two arguments, each NULL if there is none. */
bench_worker *worker_start_peer(const bench_peer *peer, const char *directory, const char *name, const char *first,
                                const char *second);

/** "node 20.20.2 spawnSync": whose figures these are. `sync` chooses the call. Written to `name`. */
void worker_name(const bench_worker *worker, bool sync, char *name, unsigned long size);

/** Sends one line (without its end) and waits for the number. @return it, or -1 if the worker failed or said something
 * else. */
double worker_ask(bench_worker *worker, const char *request);

/** Ends its input, waits for it, frees it. NULL is ignored. */
void worker_stop(bench_worker *worker);

#endif
