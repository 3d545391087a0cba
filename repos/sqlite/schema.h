/* SPDX-License-Identifier: Apache-2.0
 *
 * The numbered migrations. Number N stands at N - 1, and never changes once it was released. */
#ifndef SQLITE_SCHEMA_H
#define SQLITE_SCHEMA_H

#include <stddef.h>

enum { SCHEMA_APPLICATION_ID = 0x4d475752 }; /* "MGWR" */

struct migration {
    /* The oldest release, by the last migration that it knows, which may still use the schema after
     * this one. A migration that only adds leaves it as it was: the release before goes on
     * working. */
    int oldest;
    const char *sql;
};

extern const struct migration schema_migrations[];
extern const size_t schema_migration_count;

#endif
