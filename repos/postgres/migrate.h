/* SPDX-License-Identifier: Apache-2.0
 *
 * Brings a database's schema up to date. Any number of nodes may do so at once: one migrates, the
 * others wait for it. */
#ifndef POSTGRES_MIGRATE_H
#define POSTGRES_MIGRATE_H

#include "session.h"

struct migrate_options {
    const char *schema; /* quoted */
    bool manual;        /* only with MGW_CREATE_MIGRATE */
    uint32_t flags;     /* MGW_CREATE_* */
};

/* MGW_NOT_FOUND where there is nothing yet and nobody said MGW_CREATE_INIT; MGW_CONFLICT where a
 * migration is due that may not be made now; MGW_INVALID, and nothing was changed, where this
 * release is too old for the schema. */
enum mgw_status migrate(struct session *session, const struct migrate_options *options,
                        const struct limit *limit, struct fault *fault);

#endif
