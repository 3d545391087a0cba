/* SPDX-License-Identifier: Apache-2.0
 *
 * Carries out changes on the writing connection, inside a transaction of the caller's. The writer
 * thread alone. */
#ifndef SQLITE_CHANGE_H
#define SQLITE_CHANGE_H

#include "fault.h"

#include <mediagw/repo.h>

struct changer; /* the connection's prepared statements */

enum mgw_status changer_new(sqlite3 *db, struct changer **changer, struct fault *fault);
void changer_free(struct changer *changer);

/* Makes CHANGE at the time NOW. RESULT gets its fields. A status that the change deserves (EXISTS,
 * CONFLICT, …) leaves the database as it was and *BROKEN false; *BROKEN: SQLite failed, and the
 * caller must look whether its transaction still stands. */
enum mgw_status changer_make(struct changer *changer, const struct mgw_change *change, int64_t now,
                             struct mgw_change_result *result, bool *broken, struct fault *fault);

#endif
