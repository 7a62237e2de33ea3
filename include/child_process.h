/*
 * child_process.h - Node.js's child_process for C.
 *
 * The whole public API. Read it from top to bottom: the verbs that start a process, the options that they share,
 * what a running child can be asked, its streams, and the small helpers.
 *
 * Conventions, which hold for every function unless its comment says otherwise:
 *
 * - A function that can fail returns 0 or a negative code: libuv's UV_E* or one of ours, CP_E*. cp_strerror() gives
 *   the sentence, cp_err_name() the name. Outputs are written only on success; a failure leaves nothing to free.
 * - `const T *` is borrowed for the call and copied if it is needed longer. `T **out` is yours. A returned pointer is
 *   borrowed from the object that was asked. `_free` ends an object, `_dispose` empties a struct of yours. Both accept
 * NULL.
 * - An object belongs to the thread that runs its loop: call its functions only there, and never in a copy of the
 *   process that fork(2) made. Different loops on different
 *   threads are independent. The `_sync` functions may be called on any thread.
 * - Callbacks run on the loop's thread, from uv_run(), never inside the call that set them and never after on_close.
 *   Every function may be called in every callback, cp_child_free() on the child at hand included.
 * - Strings are NUL-terminated bytes. File names, arguments and environment entries may hold any byte but NUL.
 * - The library keeps no global state but what it has found out about the kernel, installs no signal handler (but libuv's
 *   for SIGCHLD where there are no pidfds), never calls wait() for processes that it did not
 *   start, and never prints (but see cp_exec_sync() on stderr). SIGPIPE is never raised by its writes.
 * - Functions on streams take NULL for a closed stream (UV_EBADF, or nothing happens), since a child that did not start
 *   has none. cp_child_free() and cp_child_kill() take NULL, the other functions on children do not.
 */
#ifndef CHILD_PROCESS_H
#define CHILD_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <uv.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(CP_BUILDING) && defined(__GNUC__)
#define CP_API __attribute__((visibility("default")))
#else
#define CP_API
#endif

#define CP_VERSION_MAJOR 0
#define CP_VERSION_MINOR 1
#define CP_VERSION_PATCH 0
#define CP_VERSION_STRING "0.1.0"

/** The version of the library that is linked, "MAJOR.MINOR.PATCH"; static. CP_VERSION_STRING is the header's. */
CP_API const char *cp_version(void);

typedef struct cp_child cp_child;     /* one started process; see "A child" */
typedef struct cp_stream cp_stream;   /* the parent's end of one stdio entry; see "Streams" */
typedef struct cp_abort cp_abort;     /* an abort controller; see "Aborting" */
typedef struct cp_message cp_message; /* one IPC message; not produced before fork and IPC exist (0.2) */

/* ------------------------------------------------------------------------------------------------ Errors */

/*
 * Our own codes, beside libuv's UV_E*. One list feeds the enum, the names and the sentences.
 *
 * CP_EFAILED      the command ran and ended with a non-zero status or by a signal (exec forms only)
 * CP_ETIMEDOUT    options.timeout_ms passed; the child got options.kill_signal
 * CP_EABORTED     options.signal was triggered
 * CP_EMAXBUFFER   a stream wrote more than options.max_buffer_bytes
 * CP_ESTATUSLOST  the process ended, but somebody else in this program reaped it and took its status
 * CP_EENDED       the stream was ended or closed before this write
 */
#define CP_ERRORS(X)                                                                                                   \
  X(CP_EFAILED, -20001, "the command failed")                                                                          \
  X(CP_ETIMEDOUT, -20002, "the process ran longer than its timeout")                                                   \
  X(CP_EABORTED, -20003, "the operation was aborted")                                                                  \
  X(CP_EMAXBUFFER, -20004, "the output is longer than maxBuffer")                                                      \
  X(CP_ESTATUSLOST, -20005, "the exit status was taken by another wait in this program")                               \
  X(CP_EENDED, -20006, "write after end")

enum cp_error_code {
#define CP__ENUM(name, value, text) name = value,
  CP_ERRORS(CP__ENUM)
#undef CP__ENUM
};

/**
 * A sentence for a code of this library or of libuv, without a final stop.
 * @param code  any int; 0 is "success", an unknown code is said to be unknown.
 * @return static text, never NULL.
 */
CP_API const char *cp_strerror(int code);

/** The name of a code, "ENOENT" or "CP_ETIMEDOUT"; "OK" for 0, "UNKNOWN" for an unknown code. Static, never NULL. */
CP_API const char *cp_err_name(int code);

/* The step that failed. The names are the system call's where the step is one. */
#define CP_STAGES(X)                                                                                                   \
  X(CP_STAGE_NONE, "")           /* no error */                                                                        \
  X(CP_STAGE_OPTIONS, "options") /* an argument or option is unusable; nothing was tried */                            \
  X(CP_STAGE_MEMORY, "malloc")                                                                                         \
  X(CP_STAGE_PIPE, "pipe")         /* making the pipe or socket pair of an entry */                                    \
  X(CP_STAGE_OPEN, "open")         /* opening /dev/null or the file of an entry */                                     \
  X(CP_STAGE_CLONE, "clone")       /* the kernel made no process: limits, memory */                                    \
  X(CP_STAGE_SIGNALS, "sigaction") /* resetting signals in the child */                                                \
  X(CP_STAGE_SESSION, "setsid")                                                                                        \
  X(CP_STAGE_GROUP, "setpgid")                                                                                         \
  X(CP_STAGE_DUP, "dup2") /* putting an entry on its fd in the child; cp_error.index is the fd */                      \
  X(CP_STAGE_CHDIR, "chdir")                                                                                           \
  X(CP_STAGE_SETGROUPS, "setgroups")                                                                                   \
  X(CP_STAGE_SETGID, "setgid")                                                                                         \
  X(CP_STAGE_SETUID, "setuid")                                                                                         \
  X(CP_STAGE_DEATHSIG, "prctl") /* die_with_parent */                                                                  \
  X(CP_STAGE_EXEC, "execve")                                                                                           \
  X(CP_STAGE_WATCH, "watch") /* watching the process or a stream in the loop */                                        \
  X(CP_STAGE_KILL, "kill")                                                                                             \
  X(CP_STAGE_READ, "read")                                                                                             \
  X(CP_STAGE_WRITE, "write")                                                                                           \
  X(CP_STAGE_WAIT, "wait")                                                                                             \
  X(CP_STAGE_RUN, "run") /* the process ran: timeout, abort, max_buffer, failure */

typedef enum cp_stage {
#define CP__ENUM(name, text) name,
  CP_STAGES(CP__ENUM)
#undef CP__ENUM
      CP_STAGE_COUNT
} cp_stage;

/** The name of a stage, "chdir" for CP_STAGE_CHDIR; "" for CP_STAGE_NONE and values out of range. Static, never NULL.
 */
CP_API const char *cp_stage_name(cp_stage stage);

/* What went wrong, at which step, about which path, and a sentence that a person can act on. Plain data: copy it
 * freely. */
typedef struct cp_error {
  int code;          /* UV_E* or CP_E*; 0: no error */
  cp_stage stage;    /* the step that failed */
  int index;         /* the fd of the stdio entry, or the number of the argument, that it is about; -1: none */
  char path[256];    /* the file, directory or command that it is about, cut to fit; "" if none */
  char message[512]; /* one line, no final newline: "chdir /no/such: no such file or directory (options.cwd)" */
} cp_error;

/* ------------------------------------------------------------------------------------------------ Stdio */

typedef enum cp_stdio_kind {
  CP_STDIO_DEFAULT = 0, /* a pipe for fd 0, 1 and 2; ignore for the others */
  CP_STDIO_PIPE,        /* fd 0-2: a pipe(2) to or from the parent; fd 3 and up: a socket pair, both ways */
  CP_STDIO_OVERLAPPED,  /* a socket pair, both ways, at any fd (on Windows: overlapped I/O) */
  CP_STDIO_IPC,         /* an IPC channel; UV_ENOTSUP before 0.2 */
  CP_STDIO_IGNORE,      /* fd 0-2: /dev/null; fd 3 and up: closed */
  CP_STDIO_INHERIT,     /* the parent's fd of the same number */
  CP_STDIO_FD,          /* the parent's fd `fd` */
  CP_STDIO_STREAM,      /* the fd of a libuv stream */
  CP_STDIO_SAME_AS,     /* whatever the child's fd `fd` is: 2>&1 is CP_SAME_AS(1) at entry 2 */
  CP_STDIO_READ_FILE,   /* `path`, opened for reading by the parent */
  CP_STDIO_WRITE_FILE,  /* `path`, created (0666 less umask) or cut to nothing, opened for writing by the parent */
  CP_STDIO_APPEND_FILE  /* `path`, created or kept, opened for appending by the parent */
} cp_stdio_kind;

/* One entry: what the child finds at the fd that is the entry's index. Build it with the macros below. */
typedef struct cp_stdio {
  cp_stdio_kind kind;
  int fd;              /* for FD and SAME_AS */
  uv_stream_t *stream; /* for STREAM */
  const char *path;    /* for the FILE kinds; relative to the parent's working directory */
} cp_stdio;

typedef struct cp_stdio_list {
  const cp_stdio *entries; /* NULL: the default, three pipes */
  size_t count;            /* at most CP_STDIO_MAX */
} cp_stdio_list;

#define CP_STDIO_MAX 1024

#if defined(__cplusplus)
#define CP__ENTRY(k, f, s, p) (cp_stdio{(k), (f), (s), (p)})
#else
#define CP__ENTRY(k, f, s, p) ((cp_stdio){(k), (f), (s), (p)})
#endif
#define CP_DEFAULT CP__ENTRY(CP_STDIO_DEFAULT, -1, NULL, NULL)
#define CP_PIPE CP__ENTRY(CP_STDIO_PIPE, -1, NULL, NULL)
#define CP_OVERLAPPED CP__ENTRY(CP_STDIO_OVERLAPPED, -1, NULL, NULL)
#define CP_IPC CP__ENTRY(CP_STDIO_IPC, -1, NULL, NULL)
#define CP_IGNORE CP__ENTRY(CP_STDIO_IGNORE, -1, NULL, NULL)
#define CP_INHERIT CP__ENTRY(CP_STDIO_INHERIT, -1, NULL, NULL)
#define CP_FD(n) CP__ENTRY(CP_STDIO_FD, (n), NULL, NULL)
#define CP_STREAM(s) CP__ENTRY(CP_STDIO_STREAM, -1, (uv_stream_t *)(s), NULL)
#define CP_SAME_AS(n) CP__ENTRY(CP_STDIO_SAME_AS, (n), NULL, NULL)
#define CP_READ_FILE(p) CP__ENTRY(CP_STDIO_READ_FILE, -1, NULL, (p))
#define CP_WRITE_FILE(p) CP__ENTRY(CP_STDIO_WRITE_FILE, -1, NULL, (p))
#define CP_APPEND_FILE(p) CP__ENTRY(CP_STDIO_APPEND_FILE, -1, NULL, (p))

/*
 * C only: a list for options.stdio, and a NULL-terminated argument list (no arguments: NULL). They live as long as the
 * innermost {} around them: never assign one inside an if to options outside it. In C++ write
 *   const char *const args[] = {"-l", nullptr};
 *   const cp_stdio stdio[] = {CP_PIPE, CP_PIPE, CP_INHERIT};
 *   cp_options options{};
 *   options.stdio = {stdio, 3};
 */
#if !defined(__cplusplus)
#define CP_STDIO(...)                                                                                                  \
  ((cp_stdio_list){(const cp_stdio[]){__VA_ARGS__}, sizeof((const cp_stdio[]){__VA_ARGS__}) / sizeof(cp_stdio)})
#define CP_ARGS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* The reference's strings, for all of fd 0, 1 and 2. */
#define CP_ALL_PIPE CP_STDIO(CP_PIPE, CP_PIPE, CP_PIPE)
#define CP_ALL_OVERLAPPED CP_STDIO(CP_OVERLAPPED, CP_OVERLAPPED, CP_OVERLAPPED)
#define CP_ALL_IGNORE CP_STDIO(CP_IGNORE, CP_IGNORE, CP_IGNORE)
#define CP_ALL_INHERIT CP_STDIO(CP_INHERIT, CP_INHERIT, CP_INHERIT)
#endif

/* ------------------------------------------------------------------------------------------------ Exit and result */

/* Why a process ended, as far as this library had a hand in it. */
typedef enum cp_reason {
  CP_REASON_NONE = 0,   /* it has not ended */
  CP_REASON_EXITED,     /* it exited by itself; `code` says how */
  CP_REASON_SIGNALLED,  /* a signal ended it, sent by cp_child_kill() or by somebody else */
  CP_REASON_TIMEOUT,    /* options.timeout_ms passed */
  CP_REASON_ABORTED,    /* options.signal was triggered */
  CP_REASON_MAX_BUFFER, /* a stream passed options.max_buffer_bytes */
  CP_REASON_ERROR,      /* it never started; `code` is the negative error code */
  CP_REASON_LOST        /* it ended, but its status was taken by another wait in this program */
} cp_reason;

/** "exited", "timeout", ... ; "running" for CP_REASON_NONE. Static, never NULL. */
CP_API const char *cp_reason_name(cp_reason reason);

/* Resource usage of the child and of those of its descendants that it waited for, as getrusage(2) counts. */
typedef struct cp_usage {
  uint64_t user_us;     /* CPU time in user mode, microseconds */
  uint64_t system_us;   /* CPU time in the kernel, microseconds */
  uint64_t max_rss_kib; /* largest resident set, KiB */
  uint64_t minor_faults, major_faults;
  uint64_t blocks_in, blocks_out;                    /* file system I/O, in 512-byte blocks */
  uint64_t voluntary_switches, involuntary_switches; /* context switches */
} cp_usage;

/* How a process ended. After TIMEOUT, ABORTED and MAX_BUFFER code and signal are what the child made of the signal. */
typedef struct cp_exit {
  int code;   /* 0-255: the exit status; -1: a signal ended it; a negative error code: it never started */
  int signal; /* the signal that ended it; 0: none. Exactly one of the two tells the end */
  cp_reason reason;
  bool core_dumped;
  bool stdio_timed_out; /* its pipes were not waited for to the end: output of a descendant may be missing */
  uint64_t duration_us; /* from start to the end's being noticed, microseconds, monotonic clock */
  cp_usage usage;       /* all zero where the platform's launcher cannot tell (uv_spawn) or the status was lost */
} cp_exit;

/* Captured output. Where there is any, a NUL follows that `length` leaves out. */
typedef struct cp_bytes {
  char *bytes; /* NULL in cp_result.output: this entry was not captured */
  size_t length;
  uint64_t dropped; /* bytes that max_buffer_bytes kept out (as far as they were read) */
} cp_bytes;

/* What exec and the sync forms give back. */
typedef struct cp_result {
  int pid; /* 0: it did not start */
  cp_exit exit;
  cp_bytes out;     /* stdout: the same as output[1], or "" if that was not captured: bytes is never NULL */
  cp_bytes err;     /* stderr: likewise, of output[2] */
  cp_bytes *output; /* one per stdio entry; not captured entries have bytes NULL */
  size_t output_count;
  bool input_unread; /* the child closed its stdin before it had read all of options.input */
  cp_error error;    /* code 0: all went well */
} cp_result;

/**
 * Frees what a result holds and zeroes it. For the results of the sync forms, whatever they returned. One seen in
 * on_result belongs to the library.
 */
CP_API void cp_result_dispose(cp_result *result);

/* ------------------------------------------------------------------------------------------------ Options */

/* A user or group id that may be absent: .uid = CP_ID(1000). */
typedef struct cp_id {
  bool given;
  int64_t id;
} cp_id;
#if defined(__cplusplus)
#define CP_ID(n) (cp_id{true, (n)})
#else
#define CP_ID(n) ((cp_id){true, (n)})
#endif

typedef enum cp_encoding {
  CP_ENCODING_BYTES = 0, /* output as it comes */
  CP_ENCODING_UTF8       /* whole characters only: a split one is held back, bad bytes become U+FFFD */
} cp_encoding;

/* What happens to a stream that passes max_buffer_bytes. */
typedef enum cp_overflow {
  CP_OVERFLOW_KILL = 0, /* keep the first max_buffer_bytes, send kill_signal, close the streams; CP_EMAXBUFFER */
  CP_OVERFLOW_TRUNCATE, /* keep the first max_buffer_bytes, read and drop the rest, no error */
  CP_OVERFLOW_KEEP_TAIL /* keep the last max_buffer_bytes, no error */
} cp_overflow;

/*
 * Limits count bytes, not characters: "\u4e2d\u6587" has 2 characters and 6 bytes of UTF-8. With CP_ENCODING_UTF8 a
 * character that the limit cuts in two is left out; replacing bad bytes may make the text longer than the limit.
 */

#if !defined(__cplusplus)
#define CP_INPUT(text) .input = (text), .input_length = strlen(text) /* in an initializer of cp_options */
#endif
#define CP_SHELL "/bin/sh"                  /* options.shell = CP_SHELL is the reference's `shell: true` */
#define CP_BUFFER_DEFAULT ((size_t)1048576) /* the default max_buffer_bytes of exec and the sync forms: 1 MiB */
#define CP_BUFFER_UNLIMITED (SIZE_MAX)      /* no limit */
#define CP_BUFFER_NONE (SIZE_MAX - 1)       /* no output at all is allowed: the reference's `maxBuffer: 0` */

/*
 * Options of every verb. Zero is the reference's default throughout: name only what you change. Where a verb has no use
 * for an option, it is ignored and its comment says so.
 */
typedef struct cp_options {
  /* Where, with what, as whom. */
  const char *cwd;                /* working directory of the child; NULL: the parent's */
  const char *const *env;         /* its whole environment, "NAME=value", NULL-terminated; NULL: the parent's */
  const char *const *env_overlay; /* changes on top: "NAME=value" sets, "NAME" alone unsets; NULL-terminated or NULL */
  const char *argv0;              /* argv[0] of the child; NULL: the file as given */
  cp_stdio_list stdio;            /* what it finds at fd 0, 1, 2, ...; default: three pipes */
  cp_id uid, gid;                 /* setuid(2), setgid(2); supplementary groups are dropped if either is given ... */
  const cp_id *groups;            /* ... or set to these; NULL with group_count 0: see above */
  size_t group_count;
  bool detached;      /* leader of a new session and process group: setsid(2). Our own signals still reach it alone,
                          unless process_group is set too */
  bool process_group; /* leader of a new process group: setpgid(2). Timeout, abort, max_buffer and grace then signal the
                          whole group; with grace_ms nobody of it outlives a leader that was stopped so. To kill a whole
                          tree: process_group and grace_ms; see also cp_child_kill_group() */
  int die_with_parent; /* the signal, for instance SIGKILL, that the child gets when the thread that started it ends;
                          0: none. The kernel ties it to that *thread*, and forgets it in a set-user-id program */
  bool keep_fds;       /* leave inherited fds without close-on-exec open; default: all but stdio are closed */
  bool keep_signals;   /* keep the parent's signal mask and ignored signals; default: a clean slate (of signals 1-31) */
  /* process_group, groups, die_with_parent and keep_signals need the Linux launcher: else on_error says UV_ENOTSUP. */

  /* Through a shell. */
  const char *shell;     /* NULL: none; CP_SHELL; or the shell to use, which must know -c. exec: NULL is CP_SHELL */
  bool shell_positional; /* with shell and args: `SHELL -c FILE SHELL ARGS...`, so that FILE says "$1", "$2".
                            Default: the arguments are quoted and appended to FILE. Never pasted as they are */

  /* How long, how much. */
  uint64_t timeout_ms; /* milliseconds until kill_signal is sent; 0: never. exec: after the exit it bounds the wait
                                for pipes that a descendant holds (exit.stdio_timed_out); sync: that is CP_ETIMEDOUT;
                                cp_spawn: it does not, see drain_timeout_ms */
  int kill_signal;     /* for timeout, abort and max_buffer; 0: SIGTERM */
  uint64_t grace_ms;   /* milliseconds after kill_signal until SIGKILL; 0: never. Not after cp_child_kill(): to stop
                                a child this way by hand, use an abort controller */
  uint64_t drain_timeout_ms; /* milliseconds after the exit to wait for pipes that others keep open; 0: for ever */
  size_t max_buffer_bytes;   /* limit of each stream. 0: 1 MiB for exec and sync, none for spawn; or CP_BUFFER_* */
  cp_overflow overflow;      /* what happens beyond it. spawn: only KILL has a meaning */
  cp_abort *signal;          /* an abort controller; it may serve any number of children. Ignored by the sync forms */
  const void *input;    /* written to stdin, which is then ended; overrides stdio[0]. NULL: nothing is written. Without
                           it the sync forms end stdin at once; the others leave it to you: cp_stream_end() */
  size_t input_length;  /* bytes. CP_INPUT("text") sets both */
  cp_encoding encoding; /* of on_stdout, on_stderr and captured output */
  int pipe_size_bytes;  /* capacity of the pipes (Linux F_SETPIPE_SZ), advice only; 0: the system's default */

  /* Windows only: accepted, no effect here. */
  bool windows_hide;
  bool windows_verbatim_arguments;

  /*
   * Events, in this order: on_spawn or on_error first; then data; on_exit; on_close last and once, after the exit and
   * after every readable stdio end is at its end. Output that the child wrote itself before it exited comes before
   * on_exit, unless the stream is paused. The sync forms ignore all of them.
   *
   * With _GNU_SOURCE, <stdlib.h> has an on_exit() of its own: call your function something else.
   */
  void (*on_spawn)(cp_child *child, void *data);
  /* It could not be started (then on_close follows, and no on_exit), was aborted, could not be signalled, or a stream
     could not be read. A timeout and a limit are no errors here: cp_exit.reason tells them. */
  void (*on_error)(cp_child *child, const cp_error *error, void *data);
  /* Bytes of stdout or stderr, at least one; valid during the call. Without a callback nobody reads: the child blocks
     when the pipe is full, and what is left when it has ended is dropped, so that on_close comes all the same. */
  void (*on_stdout)(cp_child *child, const char *bytes, size_t length, void *data);
  void (*on_stderr)(cp_child *child, const char *bytes, size_t length, void *data);
  void (*on_exit)(cp_child *child, const cp_exit *exit, void *data);
  void (*on_close)(cp_child *child, const cp_exit *exit, void *data);
  /* exec forms only: the end of it all, after on_close. `error` is NULL on success; `result` is valid during it. */
  void (*on_result)(cp_child *child, const cp_error *error, const cp_result *result, void *data);
  void (*on_message)(cp_child *child, const cp_message *message, void *data); /* from 0.2 on */
  void (*on_disconnect)(cp_child *child, void *data);                         /* from 0.2 on */
  void *data;                                                                 /* handed to every callback */

  cp_error *error; /* filled when the call itself returns a negative code, else untouched; NULL: no more is said */
} cp_options;

/* ------------------------------------------------------------------------------------------------ Starting */

/**
 * Starts `file` and returns at once; what happens to it is told by the callbacks in `options`. The new process has all
 * that it needs then: its arguments, environment, fds. But it may still be on its way to execve(2): until on_spawn, or
 * until cp_child_pid() has been asked, the file that it is to run must stay, and it holds copies of all fds of yours.
 *
 * @param out      takes the child, yours until cp_child_free(). NULL: it frees itself after its last callback.
 * @param loop     the loop that tells the events.
 * @param file     a program. With a slash: that file. Without: searched in the PATH of the child's environment
 *                 (options.env, else the parent's; without any PATH: /bin:/usr/bin), as execvp(3) does, relative to
 *                 cwd. With options.shell: the script.
 * @param args     the arguments after argv[0], NULL-terminated; NULL: none.
 * @param options  NULL: all defaults.
 * @return 0: a child exists and events will come, on_spawn or on_error first. What the kernel refuses (a missing program
 *            or directory, no permission, no more processes or fds) is an event, not a return value.
 *         UV_EINVAL: an argument or option makes no sense; options.error names it.
 *         UV_EBADF: an fd in options.stdio is not open.
 *         UV_ENOTSUP: CP_STDIO_IPC, before 0.2.
 *         UV_ENOMEM: out of memory.
 */
CP_API int cp_spawn(cp_child **out, uv_loop_t *loop, const char *file, const char *const *args,
                    const cp_options *options);

/**
 * Runs `command` in a shell (options.shell, default /bin/sh) and gathers its output for options.on_result.
 * The command is processed by the shell: never build it from input that you do not control; use cp_exec_file(), or
 * options.shell_positional with cp_exec_file(), or cp_shell_quote().
 *
 * on_result's error is NULL when the command exited with 0. Otherwise its code is: CP_EFAILED (see result->exit),
 * CP_ETIMEDOUT, CP_EABORTED, CP_EMAXBUFFER, or what kept it from starting.
 *
 * @param out, loop, options  as for cp_spawn(). stdio entries 1 and 2 are captured if they are pipes.
 * @param command             the script; not empty.
 * @return as cp_spawn().
 */
CP_API int cp_exec(cp_child **out, uv_loop_t *loop, const char *command, const cp_options *options);

/** As cp_exec(), but starts `file` with `args` directly, without a shell unless options.shell asks for one. */
CP_API int cp_exec_file(cp_child **out, uv_loop_t *loop, const char *file, const char *const *args,
                        const cp_options *options);

/**
 * Starts `file`, waits until it has ended and all its output is read, and reports. Blocks the calling thread.
 * Every entry that is a pipe is captured in result->output, up to options.max_buffer_bytes each.
 *
 * @param result  always filled, on failure too; yours: cp_result_dispose().
 * @param file, args, options  as for cp_spawn(). Callbacks and options.signal are ignored.
 * @return 0: it ran; result->exit tells how it ended. Otherwise the code that is also in result->error:
 *         - what cp_spawn() returns or tells by on_error;
 *         - CP_ETIMEDOUT, CP_EMAXBUFFER: with the output so far and the real exit. After kill_signal it waits until the
 *           child has ended: one that ignores the signal blocks the call, unless options.grace_ms is set.
 *         - CP_ESTATUSLOST: it ended, but nobody knows how.
 */
CP_API int cp_spawn_sync(cp_result *result, const char *file, const char *const *args, const cp_options *options);

/**
 * As cp_spawn_sync(), through a shell. A non-zero status or a signal is an error too: CP_EFAILED.
 * Unless options.stdio is given, the captured stderr is also written to the parent's stderr, as the reference says.
 */
CP_API int cp_exec_sync(cp_result *result, const char *command, const cp_options *options);

/** As cp_exec_sync(), without a shell unless options.shell asks for one. */
CP_API int cp_exec_file_sync(cp_result *result, const char *file, const char *const *args, const cp_options *options);

/* ------------------------------------------------------------------------------------------------ A child */

/**
 * Gives the child up. Legal at any time: a process that still runs goes on, no callback comes any more, its stdio ends
 * are closed, and it is reaped in the background while the loop runs (without keeping the loop alive). Such a process
 * stands in the way of uv_loop_close(): see cp_loop_release(). NULL is ignored.
 */
CP_API void cp_child_free(cp_child *child);

/**
 * Before uv_loop_close(): lets go of children that were freed while they ran, so that the loop can be closed. A helper
 * thread reaps them; they never become zombies. Run the loop once more (uv_run) before uv_loop_close().
 * @return 0; UV_EINVAL for NULL; UV_ENOMEM, UV_EMFILE, or what kept the thread from starting (UV_EAGAIN, UV_EPERM in a
 *         sandbox): nothing is let go then.
 */
CP_API int cp_loop_release(uv_loop_t *loop);

/**
 * The process id; 0 if it could not be started. Stays the same after the end. Before on_spawn or on_error this waits until
 * the kernel has started the program or refused: microseconds as a rule, 50 ms at the most.
 */
CP_API int cp_child_pid(cp_child *child);

/** The pidfd, borrowed, for poll(2) and the like; -1: not started, ended, or unsupported. Waits as cp_child_pid(). */
CP_API int cp_child_pidfd(cp_child *child);

/** How it ended; NULL while it runs. Borrowed. */
CP_API const cp_exit *cp_child_exit(const cp_child *child);

/** The exit status; -1 while it runs or if a signal ended it; a negative error code if it never started. */
CP_API int cp_child_exit_code(const cp_child *child);

/** The signal that ended it; 0 if none did (yet). */
CP_API int cp_child_signal_code(const cp_child *child);

/** True after cp_child_kill() (or a timeout, an abort) has sent a signal. It does not say that it has ended. */
CP_API bool cp_child_killed(const cp_child *child);

/** The file that was started: for exec and options.shell the shell. Borrowed. */
CP_API const char *cp_child_spawn_file(const cp_child *child);

/** The full argument list, argv[0] included, NULL-terminated. Borrowed. */
CP_API const char *const *cp_child_spawn_args(const cp_child *child);

/** options.data. */
CP_API void *cp_child_data(const cp_child *child);

/** The loop that it was started on. */
CP_API uv_loop_t *cp_child_loop(const cp_child *child);

/**
 * Sends a signal through the pidfd: it reaches this process or nobody, never one that got its number later.
 * @param signum  1-64; 0: SIGTERM. To ask whether it still runs, use cp_child_exit().
 * @return 0: sent, cp_child_killed() is true from now on.
 *         UV_ESRCH   it has ended (or never started)
 *         UV_EPERM   the kernel forbids it (a set-user-id program)
 *         UV_EINVAL  no such signal
 */
CP_API int cp_child_kill(cp_child *child, int signum);

/**
 * Sends a signal to the child's whole process group. Only for a child with options.detached or process_group, which
 * leads a group of its own; its descendants are in it unless they moved out.
 * @return as cp_child_kill(); UV_EINVAL also if it leads no group. UV_ESRCH once the child itself has been reaped.
 */
CP_API int cp_child_kill_group(cp_child *child, int signum);

/** Lets the loop end while the child runs. Its streams count for themselves: cp_stream_unref(). Safe to repeat. */
CP_API void cp_child_unref(cp_child *child);

/** Takes cp_child_unref() back: the loop waits for the child again. */
CP_API void cp_child_ref(cp_child *child);

/**
 * The parent's end of stdio entry `fd`; NULL if that entry is not a pipe, or (from on_error on) if the child did not start.
 * Borrowed.
 */
CP_API cp_stream *cp_child_stream(const cp_child *child, int fd);
CP_API cp_stream *cp_child_stdin(const cp_child *child);  /* entry 0 */
CP_API cp_stream *cp_child_stdout(const cp_child *child); /* entry 1 */
CP_API cp_stream *cp_child_stderr(const cp_child *child); /* entry 2 */

/* ------------------------------------------------------------------------------------------------ Streams */

/**
 * What was read. `length` > 0: that many bytes, valid during the call. 0: the end, `bytes` is NULL; the last call.
 * Negative: an error code; the last call.
 */
typedef void (*cp_read_cb)(cp_stream *stream, const char *bytes, ssize_t length, void *data);

/** The write is through (`status` 0: the kernel has all of it) or failed: UV_EPIPE when nobody reads any more. */
typedef void (*cp_write_cb)(cp_stream *stream, int status, void *data);

/** The child whose stream it is, and the fd in the child that it leads to. */
CP_API cp_child *cp_stream_child(const cp_stream *stream);
CP_API int cp_stream_index(const cp_stream *stream);

/**
 * Reads: `cb` gets all that comes, then the end. It replaces on_stdout or on_stderr, or an earlier callback.
 * @return 0, UV_EBADF if the stream is closed, at its end, taken, or cannot be read, UV_EBUSY while it is forwarded.
 */
CP_API int cp_stream_read(cp_stream *stream, cp_read_cb cb, void *data);

/** Stops reading until cp_stream_resume(): the child blocks when the pipe is full. Its close waits. Safe to repeat. */
CP_API void cp_stream_pause(cp_stream *stream);
CP_API void cp_stream_resume(cp_stream *stream);

#define CP_WRITE_HIGH_WATER 65536 /* bytes; beyond it cp_stream_write() asks to wait */

/**
 * Writes to the child. The bytes are copied as far as the pipe does not take them at once.
 * @param cb  told when they are through or have failed; NULL: nobody is told.
 * @return 0: accepted.
 *         1: accepted, but more than CP_WRITE_HIGH_WATER bytes wait: go on after cp_stream_on_drain()'s callback.
 *         UV_EBADF   closed, taken, or not writable; NULL
 *         UV_EINVAL  bytes is NULL, length is not 0
 *         CP_EENDED  after cp_stream_end()
 *         UV_EPIPE   the child does not read any more
 *         UV_ENOMEM  out of memory; nothing of it was written
 */
CP_API int cp_stream_write(cp_stream *stream, const void *bytes, size_t length, cp_write_cb cb, void *data);

/** Calls `cb` (status 0) each time that the queue has become empty after a write that returned 1. NULL: no more. */
CP_API void cp_stream_on_drain(cp_stream *stream, cp_write_cb cb, void *data);

/** Bytes accepted by cp_stream_write() that the kernel has not taken yet. */
CP_API size_t cp_stream_queued(const cp_stream *stream);

/**
 * Ends the input: when all that was written is through, the child reads end-of-file. Safe to repeat.
 * @return 0, or UV_EBADF if the stream is closed, taken, or not writable.
 */
CP_API int cp_stream_end(cp_stream *stream);

/**
 * Forwards all that comes from `from` to `to`, then ends `to`, however it ended: the next in a pipeline does not wait for
 * ever. Moves pages inside the kernel (splice(2)) where both are pipes; waits when `to` is full. on_stdout and the like see
 * nothing of it. The streams may belong to different children on the same loop.
 * @param cb  told at the end, with `from`; may be NULL. `status`: 0; UV_EPIPE when the reader went away (`from` is closed
 *            then); UV_ECANCELED when `from` was closed before its end, or its child did not start; or what reading or
 *            writing ended with.
 * @return 0, UV_EBADF (either is closed, taken, ended or of the wrong direction), UV_EBUSY (`from` is forwarded already, or
 *         something to `to`), UV_ENOMEM.
 */
CP_API int cp_stream_forward(cp_stream *from, cp_stream *to, cp_write_cb cb, void *data);

/**
 * Forwards to an fd of yours: a file, a socket, a pipe. It is duplicated, so close yours when you like; it is not
 * ended. An fd that is not in non-blocking mode may hold up the loop, except for pipes and (Linux >= 6.5) sockets.
 * @return as cp_stream_forward(); UV_EBADF also if `fd` is not open; UV_EMFILE.
 */
CP_API int cp_stream_forward_fd(cp_stream *from, int fd, cp_write_cb cb, void *data);

/**
 * Takes the fd out of the stream: it is yours to use and close, in blocking mode and close-on-exec. The stream counts
 * as closed. Hand it to another child as CP_FD(fd) to join the two with no copy in between.
 * @return the fd, UV_EBADF if the stream is closed, UV_EBUSY if writes are queued or a forward is under way.
 */
CP_API int cp_stream_take_fd(cp_stream *stream);

/** The fd, borrowed; -1 if the stream is closed. */
CP_API int cp_stream_fd(const cp_stream *stream);

/** Closes the stream now: unread output and unsent writes are lost (their callbacks get UV_ECANCELED). Safe to repeat.
 */
CP_API void cp_stream_close(cp_stream *stream);

/** Whether the open stream keeps the loop alive (it does, by default). Safe to repeat. */
CP_API void cp_stream_unref(cp_stream *stream);
CP_API void cp_stream_ref(cp_stream *stream);

/* ------------------------------------------------------------------------------------------------ Aborting */

/** A new controller, for options.signal of any number of children on one thread. NULL: out of memory. cp_abort_free().
 */
CP_API cp_abort *cp_abort_new(void);

/**
 * Aborts: each child that listens gets its kill_signal and, if that could be sent, on_error with CP_EABORTED from the
 * loop. A child that is started with it later is started and killed at once, as in Node. Only the first call counts.
 */
CP_API void cp_abort_trigger(cp_abort *abort);

/** True after cp_abort_trigger(). */
CP_API bool cp_abort_triggered(const cp_abort *abort);

/** Gives the controller up; children that listen go on without one. NULL is ignored. */
CP_API void cp_abort_free(cp_abort *abort);

/* ------------------------------------------------------------------------------------------------ Helpers */

/** "SIGTERM" for 15, "SIGRTMIN+1" for 35; NULL for numbers that are no signal. Static; any thread. */
CP_API const char *cp_signal_name(int signum);

/** The number of a signal: "SIGTERM", "sigterm", "TERM" or "15"; UV_EINVAL if there is none of that name. */
CP_API int cp_signal_number(const char *name);

/**
 * Quotes a word for /bin/sh: the shell reads it back as exactly these bytes.
 * @return malloc()ed, cp_free() it; NULL: out of memory or `word` is NULL.
 */
CP_API char *cp_shell_quote(const char *word);

/**
 * True if the word means itself to any shell and is no option: not empty, only A-Z a-z 0-9 _ - . / and not beginning
 * with '-'. For programs that must refuse rather than quote.
 */
CP_API bool cp_shell_arg_is_safe(const char *word);

/**
 * Finds what cp_spawn() would start.
 * @param out   takes the path, malloc()ed: cp_free().
 * @param file  a name, or a path with a slash.
 * @param path  directories joined with ':'; NULL: the PATH of this process.
 * @return 0, UV_ENOENT, UV_EACCES (found, but not executable, or behind a directory that may not be searched),
 * UV_EINVAL (NULL or empty), UV_ENOMEM.
 */
CP_API int cp_which(char **out, const char *file, const char *path);

/** Frees what cp_shell_quote() or cp_which() returned. NULL is ignored. */
CP_API void cp_free(void *memory);

#ifdef __cplusplus
}
#endif

#endif
