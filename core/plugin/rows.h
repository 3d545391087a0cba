/* SPDX-License-Identifier: Apache-2.0
 *
 * The host's view of one repository instance, as store.h is for storage: error slot, locks, checks
 * of what comes back (rows without an id, with an unknown status or with text that is no UTF-8 are
 * MGW_CORRUPT). Any thread. */
#ifndef PLUGIN_ROWS_H
#define PLUGIN_ROWS_H

#include <mediagw/repo.h>

struct rows;

enum mgw_status rows_new(struct mgw_call *call, const char *name, const struct mgw_repo *repo,
                         enum mgw_thread_model threads, bool owned, struct rows **rows);
void rows_free(struct rows *rows);
const char *rows_name(const struct rows *rows);
const struct mgw_repo_limits *rows_limits(const struct rows *rows);
/* Whether get, get_by_blob and get_record may be called where nothing may block: the instance says
 * so, and was not seen to wait in the last minute. */
bool rows_are_quick(const struct rows *rows);

enum mgw_status rows_get(struct rows *rows, struct mgw_call *call, const char *id,
                         mgw_row_emit *emit, void *ctx);
enum mgw_status rows_get_by_blob(struct rows *rows, struct mgw_call *call, const char *bucket,
                                 const char *key, mgw_row_emit *emit, void *ctx);
enum mgw_status rows_list(struct rows *rows, struct mgw_call *call,
                          const struct mgw_row_query *query, mgw_row_emit *emit, void *ctx);
enum mgw_status rows_scan_due(struct rows *rows, struct mgw_call *call, uint32_t limit,
                              mgw_row_emit *emit, void *ctx);
/* MGW_UNSUPPORTED where the driver has no scan(). */
enum mgw_status rows_scan(struct rows *rows, struct mgw_call *call, const char *after_id,
                          uint32_t limit, mgw_row_emit *emit, void *ctx);
enum mgw_status rows_which_known(struct rows *rows, struct mgw_call *call, struct mgw_known *known,
                                 size_t count);
enum mgw_status rows_apply(struct rows *rows, struct mgw_call *call,
                           const struct mgw_change *changes, struct mgw_change_result *results,
                           size_t count);
enum mgw_status rows_get_record(struct rows *rows, struct mgw_call *call, const char *kind,
                                const char *account, const char *id, mgw_record_emit *emit,
                                void *ctx);
enum mgw_status rows_list_records(struct rows *rows, struct mgw_call *call, const char *kind,
                                  const char *account, const char *after_account,
                                  const char *after_id, uint32_t limit, mgw_record_emit *emit,
                                  void *ctx);
enum mgw_status rows_maintain(struct rows *rows, struct mgw_call *call);
enum mgw_status rows_health(struct rows *rows, struct mgw_call *call);
enum mgw_status rows_now(struct rows *rows, struct mgw_call *call, int64_t *now_ms);

#endif
