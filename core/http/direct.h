/* SPDX-License-Identifier: Apache-2.0
 *
 * Direct uploads: `POST /api/media/recordings/direct` says where the bytes shall go, `POST
 * /api/media/{id}/complete` that they are there, and, for stores that take none themselves, `PUT
 * /media/{bucket}/{key}?…&sig=` takes them. */
#ifndef HTTP_DIRECT_H
#define HTTP_DIRECT_H

#include "core/http/exchange.h"

void direct_begin(struct exchange *x);
void direct_complete(struct exchange *x);
extern const struct sink direct_put_sink;

/* What a body of direct_begin says. Texts are lent by JSON, but for `metadata`, which is its own.
 */
struct direct_body {
    void *json;
    char *metadata;
    struct mgw_recording recording;
    struct mgw_direct_options options; /* `recording` points to the one above */
};
/* NULL where TEXT is one; else what is wrong with it. Ended by direct_body_release in every case.
 */
const char *direct_body_read(const char *text, size_t length, struct direct_body *body);
void direct_body_release(struct direct_body *body);

#endif
