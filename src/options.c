/* options.c - a deep copy of options. */
#include "options.h"

#include <string.h>

static bool copy_string(const char **string, cp__arena *arena) {
  if (*string != NULL) *string = cp__arena_string(arena, *string);
  return *string != NULL;
}

static bool copy_list(const char *const **list, cp__arena *arena) {
  if (*list != NULL) *list = cp__arena_list(arena, *list);
  return *list != NULL;
}

static int copy_bytes(const void **bytes, size_t length, cp__arena *arena) {
  if (*bytes == NULL || length == 0) return 0;
  *bytes = cp__arena_copy(arena, *bytes, length);
  return *bytes != NULL ? 0 : UV_ENOMEM;
}

static int copy_stdio(cp_stdio_list *list, cp__arena *arena) {
  if (list->entries == NULL || list->count == 0) return 0;
  cp_stdio *entries = cp__arena_alloc(arena, list->count * sizeof *entries);
  if (entries == NULL) return UV_ENOMEM;
  memcpy(entries, list->entries, list->count * sizeof *entries);
  for (size_t i = 0; i < list->count; i++)
    if (entries[i].path != NULL && !copy_string(&entries[i].path, arena)) return UV_ENOMEM;
  list->entries = entries;
  return 0;
}

int cp__options_copy(cp_options *out, cp__arena *arena, const cp_options *options) {
  cp_options copy = *options;
  const char **strings[] = {&copy.cwd, &copy.argv0, &copy.shell, &copy.exec_path};
  const char *const **lists[] = {&copy.env, &copy.env_overlay, &copy.exec_argv};
  for (size_t i = 0; i < sizeof strings / sizeof *strings; i++)
    if (*strings[i] != NULL && !copy_string(strings[i], arena)) return UV_ENOMEM;
  for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
    if (*lists[i] != NULL && !copy_list(lists[i], arena)) return UV_ENOMEM;
  const void *groups = copy.groups, *rlimits = copy.rlimits;
  int rc = copy_stdio(&copy.stdio, arena);
  if (rc == 0) rc = copy_bytes(&groups, copy.group_count * sizeof *copy.groups, arena);
  if (rc == 0) rc = copy_bytes(&rlimits, copy.rlimit_count * sizeof *copy.rlimits, arena);
  if (rc == 0) rc = copy_bytes(&copy.input, copy.input_length, arena);
  if (rc != 0) return rc;
  copy.groups = groups;
  copy.rlimits = rlimits;
  copy.error = NULL;
  *out = copy;
  return 0;
}
