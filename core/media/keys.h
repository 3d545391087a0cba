/* SPDX-License-Identifier: Apache-2.0
 *
 * What others than the service's own functions must know of API keys' records. */
#ifndef MEDIA_KEYS_H
#define MEDIA_KEYS_H

#include <stdbool.h>

#define KEYS_RECORD "api_key" /* the records' kind */

/* Whether the record with this text is of a revoked key. */
bool keys_record_is_revoked(const char *text);

#endif
