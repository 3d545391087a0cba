/* SPDX-License-Identifier: Apache-2.0
 *
 * Resumable uploads: one in each store, always both. */
#ifndef MIRROR_UPLOAD_H
#define MIRROR_UPLOAD_H

#include "mirror.h"

enum mgw_status upload_plan(struct mgw_call *call, void *instance, const struct mgw_put *put,
                            struct mgw_upload_plan *plan);
enum mgw_status upload_create(struct mgw_call *call, void *instance, const struct mgw_blob *blob,
                              const struct mgw_put *put, struct mgw_opaque *state);
enum mgw_status upload_part(struct mgw_call *call, void *instance, const struct mgw_opaque *state,
                            const struct mgw_part *part, const struct mgw_source *source,
                            uint64_t fence, struct mgw_opaque *receipt);
enum mgw_status upload_complete(struct mgw_call *call, void *instance,
                                const struct mgw_opaque *state, const struct mgw_part *parts,
                                size_t count, size_t stride, uint64_t fence, struct mgw_stat *stat);
enum mgw_status upload_abort(struct mgw_call *call, void *instance, const struct mgw_opaque *state,
                             uint64_t fence);

#endif
