/* SPDX-License-Identifier: Apache-2.0
 *
 * File names of keys. Three forms that never meet: a key whose percent-encoding is short enough is
 * that encoding, which never begins with a dot; any other is ".h" and its SHA-256, and the key lies
 * in the blob's properties; everything else in a shard begins with a dot and another letter.
 * Capitals are encoded too, so that keys stay apart where the file system folds case. */
#ifndef FS_NAME_H
#define FS_NAME_H

#include "fs.h"

#define NAME_SIZE 144u /* of a file name, with its NUL: also eCryptfs' limit */

struct name {
    const char *bucket, *key; /* the caller's */
    char hash[65];            /* the key's SHA-256 */
    char file[NAME_SIZE];
    bool hashed;                           /* the file name does not tell the key */
    char shard[sizeof "buckets//xx" + 63]; /* from the root on */
};

/* Checks bucket and key (MGW_INVALID) and fills NAME. */
enum mgw_status name_make(struct mgw_call *call, const struct mgw_blob *blob, struct name *name);
bool name_bucket_is_valid(const char *bucket);
/* Whether FILE is a blob's name, of either form. */
bool name_is_blob(const char *file);
bool name_is_hashed(const char *file);
/* The key of a name that tells it: less than NAME_SIZE bytes. */
void name_decode(const char *file, char *key);

#endif
