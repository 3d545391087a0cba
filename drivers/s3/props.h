/* SPDX-License-Identifier: Apache-2.0
 *
 * A blob's properties as S3's headers: Content-Type and x-amz-meta-NAME. A value that is not plain
 * visible ASCII goes as an RFC 2047 word, as S3 itself gives such values back. Names that begin
 * with "mgw-" are the driver's own and are never shown. */
#ifndef S3_PROPS_H
#define S3_PROPS_H

#include "request.h"

#define PROPS_METADATA_MAX 1024u         /* of the 2 KiB that S3 takes with its own prefixes */
#define PROPS_NONCE "x-amz-meta-mgw-put" /* whose put made this object */

/* Adds what a new object is made with to REQUEST; strings in the call's memory. NONCE: 32 digits.
 */
enum mgw_status props_add(struct mgw_call *call, const struct s3 *s3, struct request *request,
                          const char *content_type, const char *const *metadata, const char *nonce);
/* The same pairs, to be signed into a URL. */
enum mgw_status props_pairs(struct mgw_call *call, const char *const *metadata, const char *nonce,
                            struct sign_pair *pairs, size_t *count, size_t most);
/* Fills STAT out of an answer's headers (of HEAD or a whole GET). */
enum mgw_status props_stat(struct mgw_call *call, const struct lane_exchange *exchange,
                           struct mgw_stat *stat);
/* Without quotes and the weak mark, in OUT of 257 bytes; false where it is no etag. */
bool props_etag(const char *header, char out[257]);
/* "2026-11-24T10:00:00.000Z" or a Last-Modified, to the second, as ms; 0: neither. */
int64_t props_time(const char *text);
/* Base64 with padding, to be freed; NULL when memory is short. */
char *props_base64(const void *bytes, size_t length);
/* A copy of a metadata map, each of its strings and itself to be freed; NULL when memory is short.
 */
char **props_copy(const char *const *map);

#endif
