/* SPDX-License-Identifier: Apache-2.0
 *
 * Brings a database's schema up to date. Several processes may do so at once: one migrates, the
 * others wait. */
#ifndef SQLITE_MIGRATE_H
#define SQLITE_MIGRATE_H

#include "open.h"

struct migrate_options {
    const struct mgw_host *host;
    const char *instance; /* for the host's log */
    bool manual;          /* only with MGW_CREATE_MIGRATE */
    uint32_t flags;       /* MGW_CREATE_* */
};

/* DB is a writing connection in WAL mode. An existing schema is copied to PATH.before-<N> before
 * migration N; a schema that this release is too old for is MGW_INVALID and left alone, one that
 * may not be migrated now MGW_CONFLICT. */
enum mgw_status migrate(sqlite3 *db, const struct open_options *options,
                        const struct migrate_options *how, struct fault *fault);
/* What migrate() would be refused for, or do under MGW_CREATE_DRY_RUN; changes nothing, DB may be
 * in any mode. MGW_OK where nothing is due, or may be done. */
enum mgw_status migrate_check(sqlite3 *db, const struct open_options *options,
                              const struct migrate_options *how, struct fault *fault);

#endif
