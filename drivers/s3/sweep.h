/* SPDX-License-Identifier: Apache-2.0
 *
 * Ends multipart uploads that nobody goes on with, by the notes of them (note.h). Any thread. */
#ifndef S3_SWEEP_H
#define S3_SWEEP_H

#include "s3.h"

enum mgw_status sweep(struct mgw_call *call, void *instance, int64_t older_than_ms,
                      struct mgw_sweep_result *result);

#endif
