/* SPDX-License-Identifier: Apache-2.0
 *
 * This gateway among others on the same repository: its name there, which no other live process
 * has, and the leases of what one node at a time does. A thread renews them; what is not renewed
 * runs out. Any thread. */
#ifndef MEDIA_NODE_H
#define MEDIA_NODE_H

#include "core/plugin/rows.h"

enum { NODE_TTL_MS = 30000, NODE_RENEW_MS = 10000, NODE_ID_MAX = 64 };

/* Records of these kinds, account "", last seen NODE_TTL_MS before they expire. */
#define NODE_RECORD "node"
#define NODE_LEASE_RECORD "lease"

enum node_lease { NODE_REAPER, NODE_SWEEP, NODE_LEASES };

struct node;

/* A name that nobody else has: the host's and some random. To be freed. */
char *node_make_id(void);

/* Takes the name ID. LISTEN (NULL: none) is for those who list nodes. MGW_INVALID: another live
 * process has it; that takes as long as it must to see it alive. */
enum mgw_status node_new(struct rows *rows, const char *id, const char *listen, struct node **node,
                         struct mgw_error *error);
/* Gives everything up, so that others need not wait. NULL is nothing. */
void node_free(struct node *node);

/* True where the lease is this node's; asks for it where nobody has it. CALL (NULL: none) is
 * cancelled when the lease is lost, until node_leave. */
bool node_enter(struct node *node, enum node_lease lease, struct mgw_call *call);
/* True as long as it is, by the clock alone. */
bool node_holds(struct node *node, enum node_lease lease);
void node_leave(struct node *node, enum node_lease lease);

#endif
