/* SPDX-License-Identifier: Apache-2.0
 *
 * Bytes on their way to S3: a few in memory, more in an unlinked file, with the digest that the
 * signature covers made as they pass: S3 refuses bytes that do not have it. So a part that fills
 * slowly holds no memory, and a part that is being sent can be sent again. One thread at a time. */
#ifndef S3_SPOOL_H
#define S3_SPOOL_H

#include "request.h"

#define SPOOL_MEMORY (64u << 10)

struct spool {
    const struct s3 *s3;
    unsigned char *memory; /* while there are at most SPOOL_MEMORY bytes */
    size_t capacity;
    int fd; /* -1: in memory */
    uint64_t length;
    void *sha256, *md5; /* EVP_MD_CTX; md5 only where content_md5 asks for it */
    char sha256_hex[65], md5_base64[25];
    bool sealed;
};

enum mgw_status spool_open(struct mgw_call *call, const struct s3 *s3, struct spool *spool);
enum mgw_status spool_write(struct mgw_call *call, struct spool *spool, const void *bytes,
                            size_t length);
/* The digests are ready; no more bytes. */
enum mgw_status spool_seal(struct mgw_call *call, struct spool *spool);
/* REQUEST's body is this spool; its digests are among the headers. */
void spool_attach(const struct spool *spool, struct request *request);
void spool_close(struct spool *spool);

#endif
