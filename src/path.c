/* path.c - searching PATH. */
#include "path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "child_process.h"

static const char DEFAULT_PATH[] = "/bin:/usr/bin";

static char *join(cp__arena *arena, const char *directory, size_t length, const char *file) {
  if (length == 0) return cp__arena_string(arena, file);
  size_t name = strlen(file);
  char *path = cp__arena_alloc(arena, length + 1 + name + 1);
  if (path == NULL) return NULL;
  memcpy(path, directory, length);
  path[length] = '/';
  memcpy(path + length + 1, file, name);
  return path;
}

const char *const *cp__path_candidates(cp__arena *arena, const char *file, const char *path) {
  if (path == NULL) path = DEFAULT_PATH;
  size_t n = 1;
  for (const char *p = path; *p != '\0'; p++) n += *p == ':';
  const char **list = cp__arena_alloc(arena, (n + 1) * sizeof *list);
  if (list == NULL) return NULL;
  if (strchr(file, '/') != NULL) {
    list[0] = file;
    return list;
  }
  for (size_t i = 0; i < n; i++) {
    size_t length = strcspn(path, ":");
    list[i] = join(arena, path, length, file);
    if (list[i] == NULL) return NULL;
    path += length + 1;
  }
  return list;
}

/* 0, or why this file cannot be run. */
static int check(const char *path) {
  struct stat st;
  if (stat(path, &st) != 0) return errno == EACCES ? UV_EACCES : UV_ENOENT;
  return S_ISREG(st.st_mode) && faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0 ? 0 : UV_EACCES;
}

int cp_which(char **out, const char *file, const char *path) {
  if (out == NULL || file == NULL || *file == '\0') return UV_EINVAL;
  if (path == NULL) path = getenv("PATH");
  cp__arena arena = {0};
  const char *const *candidates = cp__path_candidates(&arena, file, path);
  int rc = candidates == NULL ? UV_ENOMEM : UV_ENOENT;
  for (; candidates != NULL && *candidates != NULL; candidates++) {
    int found = check(*candidates);
    if (found == UV_EACCES) rc = UV_EACCES;
    if (found != 0) continue;
    char *copy = strdup(*candidates);
    rc = copy == NULL ? UV_ENOMEM : 0;
    if (rc == 0) *out = copy;
    break;
  }
  cp__arena_free(&arena);
  return rc;
}
