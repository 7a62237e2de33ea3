/*
 * The twin of "GOOD: Use shared memory or files for large data" of the internals page: the child gets the open file, not a
 * name, and maps the parent's own pages: nothing is copied. Only this library understands CP_HANDLE_FD.
 *
 *   const shm = createSharedArrayBuffer(size);
 *   child.send({ shmName: shm.name });
 */
#include <child_process.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BYTES = 16 << 20 };

static unsigned char *map(int fd, size_t length) {
  void *memory = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  return memory == MAP_FAILED ? NULL : memory;
}

/* ---- The child: adds up all bytes, and then writes into the first one. */

static double add_up(int fd) {
  struct stat file;
  if (fd < 0 || fstat(fd, &file) < 0) return -1;
  unsigned char *memory = map(fd, (size_t)file.st_size);
  if (memory == NULL) return -1;
  double sum = 0;
  for (off_t i = 0; i < file.st_size; i++) sum += memory[i];
  memory[0] = 42;
  munmap(memory, (size_t)file.st_size);
  return sum;
}

static void child_on_message(cp_channel *parent, cp_message *message, void *data) {
  int fd = cp_message_take_fd(message, 0);
  int rc = cp_send(parent, cp_number(add_up(fd)), NULL);
  if (rc < 0) fprintf(stderr, "child: %s\n", cp_strerror(rc));
  if (fd >= 0) close(fd);
}

/* ---- The parent */

static void on_message(cp_child *child, cp_message *message, void *data) {
  const unsigned char *memory = data;
  printf("The sum of %d bytes is %.0f\n", BYTES, cp_value_number(cp_message_value(message)));
  printf("The child has written %d\n", memory[0]);
  cp_channel_disconnect(cp_child_channel(child));
}

static int send_file(cp_channel *child, int fd) {
  cp_handle handle = {.type = CP_HANDLE_FD, .fd = fd};
  int rc = cp_send(child, cp_null(), &(cp_send_options){.handles = &handle, .handle_count = 1});
  if (rc < 0) cp_channel_disconnect(child);
  return rc;
}

static void on_error(cp_child *child, const cp_error *error, void *data) { fprintf(stderr, "%s\n", error->message); }

/* The child is known to use this library, so the file may be sent before it has said so. */
static int share(uv_loop_t *loop, const char *module, unsigned char *memory, int fd) {
  cp_child *child;
  int rc =
      cp_fork(&child, loop, module, NULL,
              &(cp_options){.on_error = on_error, .peer_is_library = true, .on_message = on_message, .data = memory});
  if (rc < 0) return rc;
  rc = send_file(cp_child_channel(child), fd);
  uv_run(loop, UV_RUN_DEFAULT);
  cp_child_free(child);
  return rc;
}

static int run_parent(uv_loop_t *loop, const char *module) {
  FILE *file = tmpfile(); /* memfd_create() of Linux does without a disk */
  unsigned char *memory = NULL;
  if (file && ftruncate(fileno(file), BYTES) == 0) memory = map(fileno(file), BYTES);
  int rc = uv_translate_sys_error(errno);
  if (memory) {
    memset(memory, 1, BYTES);
    rc = share(loop, module, memory, fileno(file));
    munmap(memory, BYTES);
  }
  if (file) fclose(file);
  return rc;
}

int main(int argc, char **argv) {
  uv_loop_t *loop = uv_default_loop();
  cp_channel *parent;
  int rc = cp_parent_channel(&parent, loop, &(cp_channel_options){.on_message = child_on_message});
  if (rc == 0) {
    uv_run(loop, UV_RUN_DEFAULT);
    cp_channel_free(parent);
  } else {
    rc = run_parent(loop, argv[0]);
  }
  if (rc < 0) fprintf(stderr, "%s\n", cp_strerror(rc));
  uv_run(loop, UV_RUN_DEFAULT); /* what was freed is closed here */
  return rc < 0 || uv_loop_close(loop) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
