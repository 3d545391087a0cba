/* SPDX-License-Identifier: Apache-2.0
 *
 * Percent-encoding as AWS Signature Version 4 has it (UriEncode). */
#ifndef S3_ENCODE_H
#define S3_ENCODE_H

#include "text.h"

/* Everything but A-Za-z0-9-._~ (and "/" where SLASH) as %XX with upper-case digits. */
void encode_uri(struct text *to, const char *plain, bool slash);

#endif
