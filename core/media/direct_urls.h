/* SPDX-License-Identifier: Apache-2.0
 *
 * Where the bytes of a direct upload may go, and for how long: the answer of mgw_direct_begin. One
 * thread an answer. */
#ifndef MEDIA_DIRECT_URLS_H
#define MEDIA_DIRECT_URLS_H

#include "core/media/direct_record.h"

/* How ROW's bytes, size_bytes of them, are best sent; sets mode and part_bytes. WISH is an enum
 * mgw_direct_parts. */
enum mgw_status direct_choose(struct mgw_media *media, struct mgw_call *call,
                              const struct mgw_row *row, uint32_t wish, struct direct *direct);
/* What the store is told of ROW's blob. METADATA has room for 7 pointers. */
struct mgw_put direct_put(const struct mgw_row *row, const char **metadata);

/* Fresh URLs for ROW: *OUT, to be freed by mgw_direct_free, and *URLS_MS, how long the last of them
 * lives. */
enum mgw_status direct_urls(struct mgw_media *media, struct mgw_call *call,
                            const struct mgw_row *row, struct direct *direct,
                            struct mgw_direct **out, int64_t *urls_ms);
/* An answer without URLs; NULL when memory is short. */
struct mgw_direct *direct_answer(size_t requests);
/* Puts a copy of ROW in; false: memory is short. */
bool direct_answer_row(struct mgw_direct *answer, const struct mgw_row *row);

#endif
