/*
 * test_hostile.c - a peer that lies: ten thousand streams of valid sessions gone wrong, always the same ones. The program
 * gets an error event or an ordinary disconnect, and keeps no fd, no memory, no child.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support.h"

enum { MOST_BYTES = 1 << 19, MOST_ATTACHED = 64, MOST_FDS = 60, KEPT = 4 };

/* ---------------------------------------------------------------- chance, the same each time */

static uint64_t seed;

static uint32_t chance(uint32_t below) {
  seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (uint32_t)(seed >> 33) % below;
}

/* ---------------------------------------------------------------- what the peer says */

/* Bytes, and open files that go with some of them. */
typedef struct stream {
  cp_serialization serialization;
  size_t length;
  struct {
    size_t at, count;
    int fds[MOST_FDS];
  } attached[MOST_ATTACHED];
  size_t attached_count;
  int own[MOST_ATTACHED]; /* to be closed at the end */
  size_t own_count;
  uint8_t bytes[MOST_BYTES];
} stream;

static int some_files[4]; /* /dev/null, a connected socket, a UDP-like one, a pipe */

static void add(stream *s, const void *bytes, size_t length) {
  if (length > sizeof s->bytes - s->length) return;
  if (length > 0) memcpy(s->bytes + s->length, bytes, length);
  s->length += length;
}

/* The next byte that is added carries them. */
static void attach(stream *s, const int *fds, size_t count) {
  if (s->attached_count == MOST_ATTACHED) return;
  s->attached[s->attached_count].at = s->length;
  s->attached[s->attached_count].count = count;
  memcpy(s->attached[s->attached_count++].fds, fds, count * sizeof *fds);
}

static void attach_some(stream *s, size_t count) {
  int fds[MOST_FDS];
  for (size_t i = 0; i < count; i++) fds[i] = some_files[chance(4)];
  attach(s, fds, count);
}

static void add_frame(stream *s, const void *payload, size_t length) {
  const uint8_t prefix[] = {(uint8_t)(length >> 24), (uint8_t)(length >> 16), (uint8_t)(length >> 8), (uint8_t)length};
  if (s->serialization == CP_SERIALIZATION_ADVANCED) add(s, prefix, sizeof prefix);
  add(s, payload, length);
  if (s->serialization == CP_SERIALIZATION_JSON) add(s, "\n", 1);
}

/* A message that JSON can say, in the serialization of the stream. */
static void add_text(stream *s, const char *text) {
  cp_heap *heap = cp_heap_new(NULL);
  cp_value value;
  void *bytes;
  size_t length;
  if (s->serialization == CP_SERIALIZATION_JSON) {
    add_frame(s, text, strlen(text));
  } else {
    assert_int_equal(cp_value_from_json(&value, heap, text, strlen(text), NULL), 0);
    assert_int_equal(cp_value_to_clone(&bytes, &length, value, CP_CLONE_CHANNEL, NULL), 0);
    add_frame(s, bytes, length);
    cp_free(bytes);
  }
  cp_heap_free(heap);
}

static void plain(stream *s) {
  static const char *const texts[] = {"1",
                                      "\"text\"",
                                      "null",
                                      "[]",
                                      "{\"id\":1,\"data\":[1,2,{\"a\":\"b\"}]}",
                                      "[[[[[[[[1]]]]]]]]",
                                      "{\"cmd\":\"NODE_\"}",
                                      "{\"0\":0,\"1\":1,\"x\":[true,false,null,-0.5,1e300]}",
                                      "\"\\ud800 \\u0000 \\u00e9 \\u20ac\""};
  add_text(s, texts[chance(sizeof texts / sizeof *texts)]);
}

static const char *const handle_texts[] = {
    "{\"cmd\":\"NODE_HANDLE\",\"type\":\"net.Native\",\"msg\":1}",
    "{\"cmd\":\"NODE_HANDLE\",\"type\":\"net.Socket\",\"msg\":{\"id\":1},\"key\":\"4::0\"}",
    "{\"cmd\":\"NODE_HANDLE\",\"type\":\"dgram.Socket\",\"msg\":[],\"dgramType\":\"udp4\"}",
    "{\"cmd\":\"NODE_HANDLE\",\"type\":\"net.Server\",\"msg\":{\"cmd\":\"NODE_HANDLE\",\"type\":\"fd\",\"msg\":1}}",
    "{\"cmd\":\"NODE_HANDLE\",\"type\":\"net.Server\",\"msg\":{\"cmd\":\"NODE_CLUSTER\"}}",
    "{\"cmd\":\"NODE_CHILD_PROCESS_C\",\"handles\":[{\"type\":\"fd\",\"unread\":\"abc\"}],\"msg\":2}"};

static void with_handle(stream *s) {
  attach_some(s, 1);
  add_text(s, handle_texts[chance(sizeof handle_texts / sizeof *handle_texts)]);
}

static void handle_without_fd(stream *s) {
  add_text(s, handle_texts[chance(sizeof handle_texts / sizeof *handle_texts)]);
}

static void fd_without_handle(stream *s) {
  attach_some(s, 1 + chance(3));
  plain(s);
}

static void very_many_fds(stream *s) {
  attach_some(s, 30 + chance(31));
  with_handle(s);
}

static void nonsense_handles(stream *s) {
  static const char *const texts[] = {
      "{\"cmd\":\"NODE_HANDLE\"}",
      "{\"cmd\":\"NODE_HANDLE\",\"type\":\"fd\",\"msg\":1}",
      "{\"cmd\":\"NODE_HANDLE\",\"type\":{},\"msg\":1}",
      "{\"cmd\":\"NODE_CHILD_PROCESS_C\"}",
      "{\"cmd\":\"NODE_CHILD_PROCESS_C\",\"handles\":\"xxxxxxxx\"}",
      "{\"cmd\":\"NODE_CHILD_PROCESS_C\",\"handles\":[1,2,3]}",
      "{\"cmd\":\"NODE_CHILD_PROCESS_C\",\"handles\":[{\"type\":\"fd\",\"unread\":\"\\u1234\"}]}",
      "{\"cmd\":\"NODE_CHILD_PROCESS_C\",\"handles\":[{\"type\":\"fd\"},{\"type\":\"fd\"}],\"msg\":0}"};
  if (chance(2)) attach_some(s, 1 + chance(2));
  add_text(s, texts[chance(sizeof texts / sizeof *texts)]);
}

static void confirmations(stream *s) {
  add_text(s, chance(2) ? "{\"cmd\":\"NODE_HANDLE_ACK\"}" : "{\"cmd\":\"NODE_HANDLE_NACK\"}");
}

static void questions(stream *s) {
  add_text(s, chance(2) ? "{\"cmd\":\"NODE_SOCKET_GET_COUNT\",\"key\":\"4::0\"}"
                        : "{\"cmd\":\"NODE_SOCKET_NOTIFY_CLOSE\",\"key\":\"4::0\"}");
}

static void flood(stream *s) {
  static void (*const kinds[])(stream *) = {confirmations, questions, handle_without_fd, plain};
  void (*kind)(stream *) = kinds[chance(4)];
  for (uint32_t i = 0, count = chance(300); i < count; i++) kind(s);
}

static void others(stream *s) {
  static const char *const texts[] = {"{\"cmd\":\"NODE_CHILD_PROCESS_C_HELLO\",\"version\":1}",
                                      "{\"cmd\":\"NODE_CLUSTER\",\"act\":\"online\"}", "{\"id\":1,\"result\":1}",
                                      "{\"id\":1e300,\"error\":{}}", "{\"id\":-1,\"result\":null}"};
  add_text(s, texts[chance(sizeof texts / sizeof *texts)]);
}

static void deep(stream *s) {
  static uint8_t bytes[100000];
  size_t depth = 1 + chance(sizeof bytes / 2);
  bool text = s->serialization == CP_SERIALIZATION_JSON;
  memset(bytes, '[', depth);
  for (size_t i = 0; !text && i < depth; i++) memcpy(bytes + 2 * i, i == 0 ? "\xff\x0f" : "A\1", 2);
  add_frame(s, bytes, text ? depth : 2 * depth);
}

/* Counts and lengths that the bytes do not have, references to what there is not. */
static void false_counts(stream *s) {
  static const struct {
    const char *bytes;
    size_t length;
  } clones[] = {{"\xff\x0f"
                 "A\xff\xff\xff\xff\x0f",
                 8},
                {"\xff\x0f"
                 "a\xff\xff\xff\xff\x0f@\0\xff\xff\xff\xff\x0f",
                 14},
                {"\xff\x0f\"\xff\xff\xff\xff\x07"
                 "a",
                 9},
                {"\xff\x0f"
                 "c\x80\x80\x80\x80\x08",
                 8},
                {"\xff\x0f"
                 "B\xff\xff\xff\xff\x0f",
                 8},
                {"\xff\x0f"
                 "~\0\xff\xff\xff\xff\x0f",
                 9},
                {"\xff\x0fZ\xfe\xff\xff\xff\x0f", 8},
                {"\xff\x0f\\\x0a\xff\xff\xff\xff\x0f", 9},
                {"\xff\x0f^\0", 4},
                {"\xff\x0f^\xff\xff\xff\xff\x0f", 8},
                {"\xff\x0f"
                 "A\1^\1$\0\1",
                 9},
                {"\xff\x0f;^\0^\0:\2", 9},
                {"\xff\x0f'^\0,\1", 7},
                {"\xff\x0fo\"\1a^\0{\1", 10},
                {"\xff\x0f;I\2:\xff\xff\xff\xff\x0f", 10}};
  size_t i = chance(sizeof clones / sizeof *clones);
  add_frame(s, clones[i].bytes, clones[i].length);
}

static void false_length(stream *s) {
  static const uint32_t lengths[] = {0, 1, 2, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x01000000, 65536};
  uint32_t length = lengths[chance(sizeof lengths / sizeof *lengths)];
  const uint8_t prefix[] = {(uint8_t)(length >> 24), (uint8_t)(length >> 16), (uint8_t)(length >> 8), (uint8_t)length};
  add(s, prefix, sizeof prefix);
  if (chance(2)) plain(s);
}

static void noise(stream *s) {
  uint8_t bytes[64];
  for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)chance(256);
  if (chance(2))
    add(s, bytes, sizeof bytes);
  else
    add_frame(s, bytes, chance(sizeof bytes));
}

/* ---------------------------------------------------------------- shared memory */

static int new_memory(const void *bytes, size_t length, size_t size, int seals) {
  int fd = memfd_create("hostile", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  assert_true(fd >= 0);
  assert_int_equal(write(fd, bytes, length), (ssize_t)length);
  assert_int_equal(ftruncate(fd, (off_t)size), 0);
  if (seals != 0) assert_int_equal(fcntl(fd, F_ADD_SEALS, seals), 0);
  return fd;
}

/* The right one, and every way to be wrong: not sealed, sealed in part, shrunk, longer, no memory at all, huge, none. */
static void memory(stream *s) {
  enum { ALL = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE };
  static const int seals[] = {ALL, ALL, 0, F_SEAL_SHRINK, F_SEAL_WRITE, F_SEAL_GROW | F_SEAL_SEAL};
  static const char json[] = "[1,2,3]", clone[] = "\xff\x0fI\2";
  bool text = s->serialization == CP_SERIALIZATION_JSON;
  size_t length = text ? sizeof json - 1 : sizeof clone - 1, size = length + 1, announced = length;
  char envelope[128];
  if (chance(4) == 0) size = chance(3) * 4096;
  if (chance(4) == 0) announced = chance(2) ? chance(5000) : (size_t)1 << (20 + chance(33));
  int fd = new_memory(text ? json : clone, length, size, seals[chance(6)]);
  s->own[s->own_count++] = fd;
  if (chance(8) == 0) fd = some_files[chance(4)];
  if (chance(8) > 0) attach(s, &fd, 1);
  (void)snprintf(envelope, sizeof envelope, "{\"cmd\":\"NODE_CHILD_PROCESS_C\",\"handles\":[],\"memory\":%zu}",
                 announced);
  add_text(s, envelope);
}

/* ---------------------------------------------------------------- damage */

static void flip(stream *s) { s->bytes[chance((uint32_t)s->length)] ^= (uint8_t)(1U << chance(8)); }
static void truncate_stream(stream *s) { s->length = chance((uint32_t)s->length) + 1; }

static void overwrite(stream *s) {
  size_t at = chance((uint32_t)s->length), length = chance(8);
  for (size_t i = at; i < s->length && i < at + length; i++) s->bytes[i] = chance(2) ? 0xFF : (uint8_t)chance(256);
}

static void cut_out(stream *s) {
  size_t at = chance((uint32_t)s->length), length = chance(20);
  if (length > s->length - at) length = s->length - at;
  if (length == s->length) return;
  memmove(s->bytes + at, s->bytes + at + length, s->length - at - length);
  s->length -= length;
}

static void repeat(stream *s) {
  size_t at = chance((uint32_t)s->length), length = chance(200);
  if (length > s->length - at) length = s->length - at;
  uint8_t copy[200];
  memcpy(copy, s->bytes + at, length);
  add(s, copy, length);
}

static void make_stream(stream *s, cp_serialization serialization) {
  static void (*const parts[])(stream *) = {plain,
                                            plain,
                                            plain,
                                            with_handle,
                                            with_handle,
                                            handle_without_fd,
                                            fd_without_handle,
                                            very_many_fds,
                                            nonsense_handles,
                                            questions,
                                            others,
                                            deep,
                                            false_counts,
                                            false_length,
                                            noise,
                                            memory,
                                            memory,
                                            flood,
                                            confirmations};
  static void (*const damages[])(stream *) = {flip, flip, overwrite, cut_out, repeat, truncate_stream};
  s->serialization = serialization;
  s->length = s->attached_count = s->own_count = 0;
  for (uint32_t i = 0, count = 1 + chance(8); i < count; i++) parts[chance(sizeof parts / sizeof *parts)](s);
  for (uint32_t i = chance(4); i > 0 && s->length > 0; i--) damages[chance(6)](s);
}

/* ---------------------------------------------------------------- the program */

typedef struct program {
  cp_channel *channel; /* NULL: freed */
  uint32_t habits;
  int messages, errors, disconnects;
  cp_message *kept[KEPT];
} program;

static void take_fds(cp_message *message) {
  for (size_t i = 0; i < cp_message_handle_count(message); i++) {
    int fd = cp_message_take_fd(message, i);
    if (fd >= 0) assert_int_equal(close(fd), 0);
  }
}

static void on_message(cp_channel *channel, cp_message *message, void *data) {
  program *p = data;
  size_t length;
  assert_int_equal(p->disconnects, 0);
  p->messages++;
  if (p->habits & 1) assert_int_not_equal(cp_value_type(cp_message_value(message)), CP_TYPE_NONE);
  if (p->habits & 2) take_fds(message);
  if (p->habits & 4) (void)cp_send(channel, cp_message_value(message), NULL);
  if (p->habits & 8) (void)cp_reply(message, cp_null());
  if (p->habits & 16) (void)cp_channel_flush(channel, 1);
  if (p->habits & 32 && p->messages % 4 == 0) cp_channel_pause(channel);
  const void *payload = cp_message_payload(message, &length);
  assert_true(sum_bytes(SUM_START, payload, length) != 0); /* looks at every byte: AddressSanitizer does, too */
  if (!(p->habits & 64)) return;
  cp_message_free(p->kept[p->messages % KEPT]);
  p->kept[p->messages % KEPT] = cp_message_keep(message);
}

static void on_error(cp_channel *channel, const cp_error *error, void *data) {
  program *p = data;
  (void)channel;
  assert_int_equal(p->disconnects, 0);
  assert_true(error->code < 0 && error->message[0] != '\0');
  p->errors++;
}

static void on_disconnect(cp_channel *channel, void *data) {
  program *p = data;
  assert_false(cp_channel_connected(channel));
  assert_int_equal(++p->disconnects, 1);
}

static int open_program(program *p, cp_serialization serialization) {
  int fds[2];
  *p = (program){.habits = chance(128)};
  cp_channel_options options = {.serialization = serialization,
                                .on_message = on_message,
                                .on_error = on_error,
                                .on_disconnect = on_disconnect,
                                .peer_is_library = chance(2),
                                .limits = {.max_bytes = chance(2) ? 1 << 20 : 0},
                                .data = p};
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
  assert_int_equal(cp_channel_open(&p->channel, test_loop(), fds[0], &options), 0);
  return fds[1];
}

/* ---------------------------------------------------------------- the peer */

static void turn(void) { (void)uv_run(test_loop(), UV_RUN_NOWAIT); }

static ssize_t say(int fd, const void *bytes, size_t length, const int *fds, size_t count) {
  union {
    struct cmsghdr aligned;
    char bytes[CMSG_SPACE(sizeof(int) * MOST_FDS)];
  } control;
  struct iovec part = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = length};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
  memset(&control, 0, sizeof control);
  if (count > 0) {
    message.msg_control = &control;
    message.msg_controllen = CMSG_SPACE(sizeof(int) * count);
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int) * count);
    memcpy(CMSG_DATA(header), fds, sizeof(int) * count);
  }
  return sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* Takes what the program has sent, now and then. */
static void listen_a_little(int fd) {
  static char buffer[65536];
  if (chance(3) == 0) (void)recv(fd, buffer, sizeof buffer, MSG_DONTWAIT); /* no room for fds: the kernel closes them */
}

/* False: the program has gone, or takes nothing. */
static bool say_piece(program *p, int fd, const uint8_t *bytes, size_t length, const int *fds, size_t count) {
  for (int i = 0; i < 50; i++) {
    ssize_t n = say(fd, bytes, length, fds, count);
    if (n >= 0) {
      if ((size_t)n == length) return true;
      return say_piece(p, fd, bytes + n, length - (size_t)n, NULL, 0);
    }
    if (errno != EAGAIN) return false;
    if (i > 10) cp_channel_resume(p->channel);
    turn();
  }
  return false;
}

static void say_all(program *p, int fd, const stream *s) {
  size_t next = 0, most = chance(4) == 0 ? 7 : 20000;
  for (size_t at = 0; at < s->length;) {
    while (next < s->attached_count && s->attached[next].at < at) next++;
    bool here = next < s->attached_count && s->attached[next].at == at;
    size_t after = here ? next + 1 : next, stop = after < s->attached_count ? s->attached[after].at : s->length;
    size_t length = 1 + chance((uint32_t)most);
    if (stop <= at || stop > s->length) stop = s->length;
    if (length > stop - at) length = stop - at;
    if (!say_piece(p, fd, s->bytes + at, length, here ? s->attached[next].fds : NULL,
                   here ? s->attached[next].count : 0))
      return;
    at += length;
    if (here) next++;
    if (chance(3) == 0) turn();
    if (most < 20000 && at > 2000) most = 20000; /* byte by byte takes long */
    listen_a_little(fd);
  }
}

/* ---------------------------------------------------------------- */

/* How it ends: the peer goes, or the program does. */
static void end(program *p, int fd) {
  uint32_t how = chance(4);
  if (how == 0) (void)cp_channel_disconnect(p->channel);
  if (how == 1) (void)shutdown(fd, SHUT_WR);
  if (how == 2) turn();
  if (how != 1) close(fd);
  if (how != 3) {
    for (int i = 0; i < 100000 && p->disconnects == 0; i++) {
      cp_channel_resume(p->channel);
      turn();
    }
    assert_int_equal(p->disconnects, 1);
  }
  if (how == 1) close(fd);
  cp_channel_free(p->channel);
  for (int i = 0; i < KEPT; i++) cp_message_free(p->kept[i]);
  run_loop();
}

static int total_messages, total_errors;

static void one_stream(uint64_t number) {
  static stream s;
  program p;
  seed = number * UINT64_C(0x9E3779B97F4A7C15) + 1;
  (void)chance(2);
  cp_serialization serialization = number % 2 ? CP_SERIALIZATION_ADVANCED : CP_SERIALIZATION_JSON;
  long heap = heap_blocks();
  make_stream(&s, serialization);
  int fd = open_program(&p, serialization);
  say_all(&p, fd, &s);
  end(&p, fd);
  for (size_t i = 0; i < s.own_count; i++) close(s.own[i]);
  if (heap_blocks() != heap) fail_msg("stream %d: %ld blocks of heap are left", (int)number, heap_blocks() - heap);
  total_messages += p.messages;
  total_errors += p.errors;
}

static void open_files(void) {
  int pair[2];
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
  some_files[0] = open("/dev/null", O_RDWR | O_CLOEXEC);
  some_files[1] = pair[0];
  some_files[2] = pair[1];
  some_files[3] = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

static void close_files(void) {
  for (int i = 0; i < 4; i++) close(some_files[i]);
}

/* A quarter of them, so that each has its deadline. */
static void streams(int quarter) {
  enum { EACH = 2500 };
  open_files();
  total_messages = total_errors = 0;
  one_stream(0); /* what is made once is made */
  one_stream(1);
  int fds = count_fds();
  for (int i = 0; i < EACH; i++) {
    one_stream((uint64_t)(quarter * EACH + i));
    if (i % 10 == 0 && count_fds() != fds) fail_msg("up to stream %d: fds are left", quarter * EACH + i);
  }
  assert_true(total_messages > EACH / 2); /* they are not all refused at once, */
  assert_true(total_errors > EACH / 4);   /* and not all harmless */
  close_files();
}

static void the_program_survives_streams_0_to_2499(void **state) {
  (void)state;
  streams(0);
}
static void the_program_survives_streams_2500_to_4999(void **state) {
  (void)state;
  streams(1);
}
static void the_program_survives_streams_5000_to_7499(void **state) {
  (void)state;
  streams(2);
}
static void the_program_survives_streams_7500_to_9999(void **state) {
  (void)state;
  streams(3);
}

/* ---------------------------------------------------------------- what a peer could exhaust */

static void open_quiet(program *p, int fds[2], cp_serialization serialization, bool library) {
  *p = (program){.habits = 0};
  cp_channel_options options = {.serialization = serialization,
                                .on_error = on_error,
                                .on_disconnect = on_disconnect,
                                .peer_is_library = library,
                                .data = p};
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
  assert_int_equal(cp_channel_open(&p->channel, test_loop(), fds[0], &options), 0);
}

static void free_program(program *p) {
  cp_channel_free(p->channel);
  run_loop();
}

static void set_listeners(program *p) {
  cp_channel_on_message(p->channel, on_message, p);
  cp_channel_on_disconnect(p->channel, on_disconnect, p);
}

static void messages_that_nobody_takes_do_not_use_up_the_open_files(void **state) {
  static const char text[] = "{\"cmd\":\"NODE_HANDLE\",\"type\":\"net.Native\",\"msg\":1}\n";
  (void)state;
  enum { MANY = 400 };
  int fds[2], sent = 0, files[1];
  open_files();
  program p;
  open_quiet(&p, fds, CP_SERIALIZATION_JSON, false);
  files[0] = some_files[0];
  int before = count_fds();
  for (int i = 0; sent < MANY && i < 10 * MANY; i++) {
    sent += say(fds[1], text, sizeof text - 1, files, 1) > 0;
    turn();
  }
  assert_true(count_fds() - before < 100);
  p.habits = 2;
  set_listeners(&p);
  while (p.messages < sent) turn();
  assert_int_equal(count_fds(), before);
  close(fds[1]);
  free_program(&p);
  close_files();
}

static size_t say_for_long(int fd, const char *text, size_t bytes) {
  size_t said = 0;
  for (int idle = 0; said < bytes && idle < 100;) {
    ssize_t n = say(fd, text, strlen(text), NULL, 0);
    if (n == (ssize_t)strlen(text)) said += (size_t)n;
    idle = n < 0 ? idle + 1 : 0;
    assert_true(n < 0 || n == (ssize_t)strlen(text));
    turn();
  }
  return said;
}

static void small_messages_that_nobody_takes_hold_up_the_peer_soon(void **state) {
  (void)state;
  int fds[2];
  program p;
  open_quiet(&p, fds, CP_SERIALIZATION_JSON, false);
  size_t said = say_for_long(fds[1], "1\n1\n1\n1\n1\n1\n1\n1\n1\n1\n1\n1\n1\n1\n1\n1\n1\n1\n1\n1\n", 1 << 20);
  assert_true(said < 1 << 20);
  set_listeners(&p);
  while (p.messages < (int)(said / 2)) turn();
  close(fds[1]);
  free_program(&p);
}

static void confirmations_that_the_peer_does_not_read_hold_it_up(void **state) {
  (void)state;
  int fds[2];
  program p;
  open_quiet(&p, fds, CP_SERIALIZATION_JSON, false);
  set_listeners(&p);
  size_t said = say_for_long(fds[1], "{\"cmd\":\"NODE_HANDLE\",\"type\":\"net.Native\",\"msg\":1}\n", 16 << 20);
  assert_true(said < 16 << 20);
  assert_true(p.messages > 1000);
  assert_int_equal(p.messages, p.errors); /* each is told that its handle is missing */
  close(fds[1]);
  free_program(&p);
}

/* ---------------------------------------------------------------- callbacks that do what they may */

enum { FLUSHES = 20 };

static void flush_in_a_message(cp_channel *channel, cp_message *message, void *data) {
  program *p = data;
  char text[32];
  size_t length;
  const char *json = cp_message_json(message, &length);
  assert_true(length < sizeof text);
  memcpy(text, json, length + 1);
  assert_int_equal(cp_send_json(channel, "1", 1, NULL), 0);
  if (p->messages < FLUSHES) (void)cp_channel_flush(channel, 10);
  assert_string_equal(cp_message_json(message, NULL), text);
  p->messages++;
}

/* While it stands still it reads: the message at hand must not move. */
static void a_message_stays_valid_when_its_callback_flushes(void **state) {
  (void)state;
  enum { MANY = 20000 };
  int fds[2], size = 1 << 22;
  char line[32];
  program p;
  open_quiet(&p, fds, CP_SERIALIZATION_JSON, false);
  (void)setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &(int){1}, sizeof(int));
  (void)setsockopt(fds[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
  int said = 0;
  for (; said < MANY; said++) {
    int length = snprintf(line, sizeof line, "\"message %d\"\n", said);
    if (say(fds[1], line, (size_t)length, NULL, 0) != length) break;
  }
  cp_channel_on_message(p.channel, flush_in_a_message, &p);
  for (int i = 0; i < 100 && p.messages < FLUSHES; i++) turn();
  assert_true(p.messages >= FLUSHES);
  close(fds[1]);
  free_program(&p);
}

static void free_in_a_trace(cp_channel *channel, const cp_trace *trace, void *data) {
  program *p = data;
  volatile uint64_t sum = sum_bytes(SUM_START, trace->payload, trace->length);
  (void)sum;
  if (!trace->outgoing || p->channel == NULL) return;
  cp_channel_free(channel);
  p->channel = NULL;
}

static void send_in_a_trace(cp_channel *channel, const cp_trace *trace, void *data) {
  program *p = data;
  if (!trace->outgoing || p->messages++ > 2) return;
  (void)cp_send_json(channel, "[\"from the trace\"]", 18, NULL);
  volatile uint64_t sum = sum_bytes(SUM_START, trace->payload, trace->length);
  (void)sum;
}

static void on_reply(cp_channel *channel, int status, cp_message *reply, cp_value result, void *data) {
  (void)channel, (void)status, (void)reply, (void)result, (void)data;
}

static void a_trace_may_send_and_free(void **state) {
  (void)state;
  for (int i = 0; i < 16; i++) {
    int fds[2];
    char text[64] = "";
    bool sends = i & 1, library = i & 2, request = i & 4;
    cp_serialization serialization = i & 8 ? CP_SERIALIZATION_ADVANCED : CP_SERIALIZATION_JSON;
    program p;
    open_quiet(&p, fds, serialization, library);
    cp_heap *heap = cp_heap_new(NULL);
    cp_channel_on_trace(p.channel, sends ? send_in_a_trace : free_in_a_trace, &p);
    cp_value value = cp_value_set(cp_object(heap), "a", cp_number(1));
    int rc = request ? cp_request(p.channel, value, 1000, on_reply, NULL) : cp_send(p.channel, value, NULL);
    assert_int_equal(rc, 0);
    assert_true(recv(fds[1], text, sizeof text - 1, MSG_DONTWAIT) > 0);
    if (serialization == CP_SERIALIZATION_JSON) assert_int_equal(text[0], '{');
    cp_heap_free(heap);
    close(fds[1]);
    free_program(&p);
  }
}

static void count_internal(cp_channel *channel, cp_message *message, void *data) {
  (void)channel;
  assert_true(cp_value_string_is(cp_value_get(cp_message_value(message), "cmd"), "NODE_mine"));
  ++*(int *)data;
}

static void a_reserved_message_in_shared_memory_is_still_reserved(void **state) {
  (void)state;
  for (int i = 0; i < 2; i++) {
    int fds[2], internal = 0;
    cp_serialization serialization = i == 0 ? CP_SERIALIZATION_JSON : CP_SERIALIZATION_ADVANCED;
    program p, q = {.habits = 0};
    open_quiet(&p, fds, serialization, true);
    cp_channel_options options = {
        .serialization = serialization, .on_message = on_message, .peer_is_library = true, .data = &q};
    assert_int_equal(cp_channel_open(&q.channel, test_loop(), fds[1], &options), 0);
    cp_channel_on_internal(q.channel, count_internal, &internal);
    cp_heap *heap = cp_heap_new(NULL);
    char *large = calloc(1, 1 << 20);
    memset(large, 'x', (1 << 20) - 1);
    cp_value value = cp_value_set(cp_object(heap), "cmd", cp_string(heap, "NODE_mine"));
    assert_true(cp_send(p.channel, cp_value_set(value, "large", cp_string(heap, large)), NULL) >= 0);
    assert_true(cp_send(p.channel, cp_null(), NULL) >= 0);
    while (q.messages < 1) turn();
    assert_int_equal(internal, 1);
    assert_int_equal(q.messages, 1);
    free(large);
    cp_heap_free(heap);
    free_program(&q);
    free_program(&p);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(the_program_survives_streams_0_to_2499),
      TEST(the_program_survives_streams_2500_to_4999),
      TEST(the_program_survives_streams_5000_to_7499),
      TEST(the_program_survives_streams_7500_to_9999),
      TEST(messages_that_nobody_takes_do_not_use_up_the_open_files),
      TEST(small_messages_that_nobody_takes_hold_up_the_peer_soon),
      TEST(confirmations_that_the_peer_does_not_read_hold_it_up),
      TEST(a_message_stays_valid_when_its_callback_flushes),
      TEST(a_trace_may_send_and_free),
      TEST(a_reserved_message_in_shared_memory_is_still_reserved),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
