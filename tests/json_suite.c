/*
 * json_suite.c - reads the files of a JSON test suite: those named y_* must be accepted, n_* refused, i_* may be either.
 * The check and the reader must agree on each. For script/test-json-suite.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ipc/json.h"

static char *read_file(const char *path, size_t *length) {
  FILE *file = fopen(path, "rb");
  cp__buffer content = {0};
  if (file == NULL) return NULL;
  for (uint8_t *room; (room = cp__buffer_room(&content, 65536)) != NULL;) {
    size_t count = fread(room, 1, 65536, file);
    if (count == 0) break;
    content.length += count;
  }
  (void)fclose(file);
  *length = content.length;
  return (char *)content.bytes;
}

/* 0 or the error's code; INT32_MAX: the two disagree. */
static int judge(const char *text, size_t length) {
  static const cp_limits limits = {.max_bytes = SIZE_MAX, .max_values = SIZE_MAX, .max_depth = 1000};
  cp__json_check check;
  cp_value value;
  cp_heap *heap = cp_heap_new(&limits);
  int checked = cp__json_check_text(&check, text, length, &limits, NULL);
  int read = cp_value_from_json(&value, heap, text, length, NULL);
  cp_heap_free(heap);
  return checked == read ? read : INT32_MAX;
}

static int test_file(const char *path) {
  const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path;
  size_t length;
  char *text = read_file(path, &length);
  if (text == NULL) {
    printf("%s: cannot be read\n", path);
    return 1;
  }
  int rc = judge(text, length);
  free(text);
  bool good = rc != INT32_MAX && (*name == 'i' || (rc == 0) == (*name == 'y'));
  if (!good || *name == 'i')
    printf("%s%s: %s\n", good ? "" : "WRONG: ", name, rc == INT32_MAX ? "check and reader disagree" : cp_err_name(rc));
  return !good;
}

int main(int argc, char **argv) {
  int wrong = 0;
  for (int i = 1; i < argc; i++) wrong += test_file(argv[i]);
  printf("%d files, %d wrong\n", argc - 1, wrong);
  return wrong > 0 || argc == 1;
}
