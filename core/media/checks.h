/* SPDX-License-Identifier: Apache-2.0
 *
 * The rules for what a client may call things. Each answers NULL where the text is fine, else one
 * line, which may be shown to the client, saying what is wrong. Pure. */
#ifndef MEDIA_CHECKS_H
#define MEDIA_CHECKS_H

#include <stdint.h>

#define CHECKS_METADATA_MAX 65536
#define CHECKS_METADATA_DEPTH 32

const char *checks_id(const char *id);                 /* [A-Za-z0-9._-]{1,64}, not "." or ".." */
const char *checks_account(const char *account);       /* [A-Za-z0-9._:@|-]{1,128} */
const char *checks_session_id(const char *session_id); /* [A-Za-z0-9_-]{1,128} */
const char *
checks_owner_email(const char *email); /* 1 to 320 bytes, UTF-8, no control characters */
const char *checks_idempotency_key(const char *key); /* 1 to 128 visible ASCII */
const char *checks_kind(const char *kind);           /* video, audio, image, file */
const char *checks_checksum(const char *checksum);   /* sha256:<64 lower-case hex digits> */
/* [a-z0-9][a-z0-9.-]{1,62}: what every S3 server and every file system takes as a bucket. */
const char *checks_bucket(const char *bucket);
const char *checks_duration_ms(int64_t duration_ms); /* 0 to 2^53-1 */
const char *checks_take_index(int64_t take_index);   /* 0 to 2^31-1 */
/* A JSON object: at most 64 KiB, depth 32, no key twice in one object, no U+0000. */
const char *checks_metadata(const char *metadata);

#endif
