/*
 * fuzz_channel.c - a channel whose peer does what the input says: bytes, frames, open files of many kinds at any place,
 * while the program pauses, sends, flushes, disconnects and frees. Whatever comes, it ends well and leaves no fd open.
 *
 * The first byte is the set-up; then steps: one byte that says what, and what that takes.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "child_process.h"
#include "fuzz.h"

enum { KEPT = 4, MOST_STEPS = 200, MOST_FDS = 60, MOST_LARGE = 2 };

typedef struct session {
  const uint8_t *data, *end;
  cp_serialization serialization;
  cp_channel *channel; /* NULL: freed */
  int peer;
  cp_message *kept[KEPT];
  unsigned habits; /* what the program does with a message: bits of HABIT_* */
  int messages, errors, disconnects, large;
  bool was_deaf; /* had no listener for a while */
  bool raw;      /* the channel's messages */
  bool in_batch, in_callback;
} session;

enum {
  HABIT_KEEP = 1,
  HABIT_TAKE = 2,
  HABIT_ECHO = 4,
  HABIT_REPLY = 8,
  HABIT_FLUSH = 16,
  HABIT_JSON = 32,
  ALL_HABITS = 63
};

static uint8_t byte(session *s) { return s->data < s->end ? *s->data++ : 0; }

/* ---------------------------------------------------------------- the program */

static void take_fds(cp_message *message) {
  for (size_t i = 0; i < cp_message_handle_count(message); i++) {
    int fd = cp_message_take_fd(message, i);
    if (fd >= 0) HOLDS(close(fd) == 0);
  }
}

static void keep(session *s, cp_message *message) {
  cp_message **place = &s->kept[s->messages % KEPT];
  cp_message_free(*place);
  *place = cp_message_keep(message);
}

/* Every byte is looked at, so that AddressSanitizer sees memory that is gone. */
static void look_at(cp_message *message) {
  size_t length;
  const uint8_t *payload = cp_message_payload(message, &length);
  volatile uint64_t sum = fuzz_hash(payload, length);
  (void)sum;
}

static void on_message(cp_channel *channel, cp_message *message, void *data) {
  session *s = data;
  HOLDS(s->disconnects == 0 || s->was_deaf); /* what came without a listener waits for one, even then */
  s->messages++;
  s->in_batch = s->in_callback = true;
  HOLDS(s->raw || cp_value_type(cp_message_value(message)) != CP_TYPE_NONE);
  if (s->habits & HABIT_TAKE) take_fds(message);
  if (s->habits & HABIT_ECHO) (void)cp_send(channel, cp_message_value(message), NULL);
  if (s->habits & HABIT_REPLY) (void)cp_reply(message, cp_message_value(message));
  if (s->habits & HABIT_FLUSH) (void)cp_channel_flush(channel, 1);
  bool may_explode = s->serialization == CP_SERIALIZATION_ADVANCED; /* a sparse array has up to 2 GiB of text */
  if (s->habits & HABIT_JSON && !may_explode) (void)cp_message_json(message, NULL);
  look_at(message);
  if (s->habits & HABIT_KEEP) keep(s, message);
  s->in_callback = false;
}

static void on_internal(cp_channel *channel, cp_message *message, void *data) {
  session *s = data;
  (void)channel;
  s->in_batch = true;
  look_at(message);
}

static void on_error(cp_channel *channel, const cp_error *error, void *data) {
  session *s = data;
  (void)channel;
  HOLDS(s->disconnects == 0 && error->code < 0 && error->message[0] != '\0');
  s->errors++;
}

static void on_batch_end(cp_channel *channel, void *data) {
  session *s = data;
  (void)channel;
  HOLDS(s->in_batch && !s->in_callback);
  s->in_batch = false;
}

static void on_disconnect(cp_channel *channel, void *data) {
  session *s = data;
  HOLDS(!cp_channel_connected(channel) && !s->in_batch);
  HOLDS(s->disconnects++ == 0);
}

static void on_reply(cp_channel *channel, int status, cp_message *reply, cp_value result, void *data) {
  (void)channel, (void)result, (void)data;
  HOLDS((reply != NULL) == (status == 0 || status == CP_EREPLY));
}

static char large_text[600000]; /* beyond what goes through shared memory */

static void send_something(session *s, uint8_t what) {
  cp_heap *heap = cp_heap_new(NULL);
  cp_handle handles[3] = {{.type = CP_HANDLE_FD, .fd = s->peer},
                          {.type = CP_HANDLE_SOCKET, .fd = s->peer, .key = "4::0", .unread = "xyz", .unread_length = 3},
                          {.type = CP_HANDLE_NATIVE, .fd = s->peer}};
  cp_send_options options = {.handles = &handles[what & 1 ? 0 : 2], .handle_count = what & 1 ? 3 : 1};
  cp_value object = cp_value_set(cp_object(heap), "a", cp_number(what));
  if (what % 8 == 5) cp_channel_cork(s->channel);
  if (what % 8 == 6) cp_channel_uncork(s->channel);
  if (what < 64 && what % 4 == 3)
    (void)cp_send_raw(s->channel, large_text, 1 + what, what & 8 ? &options : NULL);
  else if (what < 64)
    (void)cp_send(s->channel, object, NULL);
  else if (what < 128)
    (void)cp_send(s->channel, object, &options);
  else if (what < 192)
    (void)cp_request(s->channel, object, what & 1, on_reply, s);
  else if (s->large++ < MOST_LARGE)
    (void)cp_send(s->channel, cp_string_n(heap, large_text, what & 1 ? sizeof large_text : 70000), NULL);
  cp_heap_free(heap);
}

static void do_call(session *s, uint8_t call) {
  switch (call % 10) {
    case 0:
      cp_channel_pause(s->channel);
      return;
    case 1:
      cp_channel_resume(s->channel);
      return;
    case 2:
      (void)cp_channel_flush(s->channel, call & 1);
      return;
    case 3:
      (void)cp_channel_disconnect(s->channel);
      return;
    case 4:
      s->was_deaf = true;
      cp_channel_on_message(s->channel, call & 16 ? on_message : NULL, s);
      return;
    case 5:
      cp_channel_on_internal(s->channel, call & 16 ? on_internal : NULL, s);
      return;
    case 6:
      s->habits = byte(s);
      return;
    case 7:
      cp_message_free(s->kept[call / 10 % KEPT]);
      s->kept[call / 10 % KEPT] = NULL;
      return;
    case 8:
      cp_channel_free(s->channel);
      s->channel = NULL;
      return;
    default:
      send_something(s, byte(s));
      return;
  }
}

/* ---------------------------------------------------------------- the peer */

static int memory(const uint8_t *bytes, size_t length, unsigned how) {
  int fd = memfd_create("fuzz", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  HOLDS(fd >= 0);
  HOLDS(write(fd, bytes, length) == (ssize_t)length);
  off_t size = (off_t)length + (how & 1 ? 0 : 1);
  HOLDS(ftruncate(fd, size) == 0);
  int seals = how & 2 ? F_SEAL_SHRINK | F_SEAL_WRITE : F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
  if (!(how & 4)) HOLDS(fcntl(fd, F_ADD_SEALS, seals) == 0);
  return fd;
}

/* One file of each kind, open as long as the process is. */
static int any_file(uint8_t kind) {
  static int files[4];
  if (files[1] == 0) {
    int pair[2];
    HOLDS(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
    files[0] = open("/dev/null", O_RDWR | O_CLOEXEC);
    files[2] = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    files[3] = pair[1];
    files[1] = pair[0];
  }
  return files[kind % 4];
}

static void say(session *s, const void *bytes, size_t length, const int *fds, size_t count) {
  union {
    struct cmsghdr aligned;
    char bytes[CMSG_SPACE(sizeof(int) * MOST_FDS)];
  } control;
  struct iovec part = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = length};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
  if (s->peer < 0 || length == 0) return;
  if (count > 0) {
    memset(&control, 0, sizeof control);
    message.msg_control = &control;
    message.msg_controllen = CMSG_SPACE(sizeof(int) * count);
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int) * count);
    memcpy(CMSG_DATA(header), fds, sizeof(int) * count);
  }
  (void)sendmsg(s->peer, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static size_t piece(session *s, const uint8_t **bytes) {
  size_t length = byte(s);
  if (length & 1) length = length << 8 | byte(s);
  if (length > (size_t)(s->end - s->data)) length = (size_t)(s->end - s->data);
  *bytes = s->data;
  s->data += length;
  return length;
}

static void say_frame(session *s, const uint8_t *bytes, size_t length, const int *fds, size_t count) {
  uint8_t *frame = malloc(length + 5);
  size_t skip = s->serialization == CP_SERIALIZATION_ADVANCED ? 4 : 0;
  HOLDS(frame != NULL);
  for (size_t i = 0; i < skip; i++) frame[i] = (uint8_t)(length >> (24 - 8 * i));
  memcpy(frame + skip, bytes, length);
  if (skip == 0) frame[length++] = '\n';
  say(s, frame, skip + length, fds, count);
  free(frame);
}

/* A text as a message of either serialization. */
static void say_text(session *s, const char *text, const int *fds, size_t count) {
  cp_heap *heap = cp_heap_new(NULL);
  cp_value value;
  void *bytes;
  size_t length = strlen(text);
  HOLDS(cp_value_from_json(&value, heap, text, length, NULL) == 0);
  if (s->serialization == CP_SERIALIZATION_JSON) {
    say_frame(s, (const uint8_t *)text, length, fds, count);
  } else {
    HOLDS(cp_value_to_clone(&bytes, &length, value, CP_CLONE_CHANNEL, NULL) == 0);
    say_frame(s, bytes, length, fds, count);
    cp_free(bytes);
  }
  cp_heap_free(heap);
}

static const char *const texts[] = {
    "{\"cmd\":\"NODE_HANDLE\",\"type\":\"net.Native\",\"msg\":1}",
    "{\"cmd\":\"NODE_HANDLE\",\"type\":\"net.Socket\",\"msg\":{\"id\":1},\"key\":\"4::0\"}",
    "{\"cmd\":\"NODE_HANDLE\",\"type\":\"net.Server\",\"msg\":{\"cmd\":\"NODE_HANDLE\",\"type\":\"net.Socket\",\"msg\":"
    "1}}",
    "{\"cmd\":\"NODE_HANDLE_ACK\"}",
    "{\"cmd\":\"NODE_HANDLE_NACK\"}",
    "{\"cmd\":\"NODE_SOCKET_GET_COUNT\",\"key\":\"4::0\"}",
    "{\"cmd\":\"NODE_SOCKET_NOTIFY_CLOSE\",\"key\":\"4::0\"}",
    "{\"cmd\":\"NODE_CHILD_PROCESS_C_HELLO\",\"version\":1}",
    "{\"cmd\":\"NODE_CHILD_PROCESS_C\",\"handles\":[{\"type\":\"fd\"},{\"type\":\"fd\",\"unread\":\"abc\"}],\"msg\":[1]"
    "}",
    "{\"cmd\":\"NODE_CHILD_PROCESS_C\",\"handles\":[{\"type\":\"fd\"}],\"memory\":4}",
    "{\"cmd\":\"NODE_CHILD_PROCESS_C\",\"handles\":[],\"memory\":1e15}",
    "{\"cmd\":\"NODE_CLUSTER\",\"act\":\"x\"}",
    "{\"id\":1,\"result\":[2]}",
    "{\"id\":2,\"error\":\"no\"}",
    "{\"id\":-1,\"result\":1}",
    "[\"plain\"]",
};

static void say_memory(session *s) {
  char text[120];
  const uint8_t *bytes;
  uint8_t how = byte(s);
  size_t length = piece(s, &bytes);
  int fd = memory(bytes, length, how >> 4);
  (void)snprintf(text, sizeof text, "{\"cmd\":\"NODE_CHILD_PROCESS_C\",\"handles\":[],\"memory\":%zu}",
                 length + (how & 15 ? 0 : (size_t)how + 1));
  say_text(s, text, &fd, 1);
  HOLDS(close(fd) == 0);
}

/* The peer takes what there is; an fd that came along is closed. */
static void read_all(session *s) {
  static char buffer[65536];
  union {
    struct cmsghdr aligned;
    char bytes[CMSG_SPACE(sizeof(int) * MOST_FDS)];
  } control;
  for (;;) {
    struct iovec part = {.iov_base = buffer, .iov_len = sizeof buffer};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    if (s->peer < 0 || recvmsg(s->peer, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) <= 0) return;
    struct cmsghdr *header = message.msg_controllen > 0 ? CMSG_FIRSTHDR(&message) : NULL;
    size_t count = header != NULL ? (header->cmsg_len - CMSG_LEN(0)) / sizeof(int) : 0;
    for (size_t i = 0; i < count; i++) (void)close(((int *)(void *)CMSG_DATA(header))[i]);
  }
}

static size_t choose_fds(session *s, int fds[MOST_FDS]) {
  size_t count = byte(s) % (MOST_FDS + 1);
  if (count > 3 && count < 30) count = 2;
  uint8_t kind = byte(s);
  for (size_t i = 0; i < count; i++) fds[i] = any_file((uint8_t)(kind + i));
  return count;
}

static void do_step(session *s, uv_loop_t *loop) {
  const uint8_t *bytes;
  int fds[MOST_FDS];
  uint8_t step = byte(s);
  size_t length, count = step & 64 ? choose_fds(s, fds) : 0;
  switch (step % 8) {
    case 0:
      length = piece(s, &bytes);
      say(s, bytes, length, fds, count);
      return;
    case 1:
      length = piece(s, &bytes);
      say_frame(s, bytes, length, fds, count);
      return;
    case 2:
    case 3:
      say_text(s, texts[byte(s) % (sizeof texts / sizeof *texts)], fds, count);
      return;
    case 4:
      (void)uv_run(loop, UV_RUN_NOWAIT);
      return;
    case 5:
      do_call(s, byte(s));
      return;
    case 6:
      say_memory(s);
      return;
    default:
      read_all(s);
      if (step & 128 && s->peer >= 0) {
        HOLDS(close(s->peer) == 0);
        s->peer = -1;
      }
      return;
  }
}

/* ---------------------------------------------------------------- */

static int next_fd(void) {
  int fd = dup(any_file(0));
  HOLDS(fd >= 0 && close(fd) == 0);
  return fd;
}

static void open_session(session *s, uv_loop_t *loop) {
  int pair[2];
  uint8_t set_up = byte(s);
  s->serialization = set_up & 1 ? CP_SERIALIZATION_ADVANCED : CP_SERIALIZATION_JSON;
  s->habits = set_up >> 2;
  s->raw = s->habits == ALL_HABITS; /* they can be changed later on */
  cp_channel_options options = {.serialization = s->serialization,
                                .on_message = on_message,
                                .on_error = on_error,
                                .on_disconnect = on_disconnect,
                                .peer_is_library = set_up & 2,
                                .raw_messages = s->raw,
                                .limits = {.max_bytes = 1 << 20, .max_values = 10000, .max_depth = 100},
                                .data = s};
  HOLDS(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
  HOLDS(cp_channel_open(&s->channel, loop, pair[0], &options) == 0);
  cp_channel_on_batch_end(s->channel, on_batch_end, s);
  s->peer = pair[1];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static uv_loop_t loop;
  static bool ready;
  session s = {.data = data, .end = data + size};
  if (!ready) HOLDS(uv_loop_init(&loop) == 0);
  if (!ready) memset(large_text, 'x', sizeof large_text);
  ready = true;
  int before = next_fd();
  open_session(&s, &loop);
  for (int i = 0; i < MOST_STEPS && s.data < s.end; i++) do_step(&s, &loop);
  if (s.peer >= 0) HOLDS(close(s.peer) == 0);
  for (int i = 0; i < 3; i++) (void)uv_run(&loop, UV_RUN_NOWAIT);
  cp_channel_free(s.channel);
  for (int i = 0; i < KEPT; i++) cp_message_free(s.kept[i]);
  HOLDS(uv_run(&loop, UV_RUN_DEFAULT) == 0);
  HOLDS(next_fd() == before);
  return 0;
}
