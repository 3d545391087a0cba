/* SPDX-License-Identifier: Apache-2.0
 *
 * Brings a database's schema up to date. Several processes may do so at once: one migrates, the
 * others wait. */
#ifndef SQLITE_MIGRATE_H
#define SQLITE_MIGRATE_H

#include "open.h"

/* DB is a writing connection in WAL mode. An existing schema is copied to PATH.before-<N> before
 * migration N; a schema that this release is too old for is MGW_INVALID and left alone. LOG as the
 * host's. */
enum mgw_status migrate(sqlite3 *db, const struct open_options *options,
                        const struct mgw_host *host, const char *instance, struct fault *fault);

#endif
