/* env.c - the child's environment: exact, or an overlay on another. */
#include "env.h"

#include <stdbool.h>
#include <string.h>

static size_t name_length(const char *entry) { return strcspn(entry, "="); }

static bool same_name(const char *a, const char *b) {
  size_t length = name_length(a);
  return length == name_length(b) && memcmp(a, b, length) == 0;
}

static size_t count(const char *const *list) {
  size_t n = 0;
  while (list != NULL && list[n] != NULL) n++;
  return n;
}

const char *cp__env_get(const char *const *env, const char *name) {
  size_t length = strlen(name);
  for (; *env != NULL; env++)
    if (strncmp(*env, name, length) == 0 && (*env)[length] == '=') return *env + length + 1;
  return NULL;
}

/* The last entry of the overlay for the name that `entry` begins with, so that a later change wins. */
static const char *change_for(const char *const *overlay, size_t n, const char *entry) {
  while (n-- > 0)
    if (same_name(overlay[n], entry)) return overlay[n];
  return NULL;
}

const char *const *cp__env_make(cp__arena *arena, const char *const *base, const char *const *overlay) {
  size_t changes = count(overlay);
  if (changes == 0) return base;
  const char **env = cp__arena_alloc(arena, (count(base) + changes + 1) * sizeof *env);
  if (env == NULL) return NULL;
  size_t n = 0;
  for (; *base != NULL; base++)
    if (change_for(overlay, changes, *base) == NULL) env[n++] = *base;
  for (size_t i = 0; i < changes; i++)
    if (strchr(overlay[i], '=') != NULL && change_for(overlay, changes, overlay[i]) == overlay[i])
      env[n++] = overlay[i];
  return env;
}
