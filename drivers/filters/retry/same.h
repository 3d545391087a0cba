/* SPDX-License-Identifier: Apache-2.0
 *
 * What a put was begun with, so that it can be begun anew, and whether a blob that is there is the
 * very one. One thread at a time. */
#ifndef RETRY_SAME_H
#define RETRY_SAME_H

#include "kept.h"
#include "retry.h"

struct same_put {
    char *bucket, *key, *content_type;
    char **metadata; /* NULL: none */
    struct mgw_put put;
};

/* Copies all of it; false when memory is short. Released in either case. */
bool same_take(struct same_put *made, const struct mgw_blob *blob, const struct mgw_put *put);
void same_release(struct same_put *made);
struct mgw_blob same_blob(const struct same_put *made);
/* MGW_OK and its STAT where what is there has MADE's type and metadata and the bytes of KEPT;
 * MGW_EXISTS where it is another. */
enum mgw_status same_is_there(struct mgw_call *call, const struct pass *pass,
                              const struct same_put *made, const struct kept *kept,
                              struct mgw_stat *stat);

#endif
