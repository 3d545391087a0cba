/* SPDX-License-Identifier: Apache-2.0
 *
 * The verbs that read, as repo.h has them, over a pool of readers. Any thread. */
#ifndef SQLITE_READ_H
#define SQLITE_READ_H

#include "reader.h"

#include <mediagw/repo.h>

enum mgw_status read_row(struct reader_pool *pool, struct mgw_call *call, const char *id,
                         mgw_row_emit *emit, void *ctx);
enum mgw_status read_row_by_blob(struct reader_pool *pool, struct mgw_call *call,
                                 const char *bucket, const char *key, mgw_row_emit *emit,
                                 void *ctx);
enum mgw_status read_list(struct reader_pool *pool, struct mgw_call *call,
                          const struct mgw_row_query *query, mgw_row_emit *emit, void *ctx);
enum mgw_status read_due(struct reader_pool *pool, struct mgw_call *call, int64_t now,
                         uint32_t limit, mgw_row_emit *emit, void *ctx);
enum mgw_status read_scan(struct reader_pool *pool, struct mgw_call *call, const char *after_id,
                          uint32_t limit, mgw_row_emit *emit, void *ctx);
enum mgw_status read_known(struct reader_pool *pool, struct mgw_call *call, struct mgw_known *known,
                           size_t count, size_t stride);
enum mgw_status read_record(struct reader_pool *pool, struct mgw_call *call, int64_t now,
                            const char *kind, const char *account, const char *id,
                            mgw_record_emit *emit, void *ctx);
enum mgw_status read_records(struct reader_pool *pool, struct mgw_call *call, int64_t now,
                             const char *kind, const char *account, const char *after_account,
                             const char *after_id, uint32_t limit, mgw_record_emit *emit,
                             void *ctx);
enum mgw_status read_health(struct reader_pool *pool, struct mgw_call *call);

#endif
