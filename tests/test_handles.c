/* test_handles.c - open files that go along with messages, between two ends of this library and beside a bare socket. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support.h"

/* Two ends of a channel in one loop, and what came over the second. */
typedef struct pair {
  cp_channel *a, *b;
  int messages, errors, disconnects;
  int fds[64], fd_count;
  char texts[2048], unread[256];
  cp_error error;
} pair;

static void on_message(cp_channel *channel, cp_message *message, void *data) {
  pair *p = data;
  (void)channel;
  for (size_t i = 0; i < cp_message_handle_count(message); i++) {
    const cp_handle *handle = cp_message_handle(message, i);
    if (handle == NULL) continue;
    if (handle->unread_length > 0) memcpy(p->unread, handle->unread, handle->unread_length);
    p->fds[p->fd_count++] = cp_message_take_fd(message, i);
    assert_null(cp_message_handle(message, i));
  }
  size_t used = strlen(p->texts);
  const char *text = cp_message_json(message, NULL);
  (void)snprintf(p->texts + used, sizeof p->texts - used, "%s%s", used > 0 ? " " : "", text != NULL ? text : "-");
  p->messages++;
}

static void on_error(cp_channel *channel, const cp_error *error, void *data) {
  pair *p = data;
  (void)channel;
  p->error = *error;
  p->errors++;
}

static void on_disconnect(cp_channel *channel, void *data) {
  pair *p = data;
  (void)channel;
  p->disconnects++;
}

static cp_channel *open_end(pair *p, int fd, cp_serialization serialization, bool library) {
  cp_channel *channel;
  cp_channel_options options = {.serialization = serialization,
                                .on_message = on_message,
                                .on_error = on_error,
                                .on_disconnect = on_disconnect,
                                .peer_is_library = library,
                                .data = p};
  assert_int_equal(cp_channel_open(&channel, test_loop(), fd, &options), 0);
  return channel;
}

static void open_pair(pair *p, cp_serialization serialization, bool library) {
  int fds[2];
  memset(p, 0, sizeof *p);
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
  p->a = open_end(p, fds[0], serialization, library);
  p->b = open_end(p, fds[1], serialization, library);
}

static void close_pair(pair *p) {
  for (int i = 0; i < p->fd_count; i++) close(p->fds[i]);
  cp_channel_free(p->a);
  cp_channel_free(p->b);
  run_loop();
}

static int send_handle(cp_channel *channel, const char *json, cp_handle handle) {
  cp_send_options options = {.handles = &handle, .handle_count = 1};
  return cp_send_json(channel, json, strlen(json), &options);
}

static void a_server_arrives_with_its_message(void **state) {
  (void)state;
  for (int serialization = 0; serialization <= 1; serialization++) {
    for (int library = 0; library <= 1; library++) {
      pair p;
      int fd = listening_socket();
      open_pair(&p, (cp_serialization)serialization, library);
      assert_int_equal(send_handle(p.a, "\"server\"", (cp_handle){.type = CP_HANDLE_SERVER, .fd = fd}), 0);
      run_until(&p.messages);
      assert_string_equal(p.texts, "\"server\"");
      assert_int_equal(p.fd_count, 1);
      assert_int_not_equal(p.fds[0], fd);
      assert_true(same_file(p.fds[0], fd));
      assert_true(fcntl(p.fds[0], F_GETFD) & FD_CLOEXEC);
      close(fd);
      close_pair(&p);
    }
  }
}

static void messages_behind_a_handle_wait_for_its_confirmation_and_keep_their_order(void **state) {
  (void)state;
  pair p;
  int fd = listening_socket();
  open_pair(&p, CP_SERIALIZATION_JSON, false);
  cp_handle handle = {.type = CP_HANDLE_SERVER, .fd = fd};
  for (int i = 0; i < 20; i++) {
    char text[8];
    (void)snprintf(text, sizeof text, "%d", i);
    int rc = i % 3 == 0 ? send_handle(p.a, text, handle) : cp_send_json(p.a, text, strlen(text), NULL);
    assert_int_equal(rc, 0);
    assert_int_equal(i % 3 == 0 ? send_handle(p.b, text, handle) : 0, 0); /* the other way at the same time */
  }
  close(fd);
  while (p.messages < 27) assert_int_not_equal(uv_run(test_loop(), UV_RUN_ONCE), 0);
  assert_int_equal(p.fd_count, 14);
  assert_int_equal(p.errors, 0);
  assert_int_equal(cp_channel_queued_messages(p.a), 0);
  close_pair(&p);
}

static void several_files_of_any_kind_go_between_ends_of_this_library(void **state) {
  (void)state;
  for (int serialization = 0; serialization <= 1; serialization++) {
    pair p;
    cp_handle handles[CP_HANDLES_MAX];
    open_pair(&p, (cp_serialization)serialization, true);
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int i = 0; i < CP_HANDLES_MAX; i++) handles[i] = (cp_handle){.type = CP_HANDLE_FD, .fd = null};
    handles[5].unread =
        "a\0\xff"
        "b";
    handles[5].unread_length = 4;
    cp_send_options options = {.handles = handles, .handle_count = CP_HANDLES_MAX};
    assert_int_equal(cp_send_json(p.a, "[1]", 3, &options), 0);
    assert_int_equal(cp_send_json(p.a, "2", 1, NULL), 0);
    close(null);
    while (p.messages < 2) assert_int_not_equal(uv_run(test_loop(), UV_RUN_ONCE), 0);
    assert_string_equal(p.texts, "[1] 2");
    assert_int_equal(p.fd_count, CP_HANDLES_MAX);
    assert_memory_equal(p.unread,
                        "a\0\xff"
                        "b",
                        4);
    close_pair(&p);
  }
}

static void handles_that_make_no_sense_are_refused(void **state) {
  (void)state;
  pair p;
  cp_error error;
  int null = open("/dev/null", O_RDWR | O_CLOEXEC), server = listening_socket();
  open_pair(&p, CP_SERIALIZATION_JSON, false);
  cp_handle handles[2] = {{.type = CP_HANDLE_FD, .fd = null}, {.type = CP_HANDLE_SERVER, .fd = server}};
  cp_send_options options = {.handles = handles, .handle_count = 1, .error = &error};
  assert_int_equal(cp_send(p.a, cp_null(), &options), UV_ENOTSUP);
  assert_non_null(strstr(error.message, "options.handles[0]"));
  options.handle_count = 2;
  assert_int_equal(cp_send(p.a, cp_null(), &options), UV_ENOTSUP);
  handles[0].type = CP_HANDLE_SOCKET; /* Node would abort */
  options.handle_count = 1;
  assert_int_equal(cp_send(p.a, cp_null(), &options), UV_EINVAL);
  assert_int_equal(send_handle(p.a, "1", (cp_handle){.type = CP_HANDLE_UDP, .fd = server}), UV_EINVAL);
  assert_int_equal(send_handle(p.a, "1", (cp_handle){.type = CP_HANDLE_SOCKET, .fd = 9999}), UV_EBADF);
  assert_int_equal(send_handle(p.a, "1", (cp_handle){.fd = server}), UV_EINVAL);
  assert_int_equal(
      send_handle(p.a, "1", (cp_handle){.type = CP_HANDLE_SOCKET, .fd = server, .unread = "x", .unread_length = 1}),
      UV_ENOTSUP);
  close(null);
  close(server);
  close_pair(&p);
}

static void a_handle_of_the_loop_says_itself_what_it_is(void **state) {
  (void)state;
  cp_handle handle;
  uv_tcp_t tcp;
  uv_udp_t udp;
  uv_timer_t timer;
  struct sockaddr_in address;
  assert_int_equal(uv_ip4_addr("127.0.0.1", 0, &address), 0);
  assert_int_equal(uv_tcp_init(test_loop(), &tcp), 0);
  assert_int_equal(cp_handle_of(&handle, (uv_handle_t *)&tcp), UV_EBADF);
  assert_int_equal(uv_tcp_bind(&tcp, (struct sockaddr *)&address, 0), 0);
  assert_int_equal(cp_handle_of(&handle, (uv_handle_t *)&tcp), 0);
  assert_int_equal(handle.type, CP_HANDLE_SOCKET);
  assert_int_equal(uv_listen((uv_stream_t *)&tcp, 1, NULL), 0);
  assert_int_equal(cp_handle_of(&handle, (uv_handle_t *)&tcp), 0);
  assert_int_equal(handle.type, CP_HANDLE_SERVER);
  assert_int_equal(uv_udp_init(test_loop(), &udp), 0);
  assert_int_equal(uv_udp_bind(&udp, (struct sockaddr *)&address, 0), 0);
  assert_int_equal(cp_handle_of(&handle, (uv_handle_t *)&udp), 0);
  assert_int_equal(handle.type, CP_HANDLE_UDP);
  assert_int_equal(uv_timer_init(test_loop(), &timer), 0);
  assert_int_equal(cp_handle_of(&handle, (uv_handle_t *)&timer), UV_EINVAL);
  assert_int_equal(cp_handle_of(&handle, NULL), UV_EINVAL);
  uv_close((uv_handle_t *)&tcp, NULL);
  uv_close((uv_handle_t *)&udp, NULL);
  uv_close((uv_handle_t *)&timer, NULL);
  run_loop();
}

static void handles_nobody_takes_are_closed(void **state) {
  (void)state;
  pair p;
  open_pair(&p, CP_SERIALIZATION_JSON, false);
  cp_channel_on_message(p.b, NULL, NULL);
  int before = count_fds(), server = listening_socket();
  assert_int_equal(send_handle(p.a, "1", (cp_handle){.type = CP_HANDLE_SERVER, .fd = server}), 0);
  close(server);
  for (int i = 0; i < 5; i++) (void)uv_run(test_loop(), UV_RUN_NOWAIT);
  assert_int_equal(count_fds(), before + 1); /* it waits for a listener */
  cp_channel_free(p.b);
  p.b = NULL;
  assert_int_equal(count_fds(), before - 1);
  close_pair(&p);
}

/* ---------------------------------------------------------------- a bare peer */

static void send_raw(int fd, const char *bytes, size_t length, const int *fds, int count) {
  union {
    struct cmsghdr aligned;
    char bytes[CMSG_SPACE(sizeof(int) * 64)];
  } control;
  struct iovec part = {.iov_base = (void *)bytes, .iov_len = length};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
  memset(&control, 0, sizeof control);
  if (count > 0) {
    message.msg_control = &control;
    message.msg_controllen = CMSG_SPACE(sizeof(int) * (size_t)count);
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int) * (size_t)count);
    memcpy(CMSG_DATA(header), fds, sizeof(int) * (size_t)count);
  }
  assert_int_equal(sendmsg(fd, &message, MSG_NOSIGNAL), length);
}

static int open_bare(pair *p) {
  int fds[2];
  memset(p, 0, sizeof *p);
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
  p->b = open_end(p, fds[0], CP_SERIALIZATION_JSON, false);
  return fds[1];
}

static void a_handle_that_node_sends_twice_is_one_message_with_one_confirmation(void **state) {
  (void)state;
  static const char text[] =
      "{\"cmd\":\"NODE_HANDLE\",\"type\":\"net.Native\",\"msg\":{\"cmd\":\"NODE_HANDLE\",\"type\":"
      "\"net.Socket\",\"msg\":{\"a\":1},\"key\":\"4:127.0.0.1:0\"}}\n";
  pair p;
  char reply[256] = "";
  int peer = open_bare(&p), sockets[2];
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets), 0);
  send_raw(peer, text, 10, sockets, 1); /* the fd rides on the first part */
  send_raw(peer, text + 10, sizeof text - 11, NULL, 0);
  run_until(&p.messages);
  assert_string_equal(p.texts, "{\"a\":1}");
  assert_int_equal(p.fd_count, 1);
  for (int i = 0; i < 3; i++) (void)uv_run(test_loop(), UV_RUN_NOWAIT);
  assert_int_equal(read(peer, reply, sizeof reply), 26);
  assert_string_equal(reply, "{\"cmd\":\"NODE_HANDLE_ACK\"}\n");
  close(sockets[0]);
  close(sockets[1]);
  close(peer);
  close_pair(&p);
}

static void files_that_no_message_names_end_the_channel(void **state) {
  (void)state;
  pair p;
  int null = open("/dev/null", O_RDWR | O_CLOEXEC), many[40];
  for (int i = 0; i < 40; i++) many[i] = null;
  int before = count_fds();
  int peer = open_bare(&p);
  send_raw(peer, "1\n", 2, many, 3);
  run_until(&p.disconnects);
  assert_string_equal(p.texts, "1");
  assert_int_equal(p.errors, 1);
  assert_int_equal(p.error.code, CP_EMESSAGE);
  assert_int_equal(count_fds(), before + 1);
  close(peer);
  close_pair(&p);
  peer = open_bare(&p);
  send_raw(peer, "[", 1, many, 40); /* inside a message: too many to be any message's */
  send_raw(peer, "[", 1, many, 40);
  run_until(&p.disconnects);
  assert_int_equal(p.errors, 1);
  assert_int_equal(count_fds(), before + 1);
  close(peer);
  close(null);
  close_pair(&p);
}

static void a_handle_without_its_file_is_told_and_confirmed(void **state) {
  (void)state;
  static const char text[] = "{\"cmd\":\"NODE_HANDLE\",\"type\":\"net.Socket\",\"msg\":7}\n8\n";
  pair p;
  char reply[256] = "";
  int peer = open_bare(&p);
  send_raw(peer, text, sizeof text - 1, NULL, 0);
  while (p.messages < 2) assert_int_not_equal(uv_run(test_loop(), UV_RUN_ONCE), 0);
  assert_string_equal(p.texts, "7 8");
  assert_int_equal(p.errors, 1);
  assert_int_equal(p.fd_count, 0);
  assert_int_equal(p.disconnects, 0);
  assert_int_equal(read(peer, reply, sizeof reply), 26);
  close(peer);
  close_pair(&p);
}

static void shared_memory_that_is_not_sealed_ends_the_channel(void **state) {
  (void)state;
  static const char text[] = "{\"cmd\":\"NODE_CHILD_PROCESS_C\",\"handles\":[],\"memory\":4095}\n";
  pair p;
  int before = count_fds();
  int memory = memfd_create("hostile", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  assert_int_equal(ftruncate(memory, 4096), 0);
  int peer = open_bare(&p);
  send_raw(peer, text, sizeof text - 1, &memory, 1);
  run_until(&p.disconnects);
  assert_int_equal(p.errors, 1);
  assert_int_equal(p.messages, 0);
  close(peer);
  close(memory);
  assert_int_equal(count_fds(), before);
  close_pair(&p);
}

static void a_process_without_fds_left_loses_the_handle_and_says_so(void **state) {
  (void)state;
  pair p;
  int taken[64], count = 0;
  struct rlimit old, few = {.rlim_cur = 40};
  NEEDS_A_REAL_KERNEL(); /* valgrind keeps fds of its own */
  open_pair(&p, CP_SERIALIZATION_JSON, true);
  int server = listening_socket();
  assert_int_equal(send_handle(p.a, "1", (cp_handle){.type = CP_HANDLE_SERVER, .fd = server}), 0);
  assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
  few.rlim_max = old.rlim_max;
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
  while (count < 64 && (taken[count] = dup(server)) >= 0) count++;
  run_until(&p.messages);
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
  for (int i = 0; i < count; i++) close(taken[i]);
  close(server);
  assert_int_equal(p.fd_count, 0);
  assert_int_equal(p.errors, 1);
  assert_int_equal(p.error.code, UV_EMFILE);
  assert_int_equal(p.disconnects, 0);
  close_pair(&p);
}

static void a_large_message_goes_through_shared_memory_and_reads_the_same(void **state) {
  (void)state;
  enum { SIZE = 6 << 20 };
  for (int serialization = 0; serialization <= 1; serialization++) {
    pair p;
    open_pair(&p, (cp_serialization)serialization, true);
    cp_heap *heap = cp_heap_new(NULL);
    char *text = malloc(SIZE);
    for (int i = 0; i < SIZE; i++) text[i] = (char)('a' + i % 26);
    cp_value value = cp_string_n(heap, text, SIZE);
    assert_int_equal(cp_send(p.a, value, NULL), 0);
    assert_true(cp_channel_queued_bytes(p.a) < 1000);
    run_until(&p.messages);
    assert_int_equal(p.errors, 0);
    assert_memory_equal(p.texts + 1, text, sizeof p.texts - 2);
    free(text);
    cp_heap_free(heap);
    close_pair(&p);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(a_server_arrives_with_its_message),
      TEST(messages_behind_a_handle_wait_for_its_confirmation_and_keep_their_order),
      TEST(several_files_of_any_kind_go_between_ends_of_this_library),
      TEST(handles_that_make_no_sense_are_refused),
      TEST(a_handle_of_the_loop_says_itself_what_it_is),
      TEST(handles_nobody_takes_are_closed),
      TEST(a_handle_that_node_sends_twice_is_one_message_with_one_confirmation),
      TEST(files_that_no_message_names_end_the_channel),
      TEST(a_handle_without_its_file_is_told_and_confirmed),
      TEST(shared_memory_that_is_not_sealed_ends_the_channel),
      TEST(a_process_without_fds_left_loses_the_handle_and_says_so),
      TEST(a_large_message_goes_through_shared_memory_and_reads_the_same),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
