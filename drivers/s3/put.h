/* SPDX-License-Identifier: Apache-2.0
 *
 * Puts: storage.h's put_*. Up to one part's bytes become one PUT at commit; more become a multipart
 * upload of equal parts, sent while the next one fills. One thread a writer. */
#ifndef S3_PUT_H
#define S3_PUT_H

#include "s3.h"

enum mgw_status put_begin(struct mgw_call *call, void *instance, const struct mgw_blob *blob,
                          const struct mgw_put *put, void **writer);
enum mgw_status put_write(struct mgw_call *call, void *writer, const void *bytes, size_t length);
enum mgw_status put_prepare(struct mgw_call *call, void *writer);
enum mgw_status put_commit(struct mgw_call *call, void *writer, struct mgw_stat *stat);
void put_abort(struct mgw_call *call, void *writer);

#endif
