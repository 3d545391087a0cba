/* SPDX-License-Identifier: Apache-2.0
 *
 * Presigned URLs, at the public endpoint: storage.h's presign. No request is sent. Any thread. */
#ifndef S3_PRESIGN_H
#define S3_PRESIGN_H

#include "s3.h"

enum mgw_status presign(struct mgw_call *call, void *instance, const struct mgw_blob *blob,
                        const struct mgw_presign *presign, struct mgw_presigned *presigned);

#endif
