/* request.h - requests that wait for their replies, by number. */
#ifndef CP_IPC_REQUEST_H
#define CP_IPC_REQUEST_H

#include "child_process.h"

typedef struct cp__request {
  cp_reply_cb cb; /* NULL: answered */
  void *data;
  uint64_t deadline; /* loop time, milliseconds; 0: none */
} cp__request;

/* A ring: the ids from `first_id` on, in order; answered ones go as soon as they are the first. */
typedef struct cp__requests {
  cp__request *ring;
  size_t first, count, capacity, waiting;
  uint64_t first_id;
  uint64_t next_deadline; /* loop time: none comes before; 0: there is none */
} cp__requests;

/* Takes a message that is the reply to a request. False: it is not. */
bool cp__requests_answer(cp_channel *channel, cp_message *message);

/* Fails those whose time has come; all of them with CP_ECHANNELCLOSED if the channel is closed. */
void cp__requests_check(cp_channel *channel);

/* A copy of an object's own properties, with the id before them. They share its heap. */
cp_value cp__with_id(cp_value request, uint64_t id);

void cp__requests_free(cp__requests *requests);

#endif
