/*
 * ipc_soak.c - very many messages: TOTAL each way, half of them in JSON, between this program and four children that run it,
 * too. Sizes, pauses and handles come by chance, the same each time. Nothing may be lost, come out of order or be
 * left. Then KILLS children that are killed in the middle of it. Too long for every run of the tests: see script/soak.
 *
 *   ipc_soak [TOTAL [KILLS]]      1000000 1000
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "child_process.h"
#include "measure.h"

enum { CHILDREN = 4, BLOCK = 2 << 20, AT_ONCE = 8, LARGEST = 1 << 20 };

static char block[BLOCK];
static uv_loop_t *loop;

static void fail(const char *what, long number) {
  (void)fprintf(stderr, "ipc_soak %d: %s (%ld)\n", (int)getpid(), what, number);
  exit(EXIT_FAILURE);
}

/* ---------------------------------------------------------------- chance */

static uint64_t mix(uint64_t x) {
  x = (x ^ (x >> 33)) * UINT64_C(0xff51afd7ed558ccd);
  x = (x ^ (x >> 33)) * UINT64_C(0xc4ceb9fe1a85ec53);
  return x ^ (x >> 33);
}

/* Mostly small, up to 100 kB; now and then 1 MB. */
static size_t size_of(uint64_t number) {
  uint64_t chance = mix(number), size = mix(chance);
  if (chance % 5000 == 0) return LARGEST;
  if (chance % 100 == 0) return size % 100000;
  return chance % 10 == 0 ? size % 5000 : size % 200;
}

static const char *text_of(uint64_t number) { return block + mix(number + 1) % (BLOCK - LARGEST); }

/* ---------------------------------------------------------------- one end of a channel */

typedef struct end {
  cp_channel *channel;
  cp_child *child; /* NULL: this is the child */
  long total, sent, received, handles;
  bool storm; /* it goes on until somebody is killed */
  uv_timer_t pause, killer;
  bool closed;
} end;

static void pump(end *e);

/* A socket in which the number waits. */
static int make_socket(long number) {
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) fail("socketpair", number);
  if (write(pair[1], &number, sizeof number) != (ssize_t)sizeof number) fail("write", number);
  (void)close(pair[1]);
  return pair[0];
}

static void check_handle(end *e, cp_message *message, long number) {
  long inside = -1;
  int fd = cp_message_take_fd(message, 0);
  if (fd < 0 || read(fd, &inside, sizeof inside) != (ssize_t)sizeof inside || inside != number)
    fail("a handle is not the one that was sent", number);
  (void)close(fd);
  e->handles++;
}

static void on_pause_over(uv_timer_t *timer) {
  end *e = timer->data;
  cp_channel_resume(e->channel);
}

static void hesitate(end *e, uint64_t number) {
  uint64_t chance = mix(number + 2);
  if (chance % 20000 == 0) (void)usleep(2000);
  if (chance % 3000 != 1) return;
  cp_channel_pause(e->channel);
  (void)uv_timer_start(&e->pause, on_pause_over, chance % 5, 0);
}

static bool has_handle(long number) { return number % 997 == 0; }

static void kill_it(uv_timer_t *timer) { (void)cp_child_kill(((end *)timer->data)->child, SIGKILL); }

static void start_killer(end *e) {
  static uint64_t kills;
  e->killer.data = e;
  (void)uv_timer_init(loop, &e->killer);
  (void)uv_timer_start(&e->killer, kill_it, mix(++kills) % 40, 0);
}

static void on_message(cp_channel *channel, cp_message *message, void *data) {
  end *e = data;
  size_t length = 0;
  cp_value value = cp_message_value(message);
  long number = (long)cp_value_integer(cp_value_get(value, "n"), -1);
  const char *text = cp_value_string(cp_value_get(value, "text"), &length);
  (void)channel;
  if (number != e->received) fail("a message is lost or out of order", e->received);
  if (text == NULL || length != size_of((uint64_t)number) || memcmp(text, text_of((uint64_t)number), length) != 0)
    fail("a message has other bytes", number);
  if (has_handle(number)) check_handle(e, message, number);
  e->received++;
  if (e->storm && e->child != NULL && e->received == 1) start_killer(e);
  hesitate(e, (uint64_t)number);
  if (e->child != NULL && e->received == e->total && e->sent == e->total) (void)cp_channel_disconnect(e->channel);
}

static void on_drain(cp_channel *channel, void *data) {
  (void)channel;
  pump(data);
}

/* 0 or 1 as cp_send(). */
static int send_one(end *e, cp_heap *heap) {
  uint64_t number = (uint64_t)e->sent;
  cp_heap_reset(heap);
  cp_value message = cp_value_set(cp_object(heap), "n", cp_number((double)e->sent));
  (void)cp_value_set(message, "text", cp_string_n(heap, text_of(number), size_of(number)));
  cp_handle handle = {.type = cp_channel_peer_is_library(e->channel) ? CP_HANDLE_FD : CP_HANDLE_NATIVE, .fd = -1};
  cp_send_options options = {.handles = &handle, .handle_count = has_handle(e->sent)};
  if (options.handle_count > 0) handle.fd = make_socket(e->sent);
  int rc = cp_send(e->channel, message, &options);
  if (handle.fd >= 0) (void)close(handle.fd);
  if (rc >= 0) e->sent++;
  return rc;
}

static void pump(end *e) {
  cp_heap *heap = cp_heap_new(NULL);
  int rc = 0;
  while (rc == 0 && (e->storm || e->sent < e->total)) rc = send_one(e, heap);
  cp_heap_free(heap);
  if (rc < 0 && !e->storm) fail(cp_strerror(rc), e->sent);
  if (e->child != NULL && !e->storm && e->received == e->total && e->sent == e->total)
    (void)cp_channel_disconnect(e->channel);
}

static void begin(end *e) {
  e->pause.data = e;
  (void)uv_timer_init(loop, &e->pause);
  cp_channel_on_message(e->channel, on_message, e);
  cp_channel_on_drain(e->channel, on_drain, e);
  pump(e);
}

/* ---------------------------------------------------------------- the child */

static void on_parent_gone(cp_channel *channel, void *data) {
  end *e = data;
  (void)channel;
  uv_close((uv_handle_t *)&e->pause, NULL);
}

static int be_child(long total) {
  end e = {.total = total, .storm = total == 0};
  cp_channel_options options = {.on_disconnect = on_parent_gone, .data = &e};
  loop = uv_default_loop();
  if (cp_parent_channel(&e.channel, loop, &options) != 0) fail("no channel", 0);
  begin(&e);
  (void)uv_run(loop, UV_RUN_DEFAULT);
  if (e.received != total || e.sent != total) fail("the child has not had all messages", e.received);
  cp_channel_free(e.channel);
  (void)uv_run(loop, UV_RUN_DEFAULT);
  return uv_loop_close(loop) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* ---------------------------------------------------------------- the parent */

static long failures, closed;

static void on_error(cp_child *child, const cp_error *error, void *data) {
  (void)child, (void)data;
  (void)fprintf(stderr, "ipc_soak: %s\n", error->message);
  failures++;
}

static void on_close(cp_child *child, const cp_exit *exit, void *data) {
  end *e = data;
  if (!e->storm && (exit->code != 0 || exit->signal != 0)) failures++;
  if (cp_child_connected(child)) failures++;
  closed++;
  e->closed = true;
  if (!uv_is_closing((uv_handle_t *)&e->pause)) uv_close((uv_handle_t *)&e->pause, NULL);
}

static void start(end *e, long total, cp_serialization serialization) {
  char self[4096] = "", text[32];
  if (readlink("/proc/self/exe", self, sizeof self - 1) < 0) fail("readlink", 0);
  (void)snprintf(text, sizeof text, "%ld", total);
  cp_options options = {.serialization = serialization, .on_error = on_error, .on_close = on_close, .data = e};
  *e = (end){.total = total, .storm = total == 0};
  if (cp_fork(&e->child, loop, self, CP_ARGS("child", text), &options) != 0) fail("cp_fork", 0);
  e->channel = cp_child_channel(e->child);
  if (e->channel == NULL) fail("no channel", 0);
  begin(e);
}

/* Returns whether all came, both ways. */
static bool exchange(long each) {
  static end ends[CHILDREN];
  long handles = 0, received = 0;
  bool whole = true;
  closed = 0;
  uint64_t begun = uv_hrtime();
  for (int i = 0; i < CHILDREN; i++)
    start(&ends[i], each, i % 2 == 0 ? CP_SERIALIZATION_JSON : CP_SERIALIZATION_ADVANCED);
  (void)uv_run(loop, UV_RUN_DEFAULT);
  double seconds = (double)(uv_hrtime() - begun) / 1e9;
  for (int i = 0; i < CHILDREN; i++) {
    whole = whole && ends[i].closed && ends[i].received == each && ends[i].sent == each;
    received += ends[i].received;
    handles += ends[i].handles;
    cp_child_free(ends[i].child);
  }
  (void)uv_run(loop, UV_RUN_DEFAULT);
  printf("   %ld messages each way, %ld handles, %.1f s, %.0f messages a second\n", received, handles, seconds,
         2 * (double)received / seconds);
  return whole && failures == 0 && closed == CHILDREN;
}

/* Children that send and are sent to as fast as it goes, each killed some milliseconds after its first message. */
static bool kill_storm(long kills) {
  static end ends[AT_ONCE];
  long received = 0;
  closed = 0;
  for (long done = 0; done < kills; done += AT_ONCE) {
    for (int i = 0; i < AT_ONCE; i++)
      start(&ends[i], 0, i % 2 == 0 ? CP_SERIALIZATION_JSON : CP_SERIALIZATION_ADVANCED);
    (void)uv_run(loop, UV_RUN_DEFAULT);
    for (int i = 0; i < AT_ONCE; i++) {
      received += ends[i].received;
      if (ends[i].received > 0) uv_close((uv_handle_t *)&ends[i].killer, NULL);
      cp_child_free(ends[i].child);
    }
    (void)uv_run(loop, UV_RUN_DEFAULT);
  }
  printf("   %ld killed in the middle of %ld messages\n", closed, received);
  return failures == 0 && closed == (kills + AT_ONCE - 1) / AT_ONCE * AT_ONCE;
}

int main(int argc, char **argv) {
  for (size_t i = 0; i < sizeof block; i++) block[i] = (char)(' ' + (i * i >> 5 ^ i >> 3) % 95);
  if (argc == 3 && strcmp(argv[1], "child") == 0) return be_child(atol(argv[2]));
  long total = argc > 1 ? atol(argv[1]) : 1000000, kills = argc > 2 ? atol(argv[2]) : 1000;
  loop = uv_default_loop();
  bool good = exchange(total / CHILDREN / 10) && kill_storm(AT_ONCE); /* what is allocated once is there now */
  int fds = count_fds();
  long before = resident_kib();
  printf("%ld messages each way\n", total);
  good = exchange(total / CHILDREN) && good;
  printf("%ld children that are killed\n", kills);
  good = kill_storm(kills) && good;
  long after = resident_kib();
  printf("   fds %d -> %d, resident %ld -> %ld KiB\n", fds, count_fds(), before, after);
  good = good && fds == count_fds() && after < before + 16384;
  puts(good ? "nothing is lost, nothing is left" : "SOMETHING IS LOST OR LEFT");
  return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
