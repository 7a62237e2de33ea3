/* sockets.c - counting the sockets of Node's servers. */
#include "sockets.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "channel.h"
#include "deadline.h"
#include "io.h"

enum { CHECK_MS = 100, MAX_GROUPS = 256 };

typedef struct socket_id {
  dev_t device;
  ino_t inode;
  bool is_open; /* while they are counted */
} socket_id;

/* Those of one key. */
typedef struct cp__socket_group {
  struct cp__socket_group *next;
  socket_id *ids;
  size_t count, capacity;
  bool is_closing;      /* the peer waits for the last one */
  uint64_t fresh_until; /* the last count holds until then, nanoseconds */
  size_t counted;       /* how many there were */
  uint64_t told;        /* and after how many messages */
  char key[];
} socket_group;

static bool identify(int fd, socket_id *id) {
  struct stat file;
  if (fstat(fd, &file) != 0 || !S_ISSOCK(file.st_mode)) return false;
  *id = (socket_id){.device = file.st_dev, .inode = file.st_ino};
  return true;
}

static socket_group *find(const cp__sockets *sockets, const char *key) {
  socket_group *group = sockets->groups;
  while (group != NULL && strcmp(group->key, key) != 0) group = group->next;
  return group;
}

static socket_group *add_group(cp__sockets *sockets, const char *key) {
  size_t count = 0;
  for (socket_group *group = sockets->groups; group != NULL; group = group->next) count++;
  socket_group *group = count < MAX_GROUPS ? calloc(1, sizeof *group + strlen(key) + 1) : NULL;
  if (group == NULL) return NULL;
  memcpy(group->key, key, strlen(key) + 1);
  group->next = sockets->groups;
  sockets->groups = group;
  return group;
}

static int by_inode(const void *a, const void *b) {
  const socket_id *first = a, *second = b;
  if (first->inode != second->inode) return first->inode < second->inode ? -1 : 1;
  return first->device < second->device ? -1 : first->device > second->device;
}

/* Which of the group's sockets this process has open still; forgets the others. */
static void forget_closed(socket_group *group) {
  size_t open = 0;
  if (group->count == 0) return;
  DIR *fds = opendir("/proc/self/fd");
  if (fds == NULL) return; /* then they count as open */
  qsort(group->ids, group->count, sizeof *group->ids, by_inode);
  for (struct dirent *entry; (entry = readdir(fds)) != NULL;) {
    socket_id id, *found;
    if (entry->d_name[0] == '.' || !identify(atoi(entry->d_name), &id)) continue;
    found = bsearch(&id, group->ids, group->count, sizeof *group->ids, by_inode);
    if (found != NULL) found->is_open = true;
  }
  (void)closedir(fds);
  for (size_t i = 0; i < group->count; i++) {
    socket_id id = group->ids[i];
    if (!id.is_open) continue;
    id.is_open = false;
    group->ids[open++] = id;
  }
  group->count = open;
}

/* A question costs a look at all fds: one that comes right after gets the same answer, so that most of the time is ours. */
static void count_open(socket_group *group, uint64_t told) {
  uint64_t start = cp__now_ns();
  if (start < group->fresh_until && group->count == group->counted && group->told == told) return;
  forget_closed(group);
  uint64_t end = cp__now_ns();
  group->fresh_until = end + 4 * (end - start);
  group->counted = group->count;
  group->told = told;
}

/* Room is made by forgetting, if that is half of it at least: so each socket costs little, however many there are. */
static bool make_room(socket_group *group) {
  if (group->count < group->capacity) return true;
  forget_closed(group);
  if (group->capacity > 0 && group->count <= group->capacity / 2) return true;
  size_t capacity = group->capacity > 0 ? group->capacity * 2 : 8;
  socket_id *ids = realloc(group->ids, capacity * sizeof *ids);
  if (ids == NULL) return group->count < group->capacity;
  group->ids = ids;
  group->capacity = capacity;
  return true;
}

void cp__sockets_add(cp__sockets *sockets, const cp_handle *handle) {
  socket_id id;
  if (handle->key == NULL || !identify(handle->fd, &id)) return;
  socket_group *group = find(sockets, handle->key);
  if (group == NULL) group = add_group(sockets, handle->key);
  if (group != NULL && make_room(group)) group->ids[group->count++] = id;
}

static void say_all_closed(cp_channel *channel, const socket_group *group) {
  cp_heap *heap = cp__channel_scratch(channel);
  if (heap == NULL) return;
  (void)cp__channel_send_internal(channel, cp__count_answer(heap, "NODE_SOCKET_ALL_CLOSED", group->key, -1), false);
}

static void look_again(cp_channel *channel) {
  channel->sockets.check_at = cp__deadline_in(channel->loop, CHECK_MS);
  cp__channel_arm_timer(channel);
}

void cp__sockets_asked(cp_channel *channel, const cp__internal *question) {
  socket_group *group = question->key != NULL ? find(&channel->sockets, question->key) : NULL;
  if (group == NULL) return;
  count_open(group, channel->sockets.told);
  if (question->kind == CP__INTERNAL_GET_COUNT) {
    cp_heap *heap = cp__channel_scratch(channel);
    if (heap == NULL) return;
    cp_value answer = cp__count_answer(heap, "NODE_SOCKET_COUNT", group->key, (int64_t)group->count);
    (void)cp__channel_send_internal(channel, answer, false);
    return;
  }
  group->is_closing = group->count > 0;
  if (group->is_closing)
    look_again(channel);
  else
    say_all_closed(channel, group);
}

void cp__sockets_check(cp_channel *channel) {
  bool waiting = false;
  channel->sockets.check_at = 0;
  for (socket_group *group = channel->sockets.groups; group != NULL; group = group->next) {
    if (!group->is_closing) continue;
    forget_closed(group);
    if (group->count == 0) say_all_closed(channel, group);
    group->is_closing = group->count > 0;
    waiting = waiting || group->is_closing;
  }
  if (waiting) look_again(channel);
}

void cp__sockets_free(cp__sockets *sockets) {
  while (sockets->groups != NULL) {
    socket_group *group = sockets->groups;
    sockets->groups = group->next;
    free(group->ids);
    free(group);
  }
}
