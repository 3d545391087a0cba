/* SPDX-License-Identifier: Apache-2.0
 *
 * The answer of AWS STS to AssumeRoleWithWebIdentity (API version 2011-06-15), as XML. */
#ifndef S3_CREDS_STS_H
#define S3_CREDS_STS_H

#include "creds_source.h"

struct sts_error {
    char code[64];     /* letters, digits and dots; "" where the answer has none */
    char message[256]; /* one printable line */
};

/* Before the first thread. */
void sts_init(void);
/* MGW_OK, or MGW_UNAVAILABLE with the text: the document is no such answer. */
enum mgw_status sts_read(struct mgw_call *call, const char *xml, size_t length,
                         struct creds_found *found);
void sts_read_error(const char *xml, size_t length, struct sts_error *error);

#endif
