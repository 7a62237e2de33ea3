/*
 * replay.c - runs a fuzz target over inputs that are kept, with any compiler.
 *
 *   fuzz_replay_NAME CORPUS...            a *.corpus file holds many inputs, any other file is one
 *   fuzz_replay_NAME --unpack CORPUS DIRECTORY
 *   fuzz_replay_NAME --pack CORPUS DIRECTORY
 *
 * A corpus is, for each input, its length as four bytes, the least significant one first, and its bytes.
 */
#include <dirent.h>

#include "fuzz.h"

enum { PREFIX = 4 };

typedef struct input {
  uint8_t *bytes;
  size_t length;
} input;

static void fail(const char *what, const char *name) {
  (void)fprintf(stderr, "replay: %s: %s\n", name, what);
  exit(2);
}

static input read_file(const char *path) {
  input file = {0};
  size_t capacity = 0, n;
  FILE *from = fopen(path, "rb");
  if (from == NULL) fail("cannot be read", path);
  do {
    if (capacity - file.length < 1) file.bytes = realloc(file.bytes, capacity = capacity * 2 + 4096);
    if (file.bytes == NULL) fail("out of memory", path);
    n = fread(file.bytes + file.length, 1, capacity - file.length, from);
    file.length += n;
  } while (n > 0);
  (void)fclose(from);
  return file;
}

/* The input lies in memory of its own size, so that a sanitizer sees a step beyond it. */
static void run(const uint8_t *bytes, size_t length) {
  uint8_t *copy = malloc(length > 0 ? length : 1);
  if (copy == NULL) fail("out of memory", "an input");
  memcpy(copy, bytes, length);
  (void)LLVMFuzzerTestOneInput(copy, length);
  free(copy);
}

/* Goes through the inputs of a corpus: runs them, or puts each into a file. Their number. */
static size_t each_input(const char *path, const char *directory) {
  input corpus = read_file(path);
  size_t count = 0;
  for (size_t at = 0; at < corpus.length; count++) {
    if (corpus.length - at < PREFIX) fail("is cut off", path);
    size_t length = 0;
    for (size_t i = PREFIX; i-- > 0;) length = length << 8 | corpus.bytes[at + i];
    at += PREFIX;
    if (length > corpus.length - at) fail("is cut off", path);
    if (directory != NULL) {
      char name[512];
      (void)snprintf(name, sizeof name, "%s/%06zu", directory, count);
      FILE *to = fopen(name, "wb");
      if (to == NULL || fwrite(corpus.bytes + at, 1, length, to) != length || fclose(to) != 0)
        fail("cannot be written", name);
    } else {
      run(corpus.bytes + at, length);
    }
    at += length;
  }
  free(corpus.bytes);
  return count;
}

static size_t pack(const char *path, const char *directory) {
  struct dirent **names;
  size_t packed = 0;
  int count = scandir(directory, &names, NULL, alphasort);
  FILE *to = fopen(path, "wb");
  if (count < 0 || to == NULL) fail("cannot be opened", count < 0 ? directory : path);
  for (int i = 0; i < count; i++) {
    char name[512];
    (void)snprintf(name, sizeof name, "%s/%s", directory, names[i]->d_name);
    bool hidden = names[i]->d_name[0] == '.';
    free(names[i]);
    if (hidden) continue;
    input one = read_file(name);
    uint8_t prefix[PREFIX];
    for (size_t k = 0; k < PREFIX; k++) prefix[k] = (uint8_t)(one.length >> (8 * k));
    if (fwrite(prefix, 1, PREFIX, to) != PREFIX || fwrite(one.bytes, 1, one.length, to) != one.length)
      fail("cannot be written", path);
    free(one.bytes);
    packed++;
  }
  free(names);
  if (fclose(to) != 0) fail("cannot be written", path);
  return packed;
}

static size_t replay(const char *path) {
  const char *dot = strrchr(path, '.');
  if (dot != NULL && strcmp(dot, ".corpus") == 0) return each_input(path, NULL);
  input one = read_file(path);
  run(one.bytes, one.length);
  free(one.bytes);
  return 1;
}

int main(int argc, char **argv) {
  size_t count = 0;
  if (argc == 4 && strcmp(argv[1], "--unpack") == 0)
    count = each_input(argv[2], argv[3]);
  else if (argc == 4 && strcmp(argv[1], "--pack") == 0)
    count = pack(argv[2], argv[3]);
  else
    for (int i = 1; i < argc; i++) count += replay(argv[i]);
  printf("%zu inputs\n", count);
  return count > 0 ? 0 : 2;
}
