/* values.c - the values of options. */
#include "values.h"

#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

typedef struct unit {
  const char *name;
  double factor;
} unit;

/* A decimal number without sign or exponent games: strtod() alone would take "inf", "0x1p3" and " 5". */
static int parse_decimal(const char *text, double *number, const char **end) {
  size_t length = strspn(text, "0123456789.");
  char *stop;
  if (length == 0) return -1;
  if (text[length] == 'e' || text[length] == 'E' || text[length] == 'x' || text[length] == 'X') return -1;
  *number = strtod(text, &stop);
  if (stop != text + length) return -1; /* "1.2.3", "." */
  *end = stop;
  return 0;
}

static int parse_scaled(const char *text, const unit *units, double *number) {
  const char *suffix;
  if (parse_decimal(text, number, &suffix) != 0) return -1;
  for (; units->name != NULL; units++) {
    if (strcasecmp(units->name, suffix) != 0) continue;
    *number *= units->factor;
    return 0;
  }
  return -1;
}

int parse_duration(const char *text, uint64_t *milliseconds) {
  static const unit units[] = {{"", 1e3}, {"ms", 1}, {"s", 1e3}, {"m", 60e3}, {"h", 36e5}, {"d", 864e5}, {NULL, 0}};
  double ms;
  if (parse_scaled(text, units, &ms) != 0) return -1;
  *milliseconds = ms >= 1e18 ? (uint64_t)1e18 : (uint64_t)(ms + 0.5); /* 30 million years are for ever */
  if (ms > 0 && *milliseconds == 0) *milliseconds = 1;
  return 0;
}

int parse_size(const char *text, size_t *bytes) {
  static const unit units[] = {{"", 1},          {"B", 1},       {"K", 1 << 10},   {"KiB", 1 << 10}, {"M", 1 << 20},
                               {"MiB", 1 << 20}, {"G", 1 << 30}, {"GiB", 1 << 30}, {NULL, 0}};
  double size;
  if (strcmp(text, "unlimited") == 0) {
    *bytes = CP_BUFFER_UNLIMITED;
    return 0;
  }
  if (parse_scaled(text, units, &size) != 0 || size >= (double)(SIZE_MAX / 2)) return -1;
  *bytes = size < 1 ? CP_BUFFER_NONE : (size_t)size;
  return 0;
}

int parse_whole(const char *text, uint64_t *number) {
  size_t length = strlen(text);
  if (length == 0 || length > 18 || strspn(text, "0123456789") != length) return -1;
  *number = strtoull(text, NULL, 10);
  return 0;
}

int parse_count(const char *text, uint64_t *count) { return parse_whole(text, count) == 0 && *count > 0 ? 0 : -1; }

int parse_signal(const char *text, int *signum) {
  int number = cp_signal_number(text);
  if (number <= 0) return -1;
  *signum = number;
  return 0;
}

static bool is_number(const char *text) { return *text != '\0' && text[strspn(text, "0123456789")] == '\0'; }

/* The last id, all bits set, means "no change" to the kernel. */
static int parse_number(const char *text, cp_id *id) {
  double number = strtod(text, NULL);
  if (number >= UINT32_MAX) return -1;
  *id = CP_ID((int64_t)number);
  return 0;
}

int parse_user(const char *text, cp_id *uid, cp_id *primary) {
  if (is_number(text)) return parse_number(text, uid);
  const struct passwd *user = getpwnam(text);
  if (user == NULL) return -1;
  *uid = CP_ID(user->pw_uid);
  if (primary != NULL) *primary = CP_ID(user->pw_gid);
  return 0;
}

int parse_group(const char *text, cp_id *gid) {
  if (is_number(text)) return parse_number(text, gid);
  const struct group *group = getgrnam(text);
  if (group == NULL) return -1;
  *gid = CP_ID(group->gr_gid);
  return 0;
}

static int parse_group_words(char *words, cp_id *list, size_t *count) {
  char *rest = NULL;
  *count = 0;
  for (char *word = strtok_r(words, ",", &rest); word != NULL; word = strtok_r(NULL, ",", &rest))
    if (parse_group(word, &list[(*count)++]) != 0) return -1;
  return 0;
}

int parse_groups(const char *text, cp_id **list, size_t *count) {
  size_t found = 0;
  char *words = strdup(text);
  cp_id *ids = calloc(strlen(text) + 1, sizeof *ids); /* more than there can be words */
  int rc = words == NULL || ids == NULL ? -1 : parse_group_words(words, ids, &found);
  free(words);
  if (rc != 0) {
    free(ids);
    return -1;
  }
  free(*list);
  *list = ids;
  *count = found;
  return 0;
}

int parse_nice(const char *text, int *nice) {
  enum { MOST = 39 };
  uint64_t number;
  bool negative = *text == '-';
  if (parse_whole(text + negative, &number) != 0 || number > MOST) return -1;
  *nice = negative ? -(int)number : (int)number;
  return 0;
}

int parse_umask(const char *text, cp_id *mask) {
  enum { OCTAL = 8, DIGITS = 4 };
  size_t length = strlen(text);
  if (length == 0 || length > DIGITS || strspn(text, "01234567") != length) return -1;
  *mask = CP_ID((int64_t)strtol(text, NULL, OCTAL));
  return mask->id <= 0777 ? 0 : -1;
}

/* There is no half of a second or of a file: a fraction needs a unit. */
static int parse_amount(const char *text, uint64_t *amount) {
  size_t size;
  bool is_fraction = strchr(text, '.') != NULL && strspn(text, "0123456789.") == strlen(text);
  if (is_fraction || parse_size(text, &size) != 0) return -1;
  *amount = size == CP_BUFFER_UNLIMITED ? CP_RLIMIT_INFINITY : size == CP_BUFFER_NONE ? 0 : size;
  return 0;
}

static int parse_amounts(char *text, cp_rlimit *limit) {
  char *hard = strchr(text, ':');
  if (hard != NULL) *hard++ = '\0';
  if (parse_amount(text, &limit->soft) != 0) return -1;
  if (parse_amount(hard != NULL ? hard : text, &limit->hard) != 0) return -1;
  return limit->soft <= limit->hard ? 0 : -1;
}

int parse_rlimit(const char *text, cp_rlimit *limit) {
  char words[64];
  size_t length = strlen(text), name = strcspn(text, "=");
  if (length >= sizeof words || name == length) return -1;
  memcpy(words, text, length + 1);
  words[name] = '\0';
  limit->resource = cp_rlimit_number(words);
  return limit->resource >= 0 ? parse_amounts(words + name + 1, limit) : -1;
}
