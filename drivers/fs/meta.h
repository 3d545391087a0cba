/* SPDX-License-Identifier: Apache-2.0
 *
 * A blob's properties: content type, metadata map, and the key where the file name does not tell
 * it. They lie in the extended attribute user.mediagw, or else in a sidecar file whose name is made
 * of the blob file's identity: it speaks of that very version, and so becomes valid and invalid
 * with it in one step. Any thread. */
#ifndef FS_META_H
#define FS_META_H

#include "name.h"

#define META_SIDECAR_SIZE 72u

/* Encoded properties of a put, to be freed. Checks the metadata map (MGW_INVALID). */
enum mgw_status meta_encode(struct mgw_call *call, const struct name *name,
                            const struct mgw_put *put, char **bytes, size_t *length);

/* The same with the key, for a sidecar: the sweep finds the blob by it. To be freed. */
char *meta_with_key(const char *key, const char *bytes, size_t length, size_t *with);

/* A sidecar being made: locked until meta_settle or meta_drop. */
struct sidecar {
    int fd, dir; /* -1: there is none */
    char name[META_SIDECAR_SIZE];
};
#define SIDECAR_NONE                                                                               \
    (struct sidecar)                                                                               \
    {                                                                                              \
        .fd = -1, .dir = -1                                                                        \
    }

/* Gives the file FD, whose bytes are all written, its time (and so its etag) and its properties.
 * STAT is filled. Nothing is synced but a sidecar. */
enum mgw_status meta_attach(struct mgw_call *call, const struct fs *fs, const struct name *name,
                            int shard, int fd, const char *bytes, size_t length, struct stat *stat,
                            struct sidecar *sidecar);
void meta_settle(struct sidecar *sidecar); /* the blob is published */
void meta_drop(struct sidecar *sidecar);   /* it never will be */

/* Removes the sidecar of a version that is no longer there, if it had one. */
void meta_remove(const struct fs *fs, int shard, const char *hash, const struct stat *stat);

/* Fills content type and metadata of STAT (NULL: not wanted) out of the file FD, and of its sidecar
 * unless SHARD is -1; KEY, unless NULL, has room for MGW_KEY_MAX + 1 bytes and gets the key where
 * the properties tell it. MGW_NOT_FOUND: there are none (or the blob went meanwhile). */
enum mgw_status meta_read(struct mgw_call *call, const struct fs *fs, int shard, const char *hash,
                          int fd, const struct stat *file, struct mgw_stat *stat, char *key);

void meta_etag(const struct stat *stat, char etag[64]);
int64_t meta_modified_ms(const struct stat *stat);
/* bytes, modified_ms and etag of STAT. */
enum mgw_status meta_stat(struct mgw_call *call, const struct stat *file, struct mgw_stat *stat);
/* The same out of encoded BYTES; MGW_CORRUPT (without a text) where they make no sense. */
enum mgw_status meta_decode(struct mgw_call *call, const char *bytes, size_t length,
                            struct mgw_stat *stat, char *key);
void meta_sidecar_name(const char *hash, const struct stat *stat, char name[META_SIDECAR_SIZE]);

#endif
