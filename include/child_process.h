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
 * - The library keeps no global state but what it has found out about the kernel, installs no signal handler (but
 * libuv's
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
#define CP_VERSION_MINOR 2
#define CP_VERSION_PATCH 0
#define CP_VERSION_STRING "0.2.0"

/** The version of the library that is linked, "MAJOR.MINOR.PATCH"; static. CP_VERSION_STRING is the header's. */
CP_API const char *cp_version(void);

typedef struct cp_child cp_child;     /* one started process; see "A child" */
typedef struct cp_stream cp_stream;   /* the parent's end of one stdio entry; see "Streams" */
typedef struct cp_abort cp_abort;     /* an abort controller; see "Aborting" */
typedef struct cp_channel cp_channel; /* one end of an IPC channel; see "The channel" */
typedef struct cp_message cp_message; /* one message that came over a channel; see "Messages" */

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
 * CP_ECHANNELCLOSED  the IPC channel is not connected (any more)
 * CP_ENOCHANNEL   this program was started without an IPC channel, or it was asked for before
 * CP_EMESSAGE     a message, or text to be one, is malformed
 * CP_ECLONE       a value that this serialization cannot carry
 * CP_ETOOBIG      a message is larger, or nested deeper, than the limits allow
 * CP_EREPLY       the peer, or a pool's worker, answered a request with an error
 * CP_EWORKER      the worker that had the task ended before it had answered
 * CP_EPOOL        the pool takes no tasks: it is closing, or its workers do not start
 */
#define CP_ERRORS(X)                                                                                                   \
  X(CP_EFAILED, -20001, "the command failed")                                                                          \
  X(CP_ETIMEDOUT, -20002, "the process ran longer than its timeout")                                                   \
  X(CP_EABORTED, -20003, "the operation was aborted")                                                                  \
  X(CP_EMAXBUFFER, -20004, "the output is longer than maxBuffer")                                                      \
  X(CP_ESTATUSLOST, -20005, "the exit status was taken by another wait in this program")                               \
  X(CP_EENDED, -20006, "write after end")                                                                              \
  X(CP_ECHANNELCLOSED, -20007, "the IPC channel is closed")                                                            \
  X(CP_ENOCHANNEL, -20008, "the program was started without an IPC channel")                                           \
  X(CP_EMESSAGE, -20009, "malformed message")                                                                          \
  X(CP_ECLONE, -20010, "the value cannot be serialized")                                                               \
  X(CP_ETOOBIG, -20011, "the message is beyond the limits")                                                            \
  X(CP_EREPLY, -20012, "the peer answered with an error")                                                              \
  X(CP_EWORKER, -20013, "the worker ended before it had answered")                                                     \
  X(CP_EPOOL, -20014, "the pool takes no tasks")

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
  X(CP_STAGE_UMASK, "umask")                                                                                           \
  X(CP_STAGE_NICE, "setpriority")                                                                                      \
  X(CP_STAGE_LIMIT, "setrlimit") /* cp_error.index is the entry of rlimits */                                          \
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
  X(CP_STAGE_RUN, "run")         /* the process ran: timeout, abort, max_buffer, failure */                            \
  X(CP_STAGE_ENCODE, "encode")   /* a value into a message */                                                          \
  X(CP_STAGE_DECODE, "decode")   /* a message into a value */                                                          \
  X(CP_STAGE_SEND, "send")       /* a message into the channel */                                                      \
  X(CP_STAGE_RECEIVE, "receive") /* from the channel */

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
  CP_STDIO_IPC,         /* an IPC channel: cp_child_channel(). At most one. Not for the sync forms */
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
 * on_result belongs to the library. To keep output[i].bytes of a sync form: set it to NULL first, and cp_free() it later.
 */
CP_API void cp_result_dispose(cp_result *result);

/* ------------------------------------------------------------------------------------------------ Message options */

typedef enum cp_serialization {
  CP_SERIALIZATION_JSON = 0, /* one line of JSON text a message; any language speaks it */
  CP_SERIALIZATION_ADVANCED  /* V8's structured clone: all that cp_value has; Node and this library speak it */
} cp_serialization;

/* How much a message may make this library do. Zero fields are the defaults. What is beyond is CP_ETOOBIG. */
typedef struct cp_limits {
  size_t max_bytes;   /* of one message, in bytes; 0: 2147483647, which is Node's own */
  size_t max_values;  /* values in one message, all counted, keys too; 0: 50,000,000 */
  unsigned max_depth; /* values inside of values; 0: 1000; at most CP_DEPTH_MAX */
} cp_limits;
#define CP_DEPTH_DEFAULT 1000
#define CP_DEPTH_MAX 10000 /* about 2 MiB of stack */

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

/* What the kernel lets a process use: setrlimit(2). It is set before the ids are changed, so a privileged parent may raise
   it; beyond the parent's hard limit needs a privilege. What the kernel refuses is on_error's, with CP_STAGE_LIMIT. */
typedef struct cp_rlimit {
  int resource;        /* RLIMIT_NOFILE, RLIMIT_AS, RLIMIT_CPU, ... of <sys/resource.h>; see cp_rlimit_number() */
  uint64_t soft, hard; /* in its unit: bytes, seconds, a number; CP_RLIMIT_INFINITY: none */
} cp_rlimit;

#define CP_RLIMIT_INFINITY UINT64_MAX

typedef enum cp_encoding {
  CP_ENCODING_BYTES = 0, /* output as it comes */
  CP_ENCODING_UTF8       /* whole characters only: a split one is held back, bad bytes become U+FFFD */
} cp_encoding;

/* What happens to a stream that passes max_buffer_bytes. */
typedef enum cp_overflow {
  CP_OVERFLOW_KILL = 0,  /* keep the first max_buffer_bytes, send kill_signal, close the streams; CP_EMAXBUFFER */
  CP_OVERFLOW_TRUNCATE,  /* keep the first max_buffer_bytes, read and drop the rest, no error */
  CP_OVERFLOW_KEEP_TAIL, /* keep the last max_buffer_bytes, no error */
  CP_OVERFLOW_KILL_TOTAL /* sync forms, as Node's: the limit is one of all streams together; beyond it kill_signal is
                            sent and the streams are closed, and all that was read is kept; CP_EMAXBUFFER */
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
  int nice;    /* added to its nice value, -39 to 39, as nice(1) does; below 0 needs a privilege; 0: the parent's */
  cp_id umask; /* its file mode creation mask, CP_ID(022); default: the parent's */
  const cp_rlimit *rlimits; /* what it may use; NULL with rlimit_count 0: as the parent */
  size_t rlimit_count;
  bool detached;      /* leader of a new session and process group: setsid(2). Our own signals still reach it alone,
                          unless process_group is set too */
  bool process_group; /* leader of a new process group: setpgid(2). Timeout, abort, max_buffer and grace then signal the
                          whole group; with grace_ms nobody of it outlives a leader that was stopped so. To kill a whole
                          tree: process_group and grace_ms; see also cp_child_kill_group() */
  int die_with_parent; /* the signal, for instance SIGKILL, that the child gets when the thread that started it ends;
                          0: none. The kernel ties it to that *thread*, and forgets it in a set-user-id program */
  bool keep_fds;       /* leave inherited fds without close-on-exec open; default: all but stdio are closed */
  bool keep_signals;   /* keep the parent's signal mask and ignored signals; default: a clean slate (of signals 1-31) */
  /* process_group, groups, nice, umask, rlimits, die_with_parent and keep_signals need the Linux launcher: else on_error
     says UV_ENOTSUP. */

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

  /* Messages: for cp_fork() and stdio entries CP_IPC. */
  cp_serialization serialization; /* how they are written; a Node child is told by its environment */
  cp_limits limits;               /* of a message that the child sends */
  bool peer_is_library;           /* the child is known to use this library: what only it can receive may be sent before
                                     it has said so itself: see cp_channel_peer_is_library() */
  bool raw_messages; /* you bring your own encoder: see cp_send_raw(). What comes is handed on as it is, valid or not,
                        unless limits.max_depth or max_values is given: then JSON is checked as it is for others.
                        cp_message_payload() has it, cp_message_value() may fail. The child is not told about this
                        library, whose own protocol is not used; what only its ends can send to each other is
                        UV_ENOTSUP */

  /* cp_fork() only. */
  const char *exec_path;        /* the program that runs the module; NULL: see cp_fork() */
  const char *const *exec_argv; /* its arguments before the module, NULL-terminated; NULL: none */
  bool silent;                  /* pipes for fd 0, 1 and 2, instead of the parent's */

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
  /* It could not be started (then on_close follows, and no on_exit), was aborted, could not be signalled, a stream
     could not be read, or its IPC channel brought malformed input (CP_STAGE_RECEIVE). A timeout and a limit are no
     errors here: cp_exit.reason tells them. */
  void (*on_error)(cp_child *child, const cp_error *error, void *data);
  /* Bytes of stdout or stderr, at least one; valid during the call. Without a callback nobody reads: the child blocks
     when the pipe is full, and what is left when it has ended is dropped, so that on_close comes all the same. */
  void (*on_stdout)(cp_child *child, const char *bytes, size_t length, void *data);
  void (*on_stderr)(cp_child *child, const char *bytes, size_t length, void *data);
  void (*on_exit)(cp_child *child, const cp_exit *exit, void *data);
  void (*on_close)(cp_child *child, const cp_exit *exit, void *data);
  /* exec forms only: the end of it all, after on_close. `error` is NULL on success; `result` is valid during it. */
  void (*on_result)(cp_child *child, const cp_error *error, const cp_result *result, void *data);
  /* A message over the IPC channel: after on_spawn; all that the child sent before it exited comes before on_exit. */
  void (*on_message)(cp_child *child, cp_message *message, void *data);
  void (*on_disconnect)(cp_child *child, void *data); /* the channel is closed, by either side; before on_close */
  void *data;                                         /* handed to every callback */

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
 * @return 0: a child exists and events will come, on_spawn or on_error first. What the kernel refuses (a missing
 * program
 *            or directory, no permission, no more processes or fds) is an event, not a return value.
 *         UV_EINVAL: an argument or option makes no sense; options.error names it.
 *         UV_EBADF: an fd in options.stdio is not open.
 *         UV_ENOMEM: out of memory.
 */
CP_API int cp_spawn(cp_child **out, uv_loop_t *loop, const char *file, const char *const *args,
                    const cp_options *options);

/**
 * Starts a worker with an IPC channel: a Node module, or any program that speaks the channel. It is cp_spawn() of
 * options.exec_path with options.exec_argv, the module, and args, with fd 0, 1 and 2 of the parent (options.silent:
 * pipes) and the channel at fd 3. NODE_CHANNEL_FD and NODE_CHANNEL_SERIALIZATION_MODE tell the worker about it.
 *
 * Without options.exec_path: a module that is an executable file itself, and not named .js, .mjs or .cjs, is run
 * directly; for any other it is `node`, found in the PATH of the child's environment.
 *
 * @param module   a path, relative to the working directory of the child; not searched in PATH.
 * @param args     arguments after the module, NULL-terminated; NULL: none.
 * @param options  as for cp_spawn(). options.stdio, if given, overrides silent; exactly one of its entries must be
 *                 CP_IPC. options.shell is ignored.
 * @return as cp_spawn(); UV_EINVAL also if options.stdio has no CP_IPC entry.
 */
CP_API int cp_fork(cp_child **out, uv_loop_t *loop, const char *module, const char *const *args,
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
 * The process id; 0 if it could not be started. Stays the same after the end. Before on_spawn or on_error this waits
 * until the kernel has started the program or refused: microseconds as a rule, 50 ms at the most.
 */
CP_API int cp_child_pid(cp_child *child);

/**
 * What on_spawn or on_error is going to tell, or has told. Waits as cp_child_pid().
 * @param error  takes what kept it from starting; untouched if nothing did; may be NULL.
 * @return 0: it was started; UV_EALREADY: after 50 ms it is still on its way; else the code of the error.
 */
CP_API int cp_child_started(cp_child *child, cp_error *error);

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

/**
 * Sends a signal to the child and to all its descendants, whatever groups and sessions they have moved to. They are
 * found by their parents in /proc and signalled through pidfds, so no stranger is ever hit. With SIGKILL and SIGSTOP all
 * are stopped first, until no new ones turn up: a tree that grows meanwhile is caught, too. That takes as long as /proc
 * does, milliseconds as a rule; at most 100 ms are waited for those that do not stop. Who has lost its parent before
 * (a daemon) is not found, unless it is in the child's group and the child leads one.
 * @return as cp_child_kill(): it tells of the child alone, or of its group. Once the child has ended nobody is found.
 *         UV_ENOTSUP: no /proc or no pidfds; nobody was signalled.
 *         UV_EMFILE, UV_ENFILE, UV_ENOMEM: no fd or memory to look for all of them; the child and those that were found
 *         were signalled.
 */
CP_API int cp_child_kill_tree(cp_child *child, int signum);

/** Lets the loop end while the child runs. Its streams count for themselves: cp_stream_unref(). Safe to repeat. */
CP_API void cp_child_unref(cp_child *child);

/** Takes cp_child_unref() back: the loop waits for the child again. */
CP_API void cp_child_ref(cp_child *child);

/**
 * The parent's end of stdio entry `fd`; NULL if that entry is not a pipe, or (from on_error on) if the child did not
 * start. Borrowed.
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
 * Forwards all that comes from `from` to `to`, then ends `to`, however it ended: the next in a pipeline does not wait
 * for ever. Moves pages inside the kernel (splice(2)) where both are pipes; waits when `to` is full. on_stdout and
 * the like see nothing of it. The streams may belong to different children on the same loop.
 * @param cb  told at the end, with `from`; may be NULL. `status`: 0; UV_EPIPE when the reader went away (`from` is
 * closed
 *            then); UV_ECANCELED when `from` was closed before its end, or its child did not start; or what reading or
 *            writing ended with.
 * @return 0, UV_EBADF (either is closed, taken, ended or of the wrong direction), UV_EBUSY (`from` is forwarded
 * already, or
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
 * as closed. Hand it to another child as CP_FD(fd) to join the two with no copy in between. If the same loop watches it,
 * what the child wrote before it ended can be read before on_exit comes.
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

/* ------------------------------------------------------------------------------------------------ Values */

/*
 * JavaScript values: what messages carry. A cp_value is small and passed by value, like an int. Primitives are whole in
 * it; strings, bigints and objects point into a heap, which owns all that was made in it and frees it at once: no value
 * is ever freed by itself, and cycles need no care. A value is valid as long as its heap. Values of one heap may be
 * put into objects of another only as copies: cp_value_copy().
 *
 *   cp_heap *heap = cp_heap_new(NULL);
 *   cp_value task = cp_object(heap);
 *   cp_value_set(task, "cmd", cp_string(heap, "sum"));
 *   cp_value_set(task, "data", cp_value_push(cp_array(heap), cp_number(1)));
 *   int rc = cp_send(channel, task, NULL);
 *   cp_heap_free(heap);
 *
 * Out of memory needs no check at each step: a builder that fails returns CP_TYPE_NONE, the heap remembers it, and
 * whatever sends or encodes a value of that heap refuses with UV_ENOMEM.
 *
 * Text is UTF-8. A JavaScript string may hold half a surrogate pair, which UTF-8 cannot: it is three bytes here as
 * any other character of its size (ED A0 80 for U+D800: "WTF-8"), and becomes half a pair again when it is sent.
 */
typedef enum cp_type {
  CP_TYPE_NONE = 0, /* no value: out of memory. Zeroed memory */
  CP_TYPE_UNDEFINED,
  CP_TYPE_NULL,
  CP_TYPE_BOOLEAN,
  CP_TYPE_NUMBER,
  CP_TYPE_BIGINT,
  CP_TYPE_STRING,
  CP_TYPE_HOLE,   /* an element that an array does not have: [1, , 3]. Reads as undefined elsewhere */
  CP_TYPE_OBJECT, /* from here on: things with an identity, which may be referred to twice or by themselves */
  CP_TYPE_ARRAY,
  CP_TYPE_MAP,
  CP_TYPE_SET,
  CP_TYPE_DATE,
  CP_TYPE_REGEXP,
  CP_TYPE_BOXED, /* new Boolean(), new Number(), new String(), Object(1n): cp_value_unbox() */
  CP_TYPE_ERROR,
  CP_TYPE_ARRAY_BUFFER,
  CP_TYPE_VIEW /* a typed array, a DataView or Node's Buffer: cp_value_view_kind() */
} cp_type;

typedef struct cp_heap cp_heap;

/* Read it with the functions below only: its fields may change. */
typedef struct cp_value {
  uint8_t type; /* cp_type */
  uint8_t flag; /* a boolean's value, a bigint's sign */
  uint32_t length;
  union {
    double number;
    const char *bytes; /* of a string or a bigint */
    struct cp__object *object;
  } as;
} cp_value;

/** An empty heap. @param limits copied; bounds what is decoded into it; NULL: the defaults. NULL: out of memory. */
CP_API cp_heap *cp_heap_new(const cp_limits *limits);

/** Frees the heap and every value in it. NULL is ignored. */
CP_API void cp_heap_free(cp_heap *heap);

/** Forgets every value in it, and keeps some memory for the next ones. */
CP_API void cp_heap_reset(cp_heap *heap);

/** True if a builder has failed since cp_heap_new() or cp_heap_reset(): for want of memory, or because it was asked for
 *  what JavaScript does not have. Also true for NULL, on which all builders fail. */
CP_API bool cp_heap_failed(const cp_heap *heap);

/* Primitives. */
CP_API cp_value cp_undefined(void);
CP_API cp_value cp_null(void);
CP_API cp_value cp_boolean(bool boolean);
CP_API cp_value cp_number(double number); /* JavaScript has no other numbers: integers are exact up to 2^53 */

/** A string. @param text  UTF-8, copied; bad bytes become U+FFFD. @param length  bytes; text may hold NULs. */
CP_API cp_value cp_string_n(cp_heap *heap, const char *text, size_t length);
CP_API cp_value cp_string(cp_heap *heap, const char *text); /* up to the NUL; NULL: cp_null() */

/**
 * A string that is not copied and needs no heap: a literal, or text that outlives every use of the value.
 * @param text  UTF-8; NULL, bad bytes, or more than 4 GiB: CP_TYPE_NONE.
 */
CP_API cp_value cp_text(const char *text);

/** A string from UTF-16 code units in the machine's byte order, lone surrogates and all. Copied. */
CP_API cp_value cp_string_utf16(cp_heap *heap, const uint16_t *units, size_t count);

/** An integer as a bigint. */
CP_API cp_value cp_bigint(cp_heap *heap, int64_t integer);
CP_API cp_value cp_bigint_u64(cp_heap *heap, uint64_t integer);

/** A bigint of any size. @param words  its magnitude, least significant first, copied. 0 words: 0n. */
CP_API cp_value cp_bigint_words(cp_heap *heap, bool negative, const uint64_t *words, size_t count);

/* Containers, empty. Fill them with cp_value_set(), cp_value_push(), cp_value_map_set(), cp_value_add(). */
CP_API cp_value cp_object(cp_heap *heap);
CP_API cp_value cp_array(cp_heap *heap);
CP_API cp_value cp_map(cp_heap *heap);
CP_API cp_value cp_set(cp_heap *heap);

/** An array with `length` and no elements: `new Array(length)`. It costs nothing however long it is. */
CP_API cp_value cp_array_sparse(cp_heap *heap, uint32_t length);

/** A Date. @param milliseconds  since 1970-01-01 UTC; NAN and what is beyond 8.64e15: an invalid date. */
CP_API cp_value cp_date(cp_heap *heap, double milliseconds);

/* The flags of a regular expression, /x/dgimsuvy. Values are those on the wire. */
enum {
  CP_REGEXP_G = 1,
  CP_REGEXP_I = 2,
  CP_REGEXP_M = 4,
  CP_REGEXP_Y = 8,
  CP_REGEXP_U = 16,
  CP_REGEXP_S = 32,
  CP_REGEXP_D = 128,
  CP_REGEXP_V = 256
};

/** A RegExp. @param source  between the slashes, as JavaScript wants it escaped; not compiled or checked here;
 *  NULL, "": "(?:)". @param flags  others than those above, or U with V: CP_TYPE_NONE, and the heap has failed. */
CP_API cp_value cp_regexp(cp_heap *heap, const char *source, unsigned flags);

/** An object around a primitive: `new String("a")`. @param primitive  boolean, number, bigint or string; others:
 *  CP_TYPE_NONE, and the heap has failed. */
CP_API cp_value cp_boxed(cp_heap *heap, cp_value primitive);

/* Kinds of errors: their constructors. */
typedef enum cp_error_kind {
  CP_ERROR_PLAIN = 0, /* Error, and classes of your own */
  CP_ERROR_EVAL,
  CP_ERROR_RANGE,
  CP_ERROR_REFERENCE,
  CP_ERROR_SYNTAX,
  CP_ERROR_TYPE,
  CP_ERROR_URI
} cp_error_kind;

/** An Error. @param message  NULL: none. @param stack  NULL: "Kind: message", as V8 begins it. */
CP_API cp_value cp_error_value(cp_heap *heap, cp_error_kind kind, const char *message, const char *stack);

/** An ArrayBuffer. @param bytes  copied; NULL: zeros. */
CP_API cp_value cp_array_buffer(cp_heap *heap, const void *bytes, size_t length);

/** A resizable ArrayBuffer. @param max_length  at least length. */
CP_API cp_value cp_array_buffer_resizable(cp_heap *heap, const void *bytes, size_t length, size_t max_length);

/* Kinds of views. Values are those on Node's wire. */
typedef enum cp_view_kind {
  CP_VIEW_INT8 = 0,
  CP_VIEW_UINT8,
  CP_VIEW_UINT8_CLAMPED,
  CP_VIEW_INT16,
  CP_VIEW_UINT16,
  CP_VIEW_INT32,
  CP_VIEW_UINT32,
  CP_VIEW_FLOAT32,
  CP_VIEW_FLOAT64,
  CP_VIEW_DATA,   /* a DataView */
  CP_VIEW_BUFFER, /* Node's Buffer */
  CP_VIEW_BIGINT64,
  CP_VIEW_BIGUINT64,
  CP_VIEW_FLOAT16 /* Node 24 and later: older ones reject the message */
} cp_view_kind;

/** A typed array, DataView or Buffer. @param bytes  its elements in the machine's byte order, copied; NULL: zeros.
 *  @param length  in bytes; what is beyond a whole number of elements is dropped. */
CP_API cp_value cp_view(cp_heap *heap, cp_view_kind kind, const void *bytes, size_t length);
CP_API cp_value cp_buffer(cp_heap *heap, const void *bytes, size_t length); /* CP_VIEW_BUFFER */

/** The same with bytes that are not copied: they must live as long as the heap. */
CP_API cp_value cp_view_borrowed(cp_heap *heap, cp_view_kind kind, const void *bytes, size_t length);

/**
 * Sets a property of an object, an array or an error. For an array "3" is an element, and "length" cannot be set; an
 * error has "message" and "stack", which are strings, and "cause", and no others. The order of properties is
 * JavaScript's: keys that are array indices first, ascending, then the others as they came.
 * @return the object, for chaining; CP_TYPE_NONE if it has no such property, or one of the two is CP_TYPE_NONE, or
 * there
 *         is no memory: the heap remembers that. A value from another heap is copied, if it is no string or bigint.
 */
CP_API cp_value cp_value_set(cp_value object, const char *key, cp_value value);
CP_API cp_value cp_value_set_n(cp_value object, const char *key, size_t length, cp_value value);

/** Appends to an array. Returns as cp_value_set(). */
CP_API cp_value cp_value_push(cp_value array, cp_value value);

/** Sets an element; an array that is too short grows, with holes between. Returns as cp_value_set(). */
CP_API cp_value cp_value_set_at(cp_value array, uint32_t index, cp_value value);

/** Map.prototype.set and Set.prototype.add: equal keys (SameValueZero) are one. Return as cp_value_set(). */
CP_API cp_value cp_value_map_set(cp_value map, cp_value key, cp_value value);
CP_API cp_value cp_value_add(cp_value set, cp_value value);

/** A deep copy in `heap`, however deep; sharing and cycles are kept. CP_TYPE_NONE: out of memory. */
CP_API cp_value cp_value_copy(cp_heap *heap, cp_value value);

/* Asking. Every function takes every value: of the wrong type it answers undefined, false, 0, NAN, NULL. */
CP_API cp_type cp_value_type(cp_value value);
CP_API const char *cp_type_name(cp_type type); /* "number", "Map", ... Static, never NULL */
CP_API bool cp_value_is(cp_value value, cp_type type);
CP_API bool cp_value_boolean(cp_value value);
CP_API double cp_value_number(cp_value value); /* of a number; NAN for anything else */

/** The number if it is an integer of that range, else `otherwise`. */
CP_API int64_t cp_value_integer(cp_value value, int64_t otherwise);

/** The text of a string, NUL-terminated; NULL: no string. @param length  takes its bytes without the NUL, or NULL. */
CP_API const char *cp_value_string(cp_value value, size_t *length);

/** True if it is a string with exactly this text. */
CP_API bool cp_value_string_is(cp_value value, const char *text);

/** A bigint's words, least significant first, *count of them. NULL: no bigint, or 0n. */
CP_API const uint64_t *cp_value_bigint(cp_value value, bool *negative, size_t *count);

/** A bigint that fits; `otherwise` if it does not, or is none. */
CP_API int64_t cp_value_bigint_i64(cp_value value, int64_t otherwise);

/** Elements of an array (holes count: JavaScript's length), entries of a map or set, own properties of an object, bytes
 *  of a string, a buffer or a view; else 0. */
CP_API size_t cp_value_length(cp_value value);

/** A property of an object, array or error; undefined if it has none of that name. Quick for large objects too. */
CP_API cp_value cp_value_get(cp_value object, const char *key);
CP_API cp_value cp_value_get_n(cp_value object, const char *key, size_t length);
CP_API bool cp_value_has(cp_value object, const char *key);

/** An element of an array; undefined beyond the end; CP_TYPE_HOLE for a hole. */
CP_API cp_value cp_value_at(cp_value array, uint32_t index);

/** Map.prototype.get; Map.prototype.has and Set.prototype.has. */
CP_API cp_value cp_value_map_get(cp_value map, cp_value key);
CP_API bool cp_value_contains(cp_value map_or_set, cp_value key);

/**
 * Goes through the properties of an object (or the named ones of an array), the entries of a map or the members of a
 * set:
 *   for (size_t i = 0; cp_value_entry(object, i, &key, &value); i++) ...
 * In JavaScript's order. A key of an object is a string; for a set `value` is the member, too.
 * @return false: there is no entry `i`. @param key, value  may be NULL.
 */
CP_API bool cp_value_entry(cp_value object, size_t i, cp_value *key, cp_value *value);

CP_API double cp_value_date(cp_value value); /* milliseconds since 1970 UTC; NAN: invalid, or no date */
CP_API cp_value cp_value_regexp(cp_value value, unsigned *flags); /* the source; flags may be NULL */
CP_API cp_value cp_value_unbox(cp_value value);
CP_API cp_error_kind cp_value_error_kind(cp_value value);
CP_API cp_view_kind cp_value_view_kind(cp_value value);

/** The bytes of an ArrayBuffer or a view; NULL: neither, or empty. @param length  in bytes; may be NULL. */
CP_API const void *cp_value_bytes(cp_value value, size_t *length);

/** max_length of a resizable ArrayBuffer; 0: it is not resizable. */
CP_API size_t cp_value_max_length(cp_value value);

/** Both are the same thing: JavaScript's Object.is(). */
CP_API bool cp_value_same(cp_value a, cp_value b);

/** Deep equality as Node's assert.deepStrictEqual() has it; the order of properties, maps and sets does not count,
 *  nor do the stacks of errors. Invalid dates are equal. False, too, if memory is short, or sets are in sets beyond
 *  2000 levels. */
CP_API bool cp_value_equal(cp_value a, cp_value b);

/* For cp_value_inspect(). Zero: Node's default. */
typedef struct cp_inspect_options {
  int depth;        /* levels of nesting that are shown; 0: 2; -1: all */
  int break_length; /* columns; longer objects go on several lines; 0: 80; -1: one line whatever its length */
  int max_elements; /* of arrays, maps, sets and typed arrays; 0: 100; -1: all */
  int max_string;   /* characters; 0: 10000; -1: all */
} cp_inspect_options;

/** Prints a value as Node's util.inspect() and console.log() do. malloc()ed: cp_free(). NULL: out of memory. */
CP_API char *cp_value_inspect(cp_value value, const cp_inspect_options *options);

/**
 * JSON text of a value, as JSON.stringify() makes it: NaN is null, a Date its ISO string, a Map {}, a Buffer
 * {"type":"Buffer","data":[...]}, properties that are undefined are left out.
 * @param out     takes the text, malloc()ed and NUL-terminated: cp_free(). @param length  may be NULL.
 * @param error   filled on failure; NULL: no more is said.
 * @return 0; CP_ECLONE: a bigint, a cycle, or nothing that JSON has (undefined); UV_ENOMEM.
 */
CP_API int cp_value_to_json(char **out, size_t *length, cp_value value, cp_error *error);

/**
 * The value of a JSON text. Exactly one value, white space around it; bad UTF-8 becomes U+FFFD.
 * @return 0; CP_EMESSAGE: no JSON, error->index is the byte where it goes wrong; CP_ETOOBIG: the heap's limits;
 * UV_ENOMEM.
 */
CP_API int cp_value_from_json(cp_value *out, cp_heap *heap, const char *text, size_t length, cp_error *error);

/* The two dialects of V8's structured clone: they differ in typed arrays, DataView and Buffer only. */
typedef enum cp_clone_format {
  CP_CLONE_CHANNEL = 0, /* what Node's channel carries with serialization 'advanced' */
  CP_CLONE_V8           /* what v8.serialize() makes and v8.deserialize() reads */
} cp_clone_format;

/**
 * Structured clone bytes of a value, version 15 of V8's format.
 * @return 0; CP_ECLONE: a hole or CP_TYPE_NONE at the top; CP_ETOOBIG: deeper than CP_DEPTH_MAX; UV_ENOMEM.
 */
CP_API int cp_value_to_clone(void **out, size_t *length, cp_value value, cp_clone_format format, cp_error *error);

/**
 * The value of structured clone bytes, version 13 to 16. Bytes of buffers are not copied: they must live as long as
 * the heap.
 * @return 0; CP_EMESSAGE: malformed, error->index is the byte where it goes wrong; CP_ETOOBIG; UV_ENOMEM.
 */
CP_API int cp_value_from_clone(cp_value *out, cp_heap *heap, const void *bytes, size_t length, cp_clone_format format,
                               cp_error *error);

/* ------------------------------------------------------------------------------------------------ The channel */

/*
 * A channel carries messages both ways between two processes, with Node's own protocol: docs/protocol.md. Both ends are
 * the same object. Three ways to get one:
 *
 * - of a child: cp_child_channel(), for cp_fork() and for cp_spawn() with a CP_IPC entry; it belongs to the child;
 * - to the parent, in a program that was forked by this library, by Node, Bun or Deno: cp_parent_channel();
 * - on any connected socket: cp_channel_open().
 *
 * Messages arrive in the order in which they were sent. They are read as long as somebody listens; messages that
 * come before there is a listener wait for it. Malformed input is an error event (CP_EMESSAGE), and the end of the
 * channel; it never harms the program. A peer that goes away is an ordinary disconnect.
 *
 * Functions on channels take NULL for a channel that is gone: sending says CP_ECHANNELCLOSED, the others do nothing.
 */
/* One frame on its way in or out, for cp_channel_on_trace(). Valid during the call. */
typedef struct cp_trace {
  bool outgoing;
  bool internal;       /* a NODE_ message of the protocol, not one of the program */
  uint64_t time_ns;    /* monotonic clock, nanoseconds: when it was written or had been read as a whole */
  const void *payload; /* JSON text or structured clone bytes, without framing */
  size_t length;       /* bytes */
  size_t fds;          /* how many came along */
} cp_trace;

typedef void (*cp_message_cb)(cp_channel *channel, cp_message *message, void *data);
typedef void (*cp_channel_cb)(cp_channel *channel, void *data);
typedef void (*cp_trace_cb)(cp_channel *channel, const cp_trace *trace, void *data);

typedef struct cp_channel_options {
  cp_serialization serialization; /* both ends must agree. cp_parent_channel(): the parent says it; this is ignored */
  cp_message_cb on_message;       /* a message; valid during the call */
  cp_channel_cb on_disconnect;    /* once: either side has closed the channel, or it broke. The last event, but for
                                     messages that nobody listened to: they still wait for a listener */
  /* Malformed input (on_disconnect follows), or a handle that could not be received (the channel goes on). */
  void (*on_error)(cp_channel *channel, const cp_error *error, void *data);
  void *data;              /* handed to these */
  cp_limits limits;        /* of a message that comes in */
  size_t max_queued_bytes; /* of what waits to be sent: beyond it cp_send() says UV_ENOBUFS; 0: 256 MiB */
  bool peer_is_library; /* cp_channel_open(): the other end is this library, too: any fd, several of them, unread bytes
                                     and shared memory can be sent. Of children and parents it finds out by itself */
  bool raw_messages;    /* as in cp_options */
  cp_error *error;      /* filled when the call itself returns a negative code; may be NULL */
} cp_channel_options;

/**
 * A channel on a connected stream socket: AF_UNIX for handles and shared memory, any other for messages alone.
 * @param out      takes the channel, yours: cp_channel_free().
 * @param fd       yours until 0 is returned, the channel's from then on. Made non-blocking and close-on-exec.
 * @param options  NULL: JSON, no listener yet.
 * @return 0, UV_EBADF, UV_ENOTSOCK, UV_EINVAL (see options->error), UV_ENOMEM, or what the loop says.
 */
CP_API int cp_channel_open(cp_channel **out, uv_loop_t *loop, int fd, const cp_channel_options *options);

/**
 * The channel to the parent, of a program that was started with one: by cp_fork(), or by Node's fork(). It takes
 * NODE_CHANNEL_FD and NODE_CHANNEL_SERIALIZATION_MODE out of the environment, so that children of this program do not
 * take the channel for theirs: call it first in main(), before there are threads. Only the first call finds a channel.
 * The channel lets the loop end until there is a listener for messages or for the disconnect, as in Node.
 * @return 0; CP_ENOCHANNEL: not started with a channel, or asked before: a program that is parent and worker in one is
 *         the parent then; UV_EBADF: the variable names no open socket; UV_ENOTSOCK; UV_EINVAL: a serialization that
 *         nobody knows; UV_ENOMEM.
 */
CP_API int cp_parent_channel(cp_channel **out, uv_loop_t *loop, const cp_channel_options *options);

/** The channel of a child; NULL: it was started without one. Borrowed: valid as long as the child. */
CP_API cp_channel *cp_child_channel(const cp_child *child);

/** False from the disconnect on, and at once after cp_channel_disconnect(). */
CP_API bool cp_channel_connected(const cp_channel *channel);
CP_API bool cp_child_connected(const cp_child *child); /* of its channel */

/**
 * Closes the channel when all that was sent is written; then on_disconnect comes. Nothing can be sent from now on.
 * What has arrived by then is still delivered. Safe to repeat.
 * @return 0, CP_ECHANNELCLOSED: it was not connected.
 */
CP_API int cp_channel_disconnect(cp_channel *channel);

/**
 * Writes what waits, standing still for it: for "send, then exit".
 * @param timeout_ms  milliseconds at most; 0: only what can be written at once.
 * @return 0: all is written; UV_ETIMEDOUT; CP_ECHANNELCLOSED: the peer has gone.
 */
CP_API int cp_channel_flush(cp_channel *channel, uint64_t timeout_ms);

/** Closes a channel of yours at once and frees it: no callback any more, what waits is lost. NULL is ignored. */
CP_API void cp_channel_free(cp_channel *channel);

/**
 * Whether the open channel keeps the loop alive. A child's and one of cp_channel_open() do; the parent's does while
 * somebody listens. From the first call of either on, only these calls count. Unsent messages always keep it alive.
 */
CP_API void cp_channel_ref(cp_channel *channel);
CP_API void cp_channel_unref(cp_channel *channel);

/** Stops delivering messages until cp_channel_resume(); the peer is held up when the socket is full. Safe to repeat. */
CP_API void cp_channel_pause(cp_channel *channel);
CP_API void cp_channel_resume(cp_channel *channel);

/* Listeners may be set and replaced at any time; NULL: none. They replace those of the options, a child's too. */
CP_API void cp_channel_on_message(cp_channel *channel, cp_message_cb cb, void *data);
CP_API void cp_channel_on_disconnect(cp_channel *channel, cp_channel_cb cb, void *data);
/** Messages whose `cmd` begins with NODE_, which are reserved and go to nobody else: Node's 'internalMessage'. */
CP_API void cp_channel_on_internal(cp_channel *channel, cp_message_cb cb, void *data);
/** Comes each time that the queue has become empty after a cp_send() that returned 1. */
CP_API void cp_channel_on_drain(cp_channel *channel, cp_channel_cb cb, void *data);
/**
 * Comes for each frame, in or out, but for our own confirmations of handles; out from inside the call that sends it:
 * look, and do no more.
 */
CP_API void cp_channel_on_trace(cp_channel *channel, cp_trace_cb cb, void *data);
/**
 * Comes when the messages that were read together have been told, internal ones too: for programs that gather them. It
 * comes before on_error, on_disconnect and a child's on_exit tell what happened after them.
 */
CP_API void cp_channel_on_batch_end(cp_channel *channel, cp_channel_cb cb, void *data);

CP_API size_t cp_channel_queued_bytes(const cp_channel *channel);    /* sent, but not taken by the kernel yet */
CP_API size_t cp_channel_queued_messages(const cp_channel *channel); /* likewise, or behind a handle in flight */
CP_API cp_serialization cp_channel_serialization(const cp_channel *channel);
CP_API int cp_channel_fd(const cp_channel *channel); /* borrowed; -1: closed */
CP_API uv_loop_t *cp_channel_loop(const cp_channel *channel);
CP_API cp_child *cp_channel_child(const cp_channel *channel); /* whose channel it is; NULL: nobody's */
/** True once it is known that the other end is this library. */
CP_API bool cp_channel_peer_is_library(const cp_channel *channel);

/* ------------------------------------------------------------------------------------------------ Messages */

/**
 * The message as a value, decoded on the first call. Never fails for a message that was delivered, but for want of
 * memory, or beyond the limits: CP_TYPE_NONE. Valid as long as the message.
 */
CP_API cp_value cp_message_value(cp_message *message);

/**
 * The message as JSON text, NUL-terminated. On a JSON channel that is what came, not parsed into values, no copy made.
 * On an advanced one it is made from the value. NULL: JSON has no such value, or out of memory.
 * @param length  bytes without the NUL; may be NULL.
 */
CP_API const char *cp_message_json(cp_message *message, size_t *length);

/**
 * What came, without framing: JSON text or structured clone bytes. Of a message that came with a handle, the whole
 * message of the protocol around it: {"cmd":"NODE_HANDLE","type":...,"msg":...}.
 */
CP_API const void *cp_message_payload(const cp_message *message, size_t *length);

CP_API cp_channel *cp_message_channel(const cp_message *message); /* NULL for a kept one whose channel was freed */

/**
 * Keeps a message beyond its callback. Use what is returned from then on, and ask it for its value anew; a kept one
 * that is kept again is the same with a reference more. NULL: out of memory, and nothing has changed.
 */
CP_API cp_message *cp_message_keep(cp_message *message);

/** Gives a kept message up. Handles in it that were not taken are closed with the last reference. NULL is ignored. */
CP_API void cp_message_free(cp_message *message);

/* ------------------------------------------------------------------------------------------------ Handles */

/* What a handle is. The first six are Node's names for what its peers can make of it. */
typedef enum cp_handle_type {
  CP_HANDLE_SERVER = 1,   /* net.Server: a listening TCP or Unix socket; both ends go on accepting */
  CP_HANDLE_SOCKET,       /* net.Socket: a connected TCP or Unix stream socket, or a pipe */
  CP_HANDLE_UDP,          /* dgram.Socket: a UDP socket */
  CP_HANDLE_NATIVE,       /* net.Native: as SOCKET, without the object around it */
  CP_HANDLE_UDP_NATIVE,   /* dgram.Native */
  CP_HANDLE_BOUND_SOCKET, /* net.BoundSocket: a bound TCP socket; Node 26 and later */
  CP_HANDLE_FD            /* any open file; only between ends of this library */
} cp_handle_type;

/* An open file that goes along with a message, or came along with it. */
typedef struct cp_handle {
  cp_handle_type type;
  int fd;
  const void *unread;   /* bytes that were read from it but not used: they go along; NULL: none. Only between ends of */
  size_t unread_length; /* this library: Node would lose them, so sending them there is UV_ENOTSUP */
  const char *key;      /* net.Socket: the connection key of the server that accepted it, "4:127.0.0.1:0"; NULL: none.
                           A Node parent counts with it: server.getConnections(). Answered by itself in a C child */
} cp_handle;

/**
 * The handle of a uv_tcp_t, uv_pipe_t or uv_udp_t: its fd, and SERVER, SOCKET or UDP by what it is.
 * @return 0, UV_EBADF: it is not open; UV_EINVAL: of another kind, or NULL.
 */
CP_API int cp_handle_of(cp_handle *out, const uv_handle_t *handle);

/** "net.Server" for CP_HANDLE_SERVER; "fd" for CP_HANDLE_FD; "" for values out of range. Static, never NULL. */
CP_API const char *cp_handle_type_name(cp_handle_type type);

/** Handles that came with the message: for Node at most one. */
CP_API size_t cp_message_handle_count(const cp_message *message);

/** One of them; NULL: there is none of that number, or it was taken. Borrowed; its fd is closed with the message. */
CP_API const cp_handle *cp_message_handle(const cp_message *message, size_t i);

/**
 * Takes the fd of a handle: yours to use and close; close-on-exec, and non-blocking or not as it came. For a socket:
 * uv_tcp_open() or uv_pipe_open(). Check it first: the peer may have closed its connection in the meantime.
 * @return the fd, UV_EBADF: there is none, or it was taken.
 */
CP_API int cp_message_take_fd(cp_message *message, size_t i);

/* ------------------------------------------------------------------------------------------------ Sending */

#define CP_SEND_HIGH_WATER 131072 /* bytes; with more of them waiting cp_send() returns 1: Node's own threshold */
#define CP_SEND_QUEUE_MAX ((size_t)268435456) /* the default of options.max_queued_bytes: 256 MiB */
#define CP_HANDLES_MAX 32                     /* in one message */

/**
 * The message is written (`status` 0; the peer may not have read it yet, and may have answered it before this comes) or
 * failed: CP_ECHANNELCLOSED, UV_EPIPE, UV_ECONNRESET.
 */
typedef void (*cp_send_cb)(cp_channel *channel, int status, void *data);

typedef struct cp_send_options {
  const cp_handle *handles; /* handles that go along; NULL: none. To Node: at most one, and never CP_HANDLE_FD */
  size_t handle_count;
  cp_send_cb cb; /* told from the loop; NULL: nobody is told */
  void *data;
  cp_error *error; /* filled when the call itself returns a negative code; may be NULL */
} cp_send_options;

/**
 * Sends a value. It is encoded before the call returns, and written as far as the socket takes it. What is sent from a
 * message's callback may be gathered, and is written when the callbacks of the messages that came together have
 * returned: one that goes on for long after it has sent something calls cp_channel_flush(channel, 0).
 *
 * The fds of handles are duplicated: yours stay yours (but for Node they are made non-blocking, which goes for all
 * duplicates of an open file). Node calls it keepOpen when you keep yours; close it
 * for the default. For a socket, stop reading from it first. After a handle for Node, everything waits until the peer
 * has confirmed it, in order.
 *
 * An object whose `cmd` is a string that begins with NODE_ is reserved for the protocol: the peer's program gets it
 * only if it listens to internal messages.
 *
 * @param options  NULL: no handle, no callback.
 * @return 0: accepted.
 *         1: accepted, but more than CP_SEND_HIGH_WATER bytes wait: go on after cp_channel_on_drain()'s callback.
 *         CP_ECHANNELCLOSED  not connected (any more)
 *         CP_ECLONE          the serialization has no such value; options->error says which
 *         UV_EPIPE           the peer does not read any more
 *         UV_EINVAL          a handle that makes no sense, or too many of them
 *         UV_ENOTSUP         a handle or unread bytes that only this library could receive, and the peer is another; or
 *                            handles on a socket that is not AF_UNIX
 *         UV_EBADF           a handle's fd is not open; UV_EMFILE: no fd is left to duplicate it
 *         UV_ENOBUFS         more than options.max_queued_bytes wait already
 *         CP_ETOOBIG         larger than 2 GiB
 *         UV_ENOMEM          out of memory
 */
CP_API int cp_send(cp_channel *channel, cp_value value, const cp_send_options *options);

/**
 * Sends JSON text: checked to be exactly one value, and to be one line (white space is taken out if it is not). Over
 * an advanced channel it is sent as the value that it means.
 * @param length  bytes; SIZE_MAX: up to the NUL.
 * @return as cp_send(); CP_EMESSAGE: not JSON; CP_ETOOBIG: nested deeper than a peer would take.
 */
CP_API int cp_send_json(cp_channel *channel, const char *json, size_t length, const cp_send_options *options);

/**
 * Sends a payload that your own encoder made in the channel's serialization: JSON text in one line, or structured clone
 * bytes. It is not looked at. A handle for a Node peer goes along with a message of your making that says so,
 * {"cmd":"NODE_HANDLE","type":...,"msg":...}: see docs/protocol.md; options->handles[0].type is not used then, and what
 * is sent afterwards waits for the peer's confirmation, as with cp_send().
 * @param payload  copied. @param length  bytes. @param options  as for cp_send().
 * @return as cp_send(); UV_ENOTSUP: more than one handle, or unread bytes. UV_EINVAL: payload is NULL, or length is 0.
 */
CP_API int cp_send_raw(cp_channel *channel, const void *payload, size_t length, const cp_send_options *options);

/**
 * Holds back what is sent from now on, until as many cp_channel_uncork(), so that it is written together. 64 KiB are
 * written all the same, and cp_channel_flush() and cp_channel_disconnect() hold nothing back. With raw_messages nothing
 * is gathered but between these two.
 */
CP_API void cp_channel_cork(cp_channel *channel);
CP_API void cp_channel_uncork(cp_channel *channel);

/* ------------------------------------------------------------------------------------------------ Requests */

/**
 * The answer to a request.
 * @param status  0: `reply` is {id, result}; CP_EREPLY: `reply` is {id, error}, the peer could not do it;
 *                CP_ETIMEDOUT; CP_ECHANNELCLOSED: the peer has gone before it answered; `reply` is NULL then.
 * @param reply   valid during the call.
 * @param result  the value of its `result` or `error`; undefined if there is none.
 */
typedef void (*cp_reply_cb)(cp_channel *channel, int status, cp_message *reply, cp_value result, void *data);

/**
 * Sends {id, ...request} and waits for the message {id, result} or {id, error} with the same id, a number counted up by
 * the channel: the correlation ids of the reference's worker example. The reply goes to `cb` alone, not to on_message.
 * @param request     an object: its properties are sent, with an `id` put before them.
 * @param timeout_ms  milliseconds until CP_ETIMEDOUT; 0: never. A reply that comes later is dropped.
 * @return 0 or 1 as cp_send(), then `cb` comes exactly once (not after the channel or its child is freed); negative as
 *         cp_send(), and UV_EINVAL if it is no object.
 */
CP_API int cp_request(cp_channel *channel, cp_value request, uint64_t timeout_ms, cp_reply_cb cb, void *data);

/**
 * Answers a request: sends {id, result}, with the id of `request`.
 * @return as cp_send(); UV_EINVAL: the message has no id.
 */
CP_API int cp_reply(cp_message *request, cp_value result);

/**
 * Tells how far it is: sends {id, progress}, before the answer. A pool's task gets it in on_progress; cp_request() has no
 * use for it, there it is an ordinary message. @return as cp_reply().
 */
CP_API int cp_reply_progress(cp_message *request, cp_value progress);

/** Answers that it could not be done: sends {id, error}. @param error  a sentence. */
CP_API int cp_reply_error(cp_message *request, const char *error);

/* ------------------------------------------------------------------------------------------------ Pools */

/*
 * A pool forks workers, hands them tasks, and tells the outcome of each task exactly once, whatever becomes of the worker.
 *
 *   cp_pool *pool;
 *   int rc = cp_pool_open(&pool, loop, "worker.js", NULL, &(cp_pool_options){.size = 4});
 *   rc = cp_pool_submit_json(pool, "{\"n\":7}", SIZE_MAX, &(cp_task_options){.cb = on_outcome, .data = me});
 *   cp_pool_close(pool, CP_POOL_FINISH, 0, on_closed, NULL); (on_closed calls cp_pool_free(pool))
 *   uv_run(loop, UV_RUN_DEFAULT);
 *
 * The contract with a worker is what the reference has: a message is a task, and the next message that comes back is its
 * result; `process.on('message', (task) => process.send(work(task)))` is a whole worker, in any language that speaks the
 * channel. With CP_POOL_ENVELOPE tasks have numbers, and then errors, progress and several tasks at a time:
 *
 *   to the worker   {id, ...task}; or {id, task} if the task is no object, or has a property `id`, `task` or `cancel`
 *                   {id, cancel: true}: nobody waits for this one any more
 *   from it         {id, result}, {id, error}, and before one of these any number of {id, progress}; {id} alone is a
 *                   result that is undefined
 *
 * A plain worker answers each task once: a second message would be taken for the result of its next task. Messages whose
 * `cmd` begins with NODE_ are the protocol's, and reach no worker's program: no task may be one.
 *
 * A task goes to a worker that is idle, else to the least loaded one that has room; the first of equals. A worker that
 * ends, breaks the channel, or has to be killed, is replaced. Its tasks go back to the front of the queue, at most
 * `max_retries` times each, and only then fail; neighbours of a task for which the worker was killed go back without
 * being counted. So a task may be begun more than once, on different workers. One that must not be says max_retries =
 * CP_RETRY_NEVER, and fails instead.
 */
typedef struct cp_pool cp_pool;

typedef enum cp_pool_protocol {
  CP_POOL_PLAIN = 0, /* message in, message out; one task at a time for each worker */
  CP_POOL_ENVELOPE   /* with numbers: see above */
} cp_pool_protocol;

#define CP_RETRY_NEVER (-1)
#define CP_POOL_STDERR_TAIL 4096 /* bytes of a worker's stderr that are kept for the outcome */
#define CP_POOL_WORKERS_MAX 4096

/* What a worker is doing; also the events that options.on_worker tells. */
typedef enum cp_worker_state {
  CP_WORKER_NONE = 0, /* there is none in this place now */
  CP_WORKER_STARTING, /* forked; it gets no task yet */
  CP_WORKER_READY,    /* it takes tasks */
  CP_WORKER_LEAVING,  /* it gets no new task: recycled, idle for too long, or the pool is closing */
  CP_WORKER_ENDED     /* it has ended, or never started; only told, never asked */
} cp_worker_state;

/** "none", "starting", "ready", "leaving", "ended". Static, never NULL. */
CP_API const char *cp_worker_state_name(cp_worker_state state);

/* One worker. `place` counts from 0 to size - 1; who replaces it has the same, the worker knows it as the environment
   variable CHILD_PROCESS_WORKER_ID, counted from 1. */
typedef struct cp_worker_info {
  unsigned place;
  cp_worker_state state;
  cp_child *child; /* borrowed: to look at, and for signals. Never free it; cp_child_data() is the pool's. NULL: none */
  unsigned running;    /* tasks that it has now */
  uint64_t done;       /* tasks that it has answered */
  const cp_exit *exit; /* ENDED: how; NULL: it never started, or still runs */
  const char *error;   /* ENDED: a sentence, if that was not as it should be; NULL */
  bool recycled;       /* LEAVING, ENDED: for max_tasks, max_age_ms or max_rss_kib */
} cp_worker_info;

/* A task that is about to be given to a worker. */
typedef struct cp_task_info {
  uint64_t id; /* of cp_task_options, as the rest */
  int priority;
  void *data;
  unsigned attempts; /* how often a worker was given it before */
} cp_task_info;

typedef struct cp_pool_options {
  unsigned size;     /* workers at most; 0: cp_available_cpus() */
  unsigned min_size; /* workers that are kept; 0: size, or 0 if idle_ms is given. They are started by cp_pool_open() */
  uint64_t idle_ms;  /* milliseconds without a task after which a worker beyond min_size leaves; 0: it stays */

  cp_pool_protocol protocol;
  unsigned in_flight; /* ENVELOPE: tasks that a worker has at a time; 0: 1. PLAIN: always 1 */
  bool ordered;       /* outcomes are told in the order of submission; default: as they come */
  /*
   * Chooses the worker for a task without a key: an index of `workers`, which are those with room, at least one, in the
   * order of their places. An index out of range is none of them: the task waits, and those behind it, until a worker has
   * got room or another task is submitted, when this is asked again. Tasks with keys come before it in their places. NULL:
   * the first idle worker, else the least loaded. It is called from the loop and in submitting; `task` and `workers` are
   * valid during the call. It may look at the pool, but not change it: submitting is UV_EBUSY there; cancelling, closing
   * and freeing are not allowed.
   */
  size_t (*choose)(cp_pool *pool, const cp_task_info *task, const cp_worker_info *workers, size_t count, void *data);

  /* Limits of tasks. */
  uint64_t
      timeout_ms; /* milliseconds from the moment that a worker gets the task; 0: none. Then the worker is killed */
  bool retry_timeouts; /* such a task is tried again, within max_retries; default: CP_ETIMEDOUT */
  int max_retries;     /* how often a task is tried again when its worker has died; 0: 2; CP_RETRY_NEVER: never */
  size_t max_queue;    /* tasks that may wait; beyond it cp_pool_submit() says UV_ENOBUFS; 0: no limit */
  size_t high_water;   /* tasks that wait plus ordered outcomes that are held (not those that run); with more of them
                          submitting returns 1; 0: 1024 */
  size_t low_water;    /* on_drain comes when no more than these are left; 0: a quarter of high_water */

  /* Limits of workers. One that is recycled gets its replacement first, and ends what it has begun. */
  uint64_t max_tasks;   /* tasks of one worker, never more; 0: no limit; 1: a fresh process for each */
  uint64_t max_age_ms;  /* milliseconds since its start; 0: no limit */
  uint64_t max_rss_kib; /* resident memory, KiB, looked at between tasks, at most 20 times a second; 0: no limit */
  bool
      ready_message; /* the worker's first message says that it is ready; before it gets no task; it is no result. Default:
                         it is ready when it has been started. Then a crash while it loads costs its first task an attempt,
                         and timeout_ms includes the loading */
  uint64_t start_timeout_ms;  /* milliseconds until it must be ready; 0: 30 s. Longer is a failed start */
  unsigned max_failed_starts; /* workers that end before they have answered anything, whatever ended them, one after the
                                 other, until the pool gives up; 0: 10. Each next start waits longer, 10 ms to 5 s. A
                                 program that cannot be executed at all is given up at once */

  /*
   * How workers are started: as by cp_fork(), with these exceptions. Its callbacks but on_stdout and on_stderr, and
   * `data` for them, are the pool's; timeout_ms, signal, input and raw_messages are not used. Without `stdio`, stdin is
   * /dev/null, stdout the parent's, and stderr a pipe, whose last bytes are kept for outcomes; what comes there goes to
   * on_stderr, else to the parent's stderr. `silent`: stdout goes to on_stdout or nowhere, stderr to on_stderr or nowhere.
   * die_with_parent 0 is SIGKILL here, where there is the Linux launcher. grace_ms is how long a worker may take to leave
   * after the channel is closed, and then again after kill_signal, before SIGKILL; 0: 1000. All that it points to is
   * copied; NULL: all defaults.
   */
  const cp_options *worker;

  /* Events, all from the loop. */
  void (*on_drain)(cp_pool *pool, void *data); /* after a submit that returned 1: go on */
  void (*on_idle)(cp_pool *pool, void *data);  /* the last task has had its outcome */
  /* A worker has got into a new state. The info is valid during the call. */
  void (*on_worker)(cp_pool *pool, const cp_worker_info *worker, void *data);
  /* A message that is no answer: PLAIN: while the worker has no task; ENVELOPE: without an id. Without this callback such
     messages are dropped; answers that come too late or twice always are. Also the ready_message. */
  void (*on_message)(cp_pool *pool, const cp_worker_info *worker, cp_message *message, void *data);
  /* The pool gives up: the workers do not start. All tasks fail with CP_EPOOL, new ones are refused. `stage` is the step
     that failed, CP_STAGE_RUN if they ran and ended. */
  void (*on_error)(cp_pool *pool, const cp_error *error, void *data);
  void *data;

  cp_error *error; /* filled when the call itself returns a negative code; may be NULL */
} cp_pool_options;

/* What became of a task. Valid during the call; numbers may be copied, a message kept with cp_message_keep(). */
typedef struct cp_outcome {
  uint64_t id;         /* the task's number in this pool: 1, 2, 3, ... as they were submitted */
  int status;          /* 0: it was answered, else:
                      CP_EREPLY     ENVELOPE: the worker answered with an error
                      CP_EWORKER    its worker died, once more often than max_retries allows; `exit` says how
                      CP_ETIMEDOUT  it took longer than its timeout
                      CP_EABORTED   it was cancelled, or the pool was closed before it was done
                      CP_EPOOL      the pool has given up: its workers do not start
                      UV_ENOMEM, CP_ETOOBIG, UV_EBADF ...: it could not be sent to a worker */
  const char *error;   /* status not 0: a sentence; never NULL then */
  cp_message *message; /* the answer, with the handles that came along; NULL: none */
  const cp_exit *exit; /* CP_EWORKER: how the last worker ended; NULL: it never started, or has not ended yet */
  const char
      *err; /* CP_EWORKER, CP_ETIMEDOUT, CP_EPOOL: the end of its stderr, NUL-terminated; "": nothing; never NULL */
  size_t err_length;                        /* bytes of it */
  unsigned attempts;                        /* how often a worker was given it */
  unsigned place;                           /* of the last worker; UINT_MAX: no worker had it */
  int pid;                                  /* likewise; 0 */
  uint64_t queued_ns, started_ns, ended_ns; /* uv_hrtime(): submitted, given to the last worker (0: never), over */
  void *data;                               /* of cp_task_options */
  const char *part;                         /* not for you: where in the message the result is */
} cp_outcome;

typedef void (*cp_outcome_cb)(cp_pool *pool, const cp_outcome *outcome, void *data);
typedef void (*cp_progress_cb)(cp_pool *pool, uint64_t id, cp_value progress, void *data);

/** The result as a value: the whole message (PLAIN), its `result` or `error` (ENVELOPE); undefined without a message. */
CP_API cp_value cp_outcome_value(const cp_outcome *outcome);

/**
 * The result as JSON text, NUL-terminated; valid as long as the outcome. PLAIN on a JSON channel: what came, not copied.
 * @param length  bytes without the NUL; may be NULL. @return NULL: JSON has no such value, no message, out of memory.
 */
CP_API const char *cp_outcome_json(const cp_outcome *outcome, size_t *length);

typedef struct cp_task_options {
  cp_outcome_cb cb;           /* the outcome; NULL: nobody is told */
  cp_progress_cb on_progress; /* ENVELOPE: {id, progress}; may be NULL */
  void *data;                 /* handed to both */
  uint64_t timeout_ms;        /* milliseconds; 0: the pool's */
  int max_retries;            /* 0: the pool's; CP_RETRY_NEVER */
  int priority;               /* higher ones are begun first; equal ones as they were submitted */
  const char *key; /* tasks with equal keys go to the same place, one after the other as it can take them; NULL: any */
  const cp_handle
      *handles; /* go along with the task, as with cp_send_options; duplicated. CP_HANDLE_FD and several of them
                               need worker->peer_is_library, or a ready_message by which that is known */
  size_t handle_count;
  cp_abort *signal; /* cancels the task when it is triggered; NULL: none */
  uint64_t *id;     /* takes the task's number, for cp_pool_cancel(); may be NULL */
  cp_error *error;  /* filled when the call itself returns a negative code; may be NULL */
} cp_task_options;

/**
 * Opens a pool. Its first workers are started when the loop runs.
 * @param out      takes the pool, yours: cp_pool_free(), after cp_pool_close()'s callback or before.
 * @param loop     the loop that tells the events; its thread must live as long as the workers: see die_with_parent.
 * @param module, args  as for cp_fork(). Copied.
 * @param options  NULL: all defaults. Copied, and what options->worker points to; an fd or stream in its stdio must stay
 *                 open as long as workers are started.
 * @return 0; UV_EINVAL: an argument or option makes no sense, options->error names it; UV_ENOMEM. What keeps workers from
 *         starting is on_error's.
 */
CP_API int cp_pool_open(cp_pool **out, uv_loop_t *loop, const char *module, const char *const *args,
                        const cp_pool_options *options);

/**
 * Submits a task. It is encoded before the call returns.
 * @param options  NULL: nobody is told of the outcome.
 * @return 0: accepted, the outcome comes from the loop.
 *         1: accepted, but more than high_water wait: go on after on_drain.
 *         CP_EPOOL     the pool is closing, or has given up
 *         UV_ENOBUFS   max_queue tasks wait already
 *         UV_EBUSY     called by options.choose
 *         CP_ECLONE, CP_ETOOBIG, UV_ENOMEM, UV_EINVAL, UV_EBADF, UV_EMFILE   as cp_send(); nothing happens then
 */
CP_API int cp_pool_submit(cp_pool *pool, cp_value task, const cp_task_options *options);

/** The same for JSON text. @param length  bytes; SIZE_MAX: up to the NUL. @return also CP_EMESSAGE: not JSON. */
CP_API int cp_pool_submit_json(cp_pool *pool, const char *json, size_t length, const cp_task_options *options);

/**
 * The same for what an encoder of yours made, in the serialization of the workers: see cp_send_raw(). It is not looked at
 * with PLAIN; with ENVELOPE it is a task as for the other two.
 */
CP_API int cp_pool_submit_raw(cp_pool *pool, const void *payload, size_t length, const cp_task_options *options);

/**
 * Cancels a task: its outcome will be CP_EABORTED, from the loop. If it waits, that is all. If a worker has it: with PLAIN
 * the worker is killed and replaced; with ENVELOPE it is told {id, cancel: true}, and killed if it has not answered after
 * grace_ms; the outcome comes with the answer, whatever that is, or then. Other tasks that it has then are begun again
 * elsewhere.
 * @return 0; UV_ENOENT: there is no such task any more.
 */
CP_API int cp_pool_cancel(cp_pool *pool, uint64_t id);

/** Cancels all tasks that wait, for another attempt too; none that a worker has. @return how many. */
CP_API size_t cp_pool_cancel_waiting(cp_pool *pool);

/**
 * Sends a message that is no task to each worker that is ready: a new configuration, say. With PLAIN they must not answer
 * it: what comes back is taken for the result of the task at hand.
 * @return how many it was sent to; negative, as cp_send(): nobody got it, and the message is to blame.
 */
CP_API int cp_pool_broadcast(cp_pool *pool, cp_value message);

typedef enum cp_pool_end {
  CP_POOL_FINISH = 0, /* what was submitted is done first */
  CP_POOL_ABORT       /* every task that is not done is CP_EABORTED, the workers are killed */
} cp_pool_end;

/* How a pool ended. */
typedef struct cp_pool_report {
  uint64_t aborted;    /* tasks that were not done */
  unsigned terminated; /* workers that had to be sent kill_signal ... */
  unsigned killed;     /* ... and those of them that took SIGKILL */
} cp_pool_report;

typedef void (*cp_pool_close_cb)(cp_pool *pool, const cp_pool_report *report, void *data);

/**
 * Closes the pool: no new tasks; those there are are finished or aborted; then the workers leave, by force where it has
 * to be. With ABORT, or with a deadline, it always ends; else it waits for what was submitted, also for a task that has no
 * timeout and never ends. A second call may only make it more urgent: ABORT instead of FINISH, an earlier deadline; its
 * callback replaces the first one's.
 * @param deadline_ms  milliseconds after which what is left is aborted; 0: none. Not counted in it: grace_ms, twice.
 * @param cb           told when the last worker has ended, once; may be NULL.
 * @return 0, also if it is closing already; UV_EALREADY: all of that is over, `cb` does not come.
 */
CP_API int cp_pool_close(cp_pool *pool, cp_pool_end end, uint64_t deadline_ms, cp_pool_close_cb cb, void *data);

/**
 * Frees the pool: legal at any time, no callback comes any more. Workers that are left get SIGKILL, and are reaped while the
 * loop runs: before uv_loop_close() then cp_loop_release() and uv_run() once more. NULL is ignored.
 */
CP_API void cp_pool_free(cp_pool *pool);

/** Replaces all workers that there are now, as if they had reached max_tasks: for new code, or a new configuration. */
CP_API void cp_pool_recycle(cp_pool *pool);

/* Counters since the start, but for the first group. */
typedef struct cp_pool_stats {
  size_t waiting, running, held; /* tasks now; held: done, but an earlier one is not (ordered) */
  unsigned workers, idle;        /* that are ready; of them without a task */

  uint64_t submitted, succeeded, failed;  /* each task but those under way is one of the last two in the end */
  uint64_t retried, timed_out, cancelled; /* attempts; tasks; tasks */
  uint64_t stray; /* messages that answered no task: late, twice, or unasked ones; not the ready_message */
  uint64_t started, crashed, recycled, shrunk; /* workers; crashed: ended though nobody had asked them to */
  uint64_t queued_ns, run_ns; /* sums over all tasks that are over: until the last attempt, and that one */
  uint64_t busy_ns, ready_ns; /* sums over all workers so far: with tasks, each counted, and ready for them */
} cp_pool_stats;

/* What a task spends its time with. */
typedef enum cp_pool_phase {
  CP_POOL_QUEUED = 0, /* from submission to the last attempt; without any to the end */
  CP_POOL_RUN         /* the last attempt; tasks that no worker had are not counted */
} cp_pool_phase;

/** @param pool  not NULL; likewise of those that ask for its times, size, loop and data. */
CP_API void cp_pool_stats_get(const cp_pool *pool, cp_pool_stats *out);

/**
 * A percentile of how long the tasks that are over took, from a histogram: at most 1/32 too long; 0 and 100 are exact.
 * @param pool     not NULL.
 * @param phase    what of it.
 * @param percent  50: the median; 0: the shortest; 100: the longest.
 * @return nanoseconds; 0: there was no task.
 */
CP_API uint64_t cp_pool_percentile_ns(const cp_pool *pool, cp_pool_phase phase, double percent);

/** The share of the time that its workers have been ready in which they had tasks, 0 to 1; with in_flight: of those that they
 *  could have had. @param stats  of `pool`; not NULL. */
CP_API double cp_pool_utilization(const cp_pool *pool, const cp_pool_stats *stats);

/** The worker of a place, 0 to cp_pool_size() - 1: the one that takes tasks, not its successor, nor one that is leaving the
 *  place. Its `state` is CP_WORKER_NONE where there is none. */
CP_API cp_worker_info cp_pool_worker(const cp_pool *pool, unsigned place);

CP_API unsigned cp_pool_size(const cp_pool *pool); /* options.size, or what it stands for */
CP_API uv_loop_t *cp_pool_loop(const cp_pool *pool);
CP_API void *cp_pool_data(const cp_pool *pool); /* options.data */

/** Whether the pool keeps the loop alive while it has no task: it does, until it is closed. With tasks, and while it is
 *  closing, it always does. Safe to repeat. */
CP_API void cp_pool_ref(cp_pool *pool);
CP_API void cp_pool_unref(cp_pool *pool);

/** The CPUs that this process may use: its affinity, and the quota of its control groups (version 2), rounded up; at
 *  least 1. Any thread. */
CP_API unsigned cp_available_cpus(void);

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

/** The number of a resource for cp_rlimit: "RLIMIT_NOFILE" or "nofile", in upper or lower case; UV_EINVAL if there is none of
 *  that name, or it is NULL. Any thread. */
CP_API int cp_rlimit_number(const char *name);

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
