/* abort.c - the abort controller: a flag and a list of listeners. */
#include "abort.h"

#include <stdlib.h>

struct cp_abort {
  bool triggered;
  cp__abort_listener *listeners;
};

cp_abort *cp_abort_new(void) { return calloc(1, sizeof(cp_abort)); }

bool cp_abort_triggered(const cp_abort *abort) { return abort != NULL && abort->triggered; }

void cp__abort_listen(cp_abort *abort, cp__abort_listener *listener) {
  if (abort->triggered) {
    listener->on_abort(listener);
    return;
  }
  listener->next = abort->listeners;
  listener->link = &abort->listeners;
  if (listener->next != NULL) listener->next->link = &listener->next;
  abort->listeners = listener;
}

void cp__abort_unlisten(cp__abort_listener *listener) {
  if (listener->link == NULL) return;
  *listener->link = listener->next;
  if (listener->next != NULL) listener->next->link = listener->link;
  listener->link = NULL;
}

void cp_abort_trigger(cp_abort *abort) {
  if (abort == NULL || abort->triggered) return;
  abort->triggered = true;
  while (abort->listeners != NULL) {
    cp__abort_listener *listener = abort->listeners;
    cp__abort_unlisten(listener);
    listener->on_abort(listener);
  }
}

void cp_abort_free(cp_abort *abort) {
  if (abort == NULL) return;
  while (abort->listeners != NULL) cp__abort_unlisten(abort->listeners);
  free(abort);
}
