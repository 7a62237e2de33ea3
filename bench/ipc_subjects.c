/* ipc_subjects.c - messages from this program to a child, through the library. The limits are in ipc_limit.c. */
#include "ipc_subjects.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness.h"
#include "ipc_link.h"
#include "memory.h"

static const char head[] = "{\"id\":1,\"text\":\"", tail[] = "\"}";

const char *const ipc_route_names[IPC_ROUTES] = {"trip", "echo", "one-way", "size", "sender", "receiver", "handles"};

bool ipc_has(const ipc_method *method, ipc_route route) {
  if (method->form == IPC_BUFFER) return route == IPC_SIZE || route == IPC_SENDER || route == IPC_RECEIVER;
  return route != IPC_HANDLES || method->form == IPC_RAW || method->form == IPC_VALUE;
}

/* ---------------------------------------------------------------- sending */

static void free_text(ipc_link *link) {
  free(link->text);
  link->text = NULL;
}

/* Where memory counts the program has the message once, as one in JavaScript has: the value or the text. */
static cp_value make_value(ipc_link *link) {
  cp_heap_reset(link->heap);
  if (link->method->form == IPC_BUFFER) return cp_view_borrowed(link->heap, CP_VIEW_BUFFER, link->text, link->bytes);
  cp_value message = cp_object(link->heap);
  (void)cp_value_set(message, "id", cp_number(1));
  message = cp_value_set(message, "text", cp_string_n(link->heap, link->string, link->string_length));
  if (link->route == IPC_SENDER || link->route == IPC_RECEIVER) free_text(link);
  return message;
}

/* As cp_send(). */
static int send_one(ipc_link *link) {
  if (link->method->form == IPC_TEXT) return cp_send_json(link->channel, link->text, link->bytes, NULL);
  if (link->route != IPC_HANDLES) return cp_send(link->channel, make_value(link), NULL);
  cp_handle handle = {.type = CP_HANDLE_SOCKET, .fd = link->sockets[0]};
  return cp_send(link->channel, make_value(link), &(cp_send_options){.handles = &handle, .handle_count = 1});
}

static void fail(ipc_link *link, const char *what) {
  (void)fprintf(stderr, "ipc: %s: %s\n", link->method->name, what);
  link->failed = true;
  uv_stop(&link->loop);
}

/* Until the queue is long: on_drain goes on then. */
static void send_all(ipc_link *link) {
  int rc = 0;
  while (rc == 0 && link->to_send > 0) {
    link->to_send--;
    rc = send_one(link);
  }
  if (rc >= 0 && link->to_send == 0 && link->ends) {
    link->ends = false;
    rc = cp_send_json(link->channel, "\"end\"", 5, NULL);
  }
  if (rc < 0) fail(link, cp_strerror(rc));
}

static void on_drain(cp_channel *channel, void *data) {
  (void)channel;
  send_all(data);
}

/* ---------------------------------------------------------------- receiving */

/* As the program would see it: text as it is, or the value. */
static bool is_reply(const ipc_link *link, cp_message *message) {
  size_t length;
  if (link->method->form == IPC_TEXT) return cp_message_json(message, &length) != NULL && length == link->bytes;
  return cp_value_length(cp_value_get(cp_message_value(message), "text")) == link->string_length;
}

static void on_message(cp_child *child, cp_message *message, void *data) {
  (void)child;
  ipc_link *link = data;
  bool echoes = link->route == IPC_TRIP || link->route == IPC_ECHO;
  if (echoes && !is_reply(link, message)) fail(link, "a reply is not what was sent");
  if (!echoes) link->answer = cp_value_number(cp_message_value(message));
  if (--link->to_receive <= 0) uv_stop(&link->loop);
  if (!echoes || link->to_send <= 0) return;
  link->to_send--;
  int rc = send_one(link);
  if (rc < 0) fail(link, cp_strerror(rc));
}

static void on_close(cp_child *child, const cp_exit *exit, void *data) {
  (void)child;
  (void)exit;
  ipc_link *link = data;
  link->closed = link->failed = true;
  uv_stop(&link->loop);
}

/* Sends the first ones and runs the loop until all has come back. */
static bool run(ipc_link *link, long to_send, long to_receive, bool ends) {
  link->to_send = to_send;
  link->to_receive = to_receive;
  link->ends = ends;
  send_all(link);
  while (!link->failed && link->to_receive > 0) (void)uv_run(&link->loop, UV_RUN_DEFAULT);
  return !link->failed;
}

static bool exchange(ipc_link *link, long n, long window) {
  long first = n < window ? n : window;
  link->to_send = n - first;
  link->to_receive = n;
  for (long i = 0; i < first && !link->failed; i++)
    if (send_one(link) < 0) fail(link, "send");
  while (!link->failed && link->to_receive > 0) (void)uv_run(&link->loop, UV_RUN_DEFAULT);
  return !link->failed;
}

static bool count_off(ipc_link *link, long n) { return run(link, n, 1, true) && link->answer == (double)n; }

static bool move(ipc_link *link) {
  size_t expected = link->method->form == IPC_VALUE ? link->string_length : link->bytes;
  if (link->method->form == IPC_TEXT && link->method->program != NULL) expected = link->string_length;
  return run(link, 1, 1, false) && link->answer == (double)expected;
}

/* ---------------------------------------------------------------- the child */

static const char *verb_of(ipc_route route) {
  if (route == IPC_TRIP || route == IPC_ECHO) return "echo";
  return route == IPC_ONE_WAY || route == IPC_HANDLES ? "sink" : "size";
}

static bool connect_channel(ipc_link *link) {
  const ipc_method *method = link->method;
  cp_options options = {.serialization = method->serialization,
                        .exec_path = method->program,
                        .on_message = on_message,
                        .on_close = on_close,
                        .data = link,
                        .die_with_parent = SIGKILL};
  const char *module = method->program != NULL ? BENCH_WORKERS "/ipc_child.js" : BENCH_PROGRAMS "/ipc_child";
  const char *form = method->form == IPC_TEXT ? "text" : "value";
  if (cp_fork(&link->child, &link->loop, module, CP_ARGS(verb_of(link->route), form), &options) != 0) return false;
  link->heap = cp_heap_new(NULL);
  link->channel = cp_child_channel(link->child);
  cp_channel_on_drain(link->channel, on_drain, link);
  return link->heap != NULL;
}

static bool make_text(ipc_link *link) {
  link->text = malloc(link->bytes + 2);
  if (link->text == NULL) return false;
  memset(link->text, 'x', link->bytes);
  memcpy(link->text, head, strlen(head));
  memcpy(link->text + link->bytes - strlen(tail), tail, strlen(tail) + 1);
  link->text[link->bytes] = '\n';
  link->text[link->bytes + 1] = '\0';
  link->string = link->text + strlen(head);
  link->string_length = link->bytes - strlen(head) - strlen(tail);
  return true;
}

static bool connect_link(ipc_link *link) {
  if (link->child != NULL) return true;
  link->closed = link->failed = false;
  if (link->text == NULL && !make_text(link)) return false;
  if (link->route == IPC_HANDLES && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, link->sockets) != 0)
    return false;
  if (link->method->form != IPC_RAW) return connect_channel(link);
  link->scratch = link->route < IPC_SIZE ? calloc(IPC_WINDOW, link->bytes + 1) : NULL;
  return ipc_raw_connect(link);
}

static void disconnect(ipc_link *link) {
  if (link->fd >= 0) (void)close(link->fd);
  for (int i = 0; i < 2; i++)
    if (link->sockets[i] >= 0) (void)close(link->sockets[i]);
  link->fd = link->sockets[0] = link->sockets[1] = -1;
  if (link->child != NULL) (void)cp_child_kill(link->child, SIGKILL);
  while (link->child != NULL && !link->closed) (void)uv_run(&link->loop, UV_RUN_ONCE);
  cp_child_free(link->child);
  (void)uv_run(&link->loop, UV_RUN_DEFAULT);
  link->child = NULL;
  cp_heap_free(link->heap);
  link->heap = NULL;
  free(link->scratch);
  link->scratch = NULL;
  free_text(link);
}

/* ---------------------------------------------------------------- measuring */

/* One message between marks, after a short one that has woken up everything. */
static double measure_memory(ipc_link *link) {
  enum { SHORT_BYTES = 100 };
  size_t bytes = link->bytes;
  bool raw = link->method->form == IPC_RAW;
  link->bytes = SHORT_BYTES;
  if (!connect_link(link) || !(raw ? ipc_raw_move(link) : move(link))) return -1;
  free_text(link);
  cp_heap_free(link->heap);
  link->heap = cp_heap_new(NULL);
  link->bytes = bytes;
  memory_mark mark = memory_begin(link->route == IPC_SENDER ? 0 : (int)cp_child_pid(link->child));
  bool moved = make_text(link) && (raw ? ipc_raw_move(link) : move(link));
  size_t peak = memory_peak(&mark);
  disconnect(link);
  return moved && peak > 0 ? (double)peak / (double)bytes : -1;
}

/* Runs n of them. False: it failed. */
static bool perform(ipc_link *link, long n) {
  bool raw = link->method->form == IPC_RAW;
  switch (link->route) {
    case IPC_TRIP:
      return raw ? ipc_raw_exchange(link, n) : exchange(link, n, 1);
    case IPC_ECHO:
      return raw ? ipc_raw_exchange(link, n) : exchange(link, n, IPC_WINDOW);
    case IPC_ONE_WAY:
      return raw ? ipc_raw_one_way(link, n) : count_off(link, n);
    case IPC_HANDLES:
      return raw ? ipc_raw_handles(link, n) : count_off(link, n);
    default:
      for (; n > 0; n--)
        if (!(raw ? ipc_raw_move(link) : move(link))) return false;
      return true;
  }
}

double ipc_measure(ipc_link *link, long n) {
  if (link->route == IPC_SENDER || link->route == IPC_RECEIVER) return measure_memory(link);
  bool is_ready = link->child != NULL;
  if (!connect_link(link) || (!is_ready && !perform(link, 1))) return -1; /* the child may take its time to start */
  uint64_t start_ns = bench_now_ns();
  if (!perform(link, n)) return -1;
  double seconds = (double)(bench_now_ns() - start_ns) / 1e9;
  bool is_rate = link->route != IPC_TRIP && link->route != IPC_SIZE;
  return is_rate ? (double)n / seconds : seconds * 1e6 / (double)n;
}

ipc_link *ipc_open(const ipc_method *method, ipc_route route, size_t bytes) {
  ipc_link *link = calloc(1, sizeof *link);
  if (link == NULL) abort();
  *link = (ipc_link){.method = method, .route = route, .bytes = bytes, .fd = -1, .sockets = {-1, -1}};
  if (uv_loop_init(&link->loop) != 0) abort();
  return link;
}

void ipc_close(ipc_link *link) {
  disconnect(link);
  if (uv_loop_close(&link->loop) != 0) abort();
  free(link);
}
