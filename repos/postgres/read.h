/* SPDX-License-Identifier: Apache-2.0
 *
 * The verbs that read, as repo.h has them. A read whose connection breaks is made once more on
 * another one. What was found is emitted when the connection is back in the pool: an emit may read
 * in its turn. Any thread. */
#ifndef POSTGRES_READ_H
#define POSTGRES_READ_H

#include "pool.h"

#include <mediagw/repo.h>

enum mgw_status read_row(struct pool *pool, struct mgw_call *call, const char *id,
                         mgw_row_emit *emit, void *ctx);
enum mgw_status read_row_by_blob(struct pool *pool, struct mgw_call *call, const char *bucket,
                                 const char *key, mgw_row_emit *emit, void *ctx);
enum mgw_status read_list(struct pool *pool, struct mgw_call *call,
                          const struct mgw_row_query *query, mgw_row_emit *emit, void *ctx);
enum mgw_status read_due(struct pool *pool, struct mgw_call *call, uint32_t limit,
                         mgw_row_emit *emit, void *ctx);
enum mgw_status read_scan(struct pool *pool, struct mgw_call *call, const char *after_id,
                          uint32_t limit, mgw_row_emit *emit, void *ctx);
enum mgw_status read_known(struct pool *pool, struct mgw_call *call, struct mgw_known *known,
                           size_t count, size_t stride);
enum mgw_status read_record(struct pool *pool, struct mgw_call *call, const char *kind,
                            const char *account, const char *id, mgw_record_emit *emit, void *ctx);
enum mgw_status read_records(struct pool *pool, struct mgw_call *call, const char *kind,
                             const char *account, const char *after_account, const char *after_id,
                             uint32_t limit, mgw_record_emit *emit, void *ctx);
enum mgw_status read_now(struct pool *pool, struct mgw_call *call, int64_t *now_ms);
/* Deletes some records that expired, LIMIT at most; *MORE where there may be others. */
enum mgw_status read_expire(struct pool *pool, struct mgw_call *call, uint32_t limit, bool *more);
enum mgw_status read_health(struct pool *pool, struct mgw_call *call);

#endif
