/* SPDX-License-Identifier: Apache-2.0
 *
 * A small blob: one PUT. Any thread. */
#ifndef S3_WHOLE_H
#define S3_WHOLE_H

#include "spool.h"

/* PUT of a sealed spool; the answer is what HEAD says afterwards, or the PUT's own where HEAD
 * cannot say it any more. Repeated with the same nonce: the same. */
enum mgw_status put_whole(struct mgw_call *call, struct s3 *s3, const struct object *object,
                          const struct spool *spool, const char *content_type,
                          const char *const *metadata, const char *nonce, bool if_absent,
                          struct mgw_stat *stat);

#endif
