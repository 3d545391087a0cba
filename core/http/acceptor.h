/* SPDX-License-Identifier: Apache-2.0
 *
 * Takes connections and gives them to libmicrohttpd's threads in turn. Its
 * threads, left to themselves with one listening socket, share unfairly: the
 * one that wakes first takes ten, and keep-alive clients stay where they are.
 */
#ifndef HTTP_ACCEPTOR_H
#define HTTP_ACCEPTOR_H

#include <microhttpd.h>

struct acceptor;
struct conns;

/* Accepts from FD, which stays the caller's, for DAEMON (started without a
 * listening socket); CONNS knows which of its threads are blocked. NULL: no
 * memory or no thread. */
struct acceptor *acceptor_new(struct MHD_Daemon *daemon, const struct conns *conns, int fd);
/* Ends its thread: nothing is accepted any more. NULL is nothing. */
void acceptor_free(struct acceptor *acceptor);

#endif
