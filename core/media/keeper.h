/* SPDX-License-Identifier: Apache-2.0
 *
 * Keeps the leases of uploads under way: one thread that renews each a third of the way through its
 * time. An upload whose row has been taken by somebody else learns it by lease_lost(). Any thread.
 */
#ifndef MEDIA_KEEPER_H
#define MEDIA_KEEPER_H

#include "core/plugin/rows.h"

struct keeper;
struct lease;

struct keeper *keeper_new(struct rows *rows, int64_t lease_ms);
/* Every lease has been ended. */
void keeper_free(struct keeper *keeper);

/* The row ID of ACCOUNT was just given a lease with FENCE. NULL when memory is short. */
struct lease *keeper_add(struct keeper *keeper, const char *id, const char *account, int64_t fence);
bool lease_lost(const struct lease *lease);
/* Stops renewing; NULL is nothing. A renewal that is under way does no harm: it asks for status and
 * fence. */
void lease_end(struct lease *lease);

#endif
