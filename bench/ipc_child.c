/*
 * ipc_child.c - the other end of the channels that are measured, and of the bare sockets.
 *
 *   ipc_child VERB FORM      on an IPC channel; FORM is text, or value to have each message as a value
 *     echo                   sends each message back
 *     sink                   takes messages and handles, sends how many when a message is a string
 *     size                   answers each message with its length
 *   ipc_child VERB           on a socket at fd 0
 *     raw-echo               sends back what comes
 *     raw-sink               takes eight bytes that say how many follow, and those; sends the eight bytes back
 *     raw-keep               the same, and has all of it in memory
 *     raw-handles            takes eight bytes that say how many fds follow, one with each byte; likewise
 */
#include <child_process.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CHUNK_BYTES = 65536 };

static _Noreturn void give_up(const char *what) {
  (void)fprintf(stderr, "ipc_child: %s\n", what);
  exit(1);
}

/* ---------------------------------------------------------------- bare sockets */

/* Ends the program with the input. */
static void read_whole(void *bytes, size_t length) {
  for (size_t done = 0; done < length;) {
    ssize_t n = read(STDIN_FILENO, (char *)bytes + done, length - done);
    if (n <= 0) exit(0);
    done += (size_t)n;
  }
}

static void write_whole(const void *bytes, size_t length) {
  for (size_t done = 0; done < length;) {
    ssize_t n = write(STDIN_FILENO, (const char *)bytes + done, length - done);
    if (n <= 0) exit(0);
    done += (size_t)n;
  }
}

static void raw_echo(void) {
  static char bytes[CHUNK_BYTES];
  for (;;) {
    ssize_t n = read(STDIN_FILENO, bytes, sizeof bytes);
    if (n <= 0) exit(0);
    write_whole(bytes, (size_t)n);
  }
}

static void raw_sink(uint64_t length) {
  static char bytes[CHUNK_BYTES];
  while (length > 0) {
    size_t part = length < sizeof bytes ? (size_t)length : sizeof bytes;
    ssize_t n = read(STDIN_FILENO, bytes, part);
    if (n <= 0) exit(0);
    length -= (uint64_t)n;
  }
}

/* The memory is used again for a message of the same length: the least that there is. */
static void raw_keep(uint64_t length) {
  static char *bytes;
  static uint64_t capacity;
  if (capacity != length) {
    free(bytes);
    bytes = malloc(length);
    capacity = length;
  }
  if (bytes == NULL) give_up("out of memory");
  read_whole(bytes, length);
}

static void raw_handles(uint64_t count) {
  for (; count > 0; count--) {
    union {
      struct cmsghdr aligned;
      char bytes[CMSG_SPACE(sizeof(int))];
    } control;
    char byte;
    int fd;
    struct iovec part = {.iov_base = &byte, .iov_len = 1};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    if (recvmsg(STDIN_FILENO, &message, MSG_CMSG_CLOEXEC) != 1 || CMSG_FIRSTHDR(&message) == NULL) exit(0);
    memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof fd);
    (void)close(fd);
  }
}

static _Noreturn void answer_raw(void (*take)(uint64_t)) {
  uint64_t length;
  for (;;) {
    read_whole(&length, sizeof length);
    take(length);
    write_whole(&length, sizeof length);
  }
}

/* ---------------------------------------------------------------- channels */

static bool wants_values;
static double taken;

static void send_number(cp_channel *channel, double number) {
  if (cp_send(channel, cp_number(number), NULL) < 0) give_up("send");
}

static void echo(cp_channel *channel, cp_message *message, void *data) {
  (void)data;
  size_t length;
  const char *text = wants_values ? NULL : cp_message_json(message, &length);
  int rc = wants_values ? cp_send(channel, cp_message_value(message), NULL) : cp_send_json(channel, text, length, NULL);
  if (rc < 0) give_up(cp_strerror(rc));
}

static bool is_string(cp_message *message) {
  return wants_values ? cp_value_is(cp_message_value(message), CP_TYPE_STRING)
                      : *(const char *)cp_message_json(message, NULL) == '"';
}

static void sink(cp_channel *channel, cp_message *message, void *data) {
  (void)data;
  if (cp_message_handle_count(message) > 0) (void)close(cp_message_take_fd(message, 0));
  if (!is_string(message)) {
    taken++;
    return;
  }
  send_number(channel, taken);
  taken = 0;
}

static void size(cp_channel *channel, cp_message *message, void *data) {
  (void)data;
  size_t length;
  if (wants_values) {
    cp_value value = cp_message_value(message);
    length = cp_value_length(cp_value_is(value, CP_TYPE_OBJECT) ? cp_value_get(value, "text") : value);
  } else {
    (void)cp_message_json(message, &length);
  }
  send_number(channel, (double)length);
}

static int serve(cp_message_cb on_message) {
  uv_loop_t loop;
  cp_channel *channel;
  cp_channel_options options = {.on_message = on_message};
  if (uv_loop_init(&loop) != 0) give_up("loop");
  int rc = cp_parent_channel(&channel, &loop, &options);
  if (rc != 0) give_up(cp_strerror(rc));
  (void)uv_run(&loop, UV_RUN_DEFAULT);
  cp_channel_free(channel);
  (void)uv_run(&loop, UV_RUN_DEFAULT);
  return uv_loop_close(&loop) == 0 ? 0 : 1;
}

int main(int argc, char **argv) {
  const char *verb = argc > 1 ? argv[1] : "";
  wants_values = argc > 2 && strcmp(argv[2], "value") == 0;
  if (strcmp(verb, "raw-echo") == 0) raw_echo();
  if (strcmp(verb, "raw-sink") == 0) answer_raw(raw_sink);
  if (strcmp(verb, "raw-keep") == 0) answer_raw(raw_keep);
  if (strcmp(verb, "raw-handles") == 0) answer_raw(raw_handles);
  if (strcmp(verb, "echo") == 0) return serve(echo);
  if (strcmp(verb, "sink") == 0) return serve(sink);
  if (strcmp(verb, "size") == 0) return serve(size);
  give_up("unknown verb");
}
