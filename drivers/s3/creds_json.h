/* SPDX-License-Identifier: Apache-2.0
 *
 * The JSON in which a container's endpoint and IMDS hand out a role's credentials. */
#ifndef S3_CREDS_JSON_H
#define S3_CREDS_JSON_H

#include "creds_source.h"

/* MGW_OK, or MGW_UNAVAILABLE with the text: it is no such document, or one that says why there are
 * none (its Code, no more). MUST_END: a document without Expiration is refused. */
enum mgw_status creds_json_read(struct mgw_call *call, const char *where, const char *json,
                                size_t length, bool must_end, struct creds_found *found);

#endif
