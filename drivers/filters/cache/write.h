/* SPDX-License-Identifier: Apache-2.0
 *
 * What changes blobs: passed on, and afterwards the copy goes, whatever the answer was. */
#ifndef CACHE_WRITE_H
#define CACHE_WRITE_H

#include "cache.h"

enum mgw_status write_begin(struct mgw_call *call, void *instance, const struct mgw_blob *blob,
                            const struct mgw_put *put, void **writer);
enum mgw_status write_commit(struct mgw_call *call, void *writer, struct mgw_stat *stat);
enum mgw_status write_remove(struct mgw_call *call, void *instance, const struct mgw_blob *blob);
enum mgw_status write_copy(struct mgw_call *call, void *instance, const struct mgw_blob *from,
                           const struct mgw_blob *to, struct mgw_stat *stat);
/* Which blob it is only the layer below knows: all that was trusted is asked for again. */
enum mgw_status write_complete(struct mgw_call *call, void *instance,
                               const struct mgw_opaque *state, const struct mgw_part *parts,
                               size_t count, size_t stride, uint64_t fence, struct mgw_stat *stat);

#endif
