/* rlimit.c - the resources that the kernel limits, by name. */
#include "rlimit.h"

#include <strings.h>
#include <sys/resource.h>

#include "child_process.h"

typedef struct resource {
  const char *name; /* of the constant */
  int number;
} resource;

#define RESOURCE(name)                                                                                                 \
  { #name, name }

static const resource resources[] = {
    RESOURCE(RLIMIT_AS),     RESOURCE(RLIMIT_CORE),       RESOURCE(RLIMIT_CPU),     RESOURCE(RLIMIT_DATA),
    RESOURCE(RLIMIT_FSIZE),  RESOURCE(RLIMIT_NOFILE),     RESOURCE(RLIMIT_STACK),
#ifdef RLIMIT_NPROC
    RESOURCE(RLIMIT_NPROC),  RESOURCE(RLIMIT_RSS),        RESOURCE(RLIMIT_MEMLOCK),
#endif
#ifdef RLIMIT_RTTIME
    RESOURCE(RLIMIT_LOCKS),  RESOURCE(RLIMIT_MSGQUEUE),   RESOURCE(RLIMIT_NICE),    RESOURCE(RLIMIT_RTPRIO),
    RESOURCE(RLIMIT_RTTIME), RESOURCE(RLIMIT_SIGPENDING),
#endif
};

enum { RESOURCES = sizeof resources / sizeof *resources };

const char *cp__rlimit_name(int number) {
  for (int i = 0; i < RESOURCES; i++)
    if (resources[i].number == number) return resources[i].name;
  return "";
}

bool cp__rlimit_valid(int number) { return *cp__rlimit_name(number) != '\0'; }

int cp_rlimit_number(const char *name) {
  enum { PREFIX = sizeof "RLIMIT_" - 1 };
  for (int i = 0; name != NULL && i < RESOURCES; i++)
    if (strcasecmp(name, resources[i].name) == 0 || strcasecmp(name, resources[i].name + PREFIX) == 0)
      return resources[i].number;
  return UV_EINVAL;
}
