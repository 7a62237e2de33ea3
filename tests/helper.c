/*
 * helper.c - the child of the tests. `helper VERB ARGS... [-- VERB ARGS...]...` does one verb after the other and exits
 * with 0, or as `exit` says. Statically linked where possible: it starts fast and needs nothing.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static char **rest; /* the arguments of the verb at hand, NULL-terminated */
static int rest_count;

static const char *arg(int i) {
  if (i < rest_count) return rest[i];
  fprintf(stderr, "helper: missing argument %d\n", i);
  exit(125);
}

static long number(int i) { return strtol(arg(i), NULL, 0); }

static void put(int fd, const char *bytes, size_t length) {
  while (length > 0) {
    ssize_t n = write(fd, bytes, length);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) exit(126);
    bytes += n;
    length -= (size_t)n;
  }
}

/* echo TEXT...: to stdout, joined with blanks, and a newline. */
static void do_echo(void) {
  for (int i = 0; i < rest_count; i++) {
    if (i > 0) put(1, " ", 1);
    put(1, rest[i], strlen(rest[i]));
  }
  put(1, "\n", 1);
}

/* write FD TEXT: no newline. */
static void do_write(void) { put((int)number(0), arg(1), strlen(arg(1))); }

/* hex FD 68656c6c6f: these bytes. */
static void do_hex(void) {
  for (const char *p = arg(1); p[0] != '\0' && p[1] != '\0'; p += 2) {
    char digits[3] = {p[0], p[1], 0}, byte = (char)strtol(digits, NULL, 16);
    put((int)number(0), &byte, 1);
  }
}

/* fill FD BYTES: so many bytes, 'a' to 'z' over and over. */
static void do_fill(void) {
  static char block[65536 - 65536 % 26];
  for (size_t i = 0; i < sizeof block; i++) block[i] = (char)('a' + i % 26);
  for (long left = number(1); left > 0; left -= (long)sizeof block)
    put((int)number(0), block, left < (long)sizeof block ? (size_t)left : sizeof block);
}

/* cat [FROM [TO]]: copies until the end. */
static void do_cat(void) {
  static char block[65536];
  int from = rest_count > 0 ? (int)number(0) : 0, to = rest_count > 1 ? (int)number(1) : 1;
  for (ssize_t n; (n = read(from, block, sizeof block)) != 0;)
    if (n > 0) put(to, block, (size_t)n);
}

/* count [FROM]: reads until the end, prints how many bytes came. */
static void do_count(void) {
  static char block[65536];
  long total = 0;
  for (ssize_t n; (n = read(rest_count > 0 ? (int)number(0) : 0, block, sizeof block)) > 0;) total += n;
  printf("%ld\n", total);
}

/* read BYTES: reads so many from stdin and prints them. */
static void do_read(void) {
  for (long left = number(0); left > 0; left--) {
    char c;
    if (read(0, &c, 1) != 1) exit(124);
    put(1, &c, 1);
  }
}

/* sum [FROM]: reads until the end, prints the count and the 64-bit FNV-1a hash of the bytes. */
static void do_sum(void) {
  static unsigned char block[65536];
  unsigned long long hash = 0xcbf29ce484222325ULL, total = 0;
  for (ssize_t n; (n = read(rest_count > 0 ? (int)number(0) : 0, block, sizeof block)) > 0; total += (size_t)n)
    for (ssize_t i = 0; i < n; i++) hash = (hash ^ block[i]) * 0x100000001b3ULL;
  printf("%llu %016llx\n", total, hash);
}

/* shutdown FD HOW: 0 for reading, 1 for writing. */
static void do_shutdown(void) { shutdown((int)number(0), (int)number(1)); }

/* try FD TEXT: writes without SIGPIPE and says on stderr what came of it. */
static void do_try(void) {
  signal(SIGPIPE, SIG_IGN);
  ssize_t n = write((int)number(0), arg(1), strlen(arg(1)));
  fprintf(stderr, n < 0 ? "%s\n" : "written\n", n < 0 ? strerror(errno) : "");
}

/* close FD */
static void do_close(void) { close((int)number(0)); }

/* exit CODE */
static void do_exit(void) { _exit((int)number(0)); }

/* raise SIGNUM */
static void do_raise(void) {
  raise((int)number(0));
  pause();
}

/* pause: for ever (but no longer than two minutes: a test that loses its child must not leave it behind). */
static void do_pause(void) {
  alarm(120);
  for (;;) pause();
}

/* sleep MILLISECONDS */
static void do_sleep(void) {
  struct timespec t = {number(0) / 1000, number(0) % 1000 * 1000000};
  while (nanosleep(&t, &t) != 0 && errno == EINTR) {
  }
}

static void print_and_exit(int signum) {
  char text[32];
  int n = snprintf(text, sizeof text, "signal %d\n", signum);
  put(1, text, (size_t)n);
  _exit(9);
}

/* trap SIGNUM: on that signal prints "signal N" and exits with 9. */
static void do_trap(void) { signal((int)number(0), print_and_exit); }

/* ignore SIGNUM */
static void do_ignore(void) { signal((int)number(0), SIG_IGN); }

/* env [NAME...]: prints NAME=value or NAME unset; without names all. */
static void do_env(void) {
  for (int i = 0; i < rest_count; i++) {
    const char *value = getenv(rest[i]);
    printf(value != NULL ? "%s=%s\n" : "%s unset\n", rest[i], value);
  }
  for (char **e = environ; rest_count == 0 && *e != NULL; e++) puts(*e);
}

/* args WORD...: one a line, in brackets. */
static void do_args(void) {
  for (int i = 0; i < rest_count; i++) printf("[%s]\n", rest[i]);
}

static const char *program;

/* argv0 */
static void do_argv0(void) { puts(program); }

/* cwd */
static void do_cwd(void) {
  char path[4096];
  puts(getcwd(path, sizeof path) != NULL ? path : "?");
}

/* ids: uid gid euid egid and the supplementary groups. */
static void do_ids(void) {
  gid_t groups[64];
  int n = getgroups(64, groups);
  printf("uid=%d gid=%d euid=%d egid=%d groups=", (int)getuid(), (int)getgid(), (int)geteuid(), (int)getegid());
  for (int i = 0; i < n; i++) printf(i > 0 ? ",%d" : "%d", (int)groups[i]);
  puts("");
}

/* tree: pid, parent, group, session as "pid=.. ppid=.. pgid=.. sid=..". */
static void do_tree(void) {
  printf("pid=%d ppid=%d pgid=%d sid=%d\n", (int)getpid(), (int)getppid(), (int)getpgrp(), (int)getsid(0));
}

/* signals: blocked, ignored and caught ones, as /proc says. */
static void do_signals(void) {
  char line[256];
  FILE *status = fopen("/proc/self/status", "re");
  while (status != NULL && fgets(line, sizeof line, status) != NULL)
    if (strncmp(line, "SigBlk", 6) == 0 || strncmp(line, "SigIgn", 6) == 0 || strncmp(line, "SigCgt", 6) == 0)
      fputs(line, stdout);
}

/* deathsig: the signal that the parent's death would send. */
static void do_deathsig(void) {
  int signum = -1;
  prctl(PR_GET_PDEATHSIG, &signum);
  printf("%d\n", signum);
}

/* limits: what it inherited that bounds its use of the machine. */
static void do_limits(void) {
  struct rlimit files, cpu, core;
  mode_t mask = umask(0);
  getrlimit(RLIMIT_NOFILE, &files);
  getrlimit(RLIMIT_CPU, &cpu);
  getrlimit(RLIMIT_CORE, &core);
  printf("nice=%d umask=%03o nofile=%lld:%lld cpu=%lld:%lld core=%lld:%lld\n", getpriority(PRIO_PROCESS, 0), mask,
         (long long)files.rlim_cur, (long long)files.rlim_max, (long long)cpu.rlim_cur, (long long)cpu.rlim_max,
         (long long)core.rlim_cur, (long long)core.rlim_max);
}

static const char *kind_of(int fd) {
  struct stat st;
  if (fstat(fd, &st) != 0) return "closed";
  if (S_ISFIFO(st.st_mode)) return "pipe";
  if (S_ISSOCK(st.st_mode)) return "socket";
  if (S_ISREG(st.st_mode)) return "file";
  if (S_ISCHR(st.st_mode)) return st.st_rdev == 0x103 ? "null" : "device";
  return "other";
}

/* fds: every open fd as "N kind mode blocking|nonblocking", in order. */
static void do_fds(void) {
  for (int fd = 0; fd < 4096; fd++) {
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0) continue;
    static const char *const modes[] = {"r", "w", "rw", "?"};
    printf("%d %s %s %s\n", fd, kind_of(fd), modes[flags & 3], flags & O_NONBLOCK ? "nonblocking" : "blocking");
  }
}

/* reopen PATH: writes "ok" to a file such as /dev/stdout that is opened anew. */
static void do_reopen(void) {
  int fd = open(arg(0), O_WRONLY);
  if (fd < 0) exit(errno);
  put(fd, "ok", 2);
}

/* load PATH: the content of a file such as /dev/stdin that is opened anew, to stdout. */
static void do_load(void) {
  char block[4096];
  int fd = open(arg(0), O_RDONLY);
  if (fd < 0) exit(errno);
  for (ssize_t n; (n = read(fd, block, sizeof block)) > 0;) put(1, block, (size_t)n);
  close(fd);
}

/* burn MILLISECONDS: of CPU time. */
static void do_burn(void) {
  while (clock() < number(0) * (CLOCKS_PER_SEC / 1000)) {
  }
}

/* touch MIB: so much memory. */
static void do_touch(void) {
  size_t size = (size_t)number(0) << 20;
  volatile char *memory = malloc(size);
  for (size_t i = 0; memory != NULL && i < size; i += 4096) memory[i] = 1;
}

/* flush: what was printed so far reaches the pipe. */
static void do_flush(void) { fflush(stdout); }

/* setsid: a session and a group of its own. */
static void do_setsid(void) { (void)setsid(); }

static void print_pid(void) {
  char text[32];
  int n = snprintf(text, sizeof text, "pid %d\n", (int)getpid());
  put(1, text, (size_t)n);
}

/* chain N [sid]: a child that has a child, and so on, N processes in all; each says "pid P". `sid`: in sessions of their own. */
static void do_chain(void) {
  bool sessions = rest_count > 1;
  for (long left = number(0); left > 1 && fork() == 0; left--)
    if (sessions) (void)setsid();
  print_pid();
  do_pause();
}

/* orphan: a grandchild says "pid P" and is left alone by its parent. */
static void do_orphan(void) {
  pid_t parent = fork();
  if (parent > 0) {
    (void)waitpid(parent, NULL, 0);
    return;
  }
  if (fork() > 0) _exit(0);
  while (getppid() == parent) {
  }
  print_pid();
  do_pause();
}

static void say_got(int signum) {
  (void)signum;
  put(1, "got\n", 4);
}

/* tally SIGNUM: says "got" for each; in the children, too. */
static void do_tally(void) {
  struct sigaction action = {.sa_handler = say_got, .sa_flags = SA_RESTART};
  (void)sigaction((int)number(0), &action, NULL);
}

/*
 * storm N: processes that start others for ever, up to N of them that do so, and any number that end at once. Nobody
 * ends before those that it has started. Each says "pid P" at its start; all end by themselves after 20 seconds.
 */
static void do_storm(void) {
  int *started = mmap(NULL, sizeof *started, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  int most = (int)number(0);
  if (started == MAP_FAILED) exit(1);
again:
  (void)alarm(20);
  print_pid();
  for (;;) {
    bool stays = __atomic_load_n(started, __ATOMIC_RELAXED) < most;
    stays = stays && __atomic_add_fetch(started, 1, __ATOMIC_RELAXED) < most;
    pid_t pid = fork();
    if (pid == 0 && !stays) _exit(0);
    if (pid == 0) {
      if (getpid() % 2 != 0) (void)setsid();
      goto again;
    }
    if (!stays && pid > 0) (void)waitpid(pid, NULL, 0);
  }
}

static const struct {
  const char *name;
  void (*run)(void);
} verbs[] = {
    {"echo", do_echo},     {"write", do_write},     {"hex", do_hex},           {"fill", do_fill},
    {"cat", do_cat},       {"count", do_count},     {"read", do_read},         {"close", do_close},
    {"exit", do_exit},     {"raise", do_raise},     {"pause", do_pause},       {"sleep", do_sleep},
    {"trap", do_trap},     {"ignore", do_ignore},   {"env", do_env},           {"args", do_args},
    {"argv0", do_argv0},   {"cwd", do_cwd},         {"ids", do_ids},           {"tree", do_tree},
    {"fds", do_fds},       {"signals", do_signals}, {"burn", do_burn},         {"touch", do_touch},
    {"flush", do_flush},   {"reopen", do_reopen},   {"deathsig", do_deathsig}, {"load", do_load},
    {"limits", do_limits}, {"sum", do_sum},         {"shutdown", do_shutdown}, {"try", do_try},
    {"setsid", do_setsid}, {"chain", do_chain},     {"orphan", do_orphan},     {"tally", do_tally},
    {"storm", do_storm},
};

static void run_verb(const char *name) {
  for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
    if (strcmp(verbs[i].name, name) != 0) continue;
    verbs[i].run();
    fflush(stdout);
    return;
  }
  fprintf(stderr, "helper: unknown verb %s\n", name);
  exit(125);
}

static int length_of_verb(char **argv) {
  int n = 0;
  while (argv[n] != NULL && strcmp(argv[n], "--") != 0) n++;
  return n;
}

static void run_words(char **words, int count) {
  rest = words + 1;
  rest_count = count - 1;
  run_verb(words[0]);
}

/* "fork VERB ARGS": a grandchild does it, and nobody waits for it. */
int main(int argc, char **argv) {
  program = argv[0];
  for (int i = 1; i < argc;) {
    int n = length_of_verb(argv + i);
    bool forks = n > 1 && strcmp(argv[i], "fork") == 0;
    if (forks && fork() == 0) {
      run_words(argv + i + 1, n - 1);
      _exit(0);
    }
    if (n > 0 && !forks) run_words(argv + i, n);
    i += n + 1;
  }
  return 0;
}
