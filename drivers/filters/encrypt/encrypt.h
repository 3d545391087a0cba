/* SPDX-License-Identifier: Apache-2.0
 *
 * The filter `encrypt`: blobs lie encrypted in the layer below (format.h), everybody above sees
 * plain bytes and plain sizes.
 *
 * - encrypt.c: the plugin, its table and configuration, stat and list; keys.c: the master keys
 * - format.c: the bytes; seal.c: the cryptography
 * - write.c: writers; read.c: readers; upload.c, source.c: resumable uploads
 *
 * Not available through it: a local descriptor, copy and presigned requests, which would hand out,
 * take in or rename what only this layer can read.
 *
 * An instance never changes after create(): every function may be called from any thread. */
#ifndef ENCRYPT_H
#define ENCRYPT_H

#include "drivers/filters/common/pass.h"
#include "format.h"
#include "keys.h"
#include "seal.h"

struct encrypt {
    struct pass pass; /* first: the callbacks of common/pass.h take an encrypt for it */
    const struct mgw_host *host;
    char *name; /* of the instance, for logs */
    struct algorithms algorithms;
    struct keys keys;
};

enum mgw_status encrypt_no_memory(struct mgw_call *call);
/* OpenSSL refused what it never refuses. */
enum mgw_status encrypt_broken(struct mgw_call *call);
/* PUT as the layer below gets it: its length in bytes below. MGW_TOO_LARGE. */
enum mgw_status encrypt_put_below(struct mgw_call *call, const struct mgw_put *put,
                                  struct mgw_put *below);

enum mgw_status write_begin(struct mgw_call *call, void *instance, const struct mgw_blob *blob,
                            const struct mgw_put *put, void **writer);
enum mgw_status write_bytes(struct mgw_call *call, void *writer, const void *bytes, size_t length);
enum mgw_status write_prepare(struct mgw_call *call, void *writer);
enum mgw_status write_commit(struct mgw_call *call, void *writer, struct mgw_stat *stat);
void write_abort(struct mgw_call *call, void *writer);

enum mgw_status read_open(struct mgw_call *call, void *instance, const struct mgw_blob *blob,
                          const char *if_etag, void **reader, struct mgw_stat *stat);
enum mgw_status read_bytes(struct mgw_call *call, void *reader, uint64_t offset, void *buffer,
                           size_t length, size_t *got);
void read_advise(struct mgw_call *call, void *reader, uint64_t offset, uint64_t length);
void read_close(void *reader);

enum mgw_status upload_plan(struct mgw_call *call, void *instance, const struct mgw_put *put,
                            struct mgw_upload_plan *plan);
enum mgw_status upload_create(struct mgw_call *call, void *instance, const struct mgw_blob *blob,
                              const struct mgw_put *put, struct mgw_opaque *state);
enum mgw_status upload_part(struct mgw_call *call, void *instance, const struct mgw_opaque *state,
                            const struct mgw_part *part, const struct mgw_source *source,
                            uint64_t fence, struct mgw_opaque *receipt);
enum mgw_status upload_complete(struct mgw_call *call, void *instance,
                                const struct mgw_opaque *state, const struct mgw_part *parts,
                                size_t count, size_t stride, uint64_t fence, struct mgw_stat *stat);
enum mgw_status upload_abort(struct mgw_call *call, void *instance, const struct mgw_opaque *state,
                             uint64_t fence);

#endif
