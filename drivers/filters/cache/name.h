/* SPDX-License-Identifier: Apache-2.0
 *
 * Names of copies: a hash of store, bucket and key, so that no byte from outside becomes part of a
 * path. And keys of versions, which a copy's checksums are made with. */
#ifndef CACHE_NAME_H
#define CACHE_NAME_H

#include "cache.h"

#define NAME_HASH 32u
#define NAME_FILE (2u + 1u + 2u * NAME_HASH) /* "XX/" and the hash in hexadecimal */

struct name {
    unsigned char hash[NAME_HASH];
    char file[NAME_FILE + 1];
};

bool name_make(const struct cache *cache, const struct mgw_blob *blob, struct name *name);
/* The path of a copy whose hash is known. */
void name_path(struct name *name);
/* Of a file in the folder XX: true where it is a name of ours; NAME is then the whole. */
bool name_parse(const char *file, struct name *name);

struct version {
    unsigned char key[16];
};
bool name_version(const struct cache *cache, const struct name *name, const char *etag,
                  struct version *version);

#endif
