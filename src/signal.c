/* signal.c - signals by name and number. */
#include "signum.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

static const struct {
  int number;
  const char *name;
} signals[] = {
    {SIGHUP, "SIGHUP"},       {SIGINT, "SIGINT"},   {SIGQUIT, "SIGQUIT"}, {SIGILL, "SIGILL"},
    {SIGTRAP, "SIGTRAP"},     {SIGABRT, "SIGABRT"}, {SIGBUS, "SIGBUS"},   {SIGFPE, "SIGFPE"},
    {SIGKILL, "SIGKILL"},     {SIGUSR1, "SIGUSR1"}, {SIGSEGV, "SIGSEGV"}, {SIGUSR2, "SIGUSR2"},
    {SIGPIPE, "SIGPIPE"},     {SIGALRM, "SIGALRM"}, {SIGTERM, "SIGTERM"}, {SIGCHLD, "SIGCHLD"},
    {SIGCONT, "SIGCONT"},     {SIGSTOP, "SIGSTOP"}, {SIGTSTP, "SIGTSTP"}, {SIGTTIN, "SIGTTIN"},
    {SIGTTOU, "SIGTTOU"},     {SIGURG, "SIGURG"},   {SIGXCPU, "SIGXCPU"}, {SIGXFSZ, "SIGXFSZ"},
    {SIGVTALRM, "SIGVTALRM"}, {SIGPROF, "SIGPROF"}, {SIGSYS, "SIGSYS"},
#ifdef SIGSTKFLT
    {SIGSTKFLT, "SIGSTKFLT"},
#endif
#ifdef SIGWINCH
    {SIGWINCH, "SIGWINCH"},
#endif
#ifdef SIGPOLL
    {SIGPOLL, "SIGPOLL"},
#endif
#ifdef SIGIO
    {SIGIO, "SIGIO"}, /* the same number as SIGPOLL on Linux */
#endif
#ifdef SIGPWR
    {SIGPWR, "SIGPWR"},
#endif
    {SIGABRT, "SIGIOT"},
};

enum { FIRST_RT = 34, LAST_RT = 64 }; /* as glibc and musl number them: SIGRTMIN is 34 or 35, the names count from 34 */

static const char *const realtime[] = {
    "SIGRTMIN",    "SIGRTMIN+1",  "SIGRTMIN+2",  "SIGRTMIN+3",  "SIGRTMIN+4",  "SIGRTMIN+5",  "SIGRTMIN+6",
    "SIGRTMIN+7",  "SIGRTMIN+8",  "SIGRTMIN+9",  "SIGRTMIN+10", "SIGRTMIN+11", "SIGRTMIN+12", "SIGRTMIN+13",
    "SIGRTMIN+14", "SIGRTMIN+15", "SIGRTMAX-14", "SIGRTMAX-13", "SIGRTMAX-12", "SIGRTMAX-11", "SIGRTMAX-10",
    "SIGRTMAX-9",  "SIGRTMAX-8",  "SIGRTMAX-7",  "SIGRTMAX-6",  "SIGRTMAX-5",  "SIGRTMAX-4",  "SIGRTMAX-3",
    "SIGRTMAX-2",  "SIGRTMAX-1",  "SIGRTMAX",
};

bool cp__signal_valid(int signum) { return signum >= 1 && signum <= LAST_RT; }

int cp__kill_signal(const cp_options *options) { return options->kill_signal != 0 ? options->kill_signal : SIGTERM; }

const char *cp_signal_name(int signum) {
  for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
    if (signals[i].number == signum) return signals[i].name;
  return signum >= FIRST_RT && signum <= LAST_RT ? realtime[signum - FIRST_RT] : NULL;
}

const char *cp__signal_label(int signum) {
  const char *name = cp_signal_name(signum);
  return name != NULL ? name : "a signal";
}

/* "15" is 15; anything else that is not wholly a number is -1. */
static int parse_number(const char *text) {
  char *end;
  long value = strtol(text, &end, 10);
  return *text >= '0' && *text <= '9' && *end == '\0' && value <= LAST_RT ? (int)value : -1;
}

/* Compares without case, with or without "SIG". */
static bool is_named(const char *full, const char *name) {
  return strcasecmp(full, name) == 0 || strcasecmp(full + 3, name) == 0;
}

int cp_signal_number(const char *name) {
  if (name == NULL || *name == '\0') return UV_EINVAL;
  int number = parse_number(name);
  if (cp__signal_valid(number)) return number;
  for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
    if (is_named(signals[i].name, name)) return signals[i].number;
  for (int i = FIRST_RT; i <= LAST_RT; i++)
    if (is_named(realtime[i - FIRST_RT], name)) return i;
  return UV_EINVAL;
}
