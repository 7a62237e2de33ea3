/* shared.h - large payloads in sealed shared memory: a memfd that travels instead of its bytes. */
#ifndef CP_IPC_SHARED_H
#define CP_IPC_SHARED_H

#include <stddef.h>
#include <stdint.h>

/* A sealed memfd with a copy of the bytes; negative code: the system has none, or no memory. Close-on-exec. */
int cp__shared_make(const void *bytes, size_t length);

/*
 * Maps what a peer has sent, after making sure that nobody can change or shorten it any more. At least one NUL
 * follows the bytes. Does not close the fd. 0; CP_EMESSAGE: not sealed, or not that long; UV_ENOMEM.
 * cp__shared_unmap().
 */
int cp__shared_map(uint8_t **bytes, int fd, size_t length);
void cp__shared_unmap(uint8_t *bytes, size_t length);

#endif
