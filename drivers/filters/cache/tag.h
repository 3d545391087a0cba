/* SPDX-License-Identifier: Apache-2.0
 *
 * Checksums: GMAC (AES-128) under a key that is no secret, the fastest that OpenSSL has. Whoever
 * may write to the folder can forge one; what they find is damage, and bytes of another place. */
#ifndef CACHE_TAG_H
#define CACHE_TAG_H

#include "name.h"

struct tag {
    unsigned char bytes[16];
};

bool tag_make(const struct cache *cache, const struct version *key, uint64_t block,
              const void *bytes, size_t length, struct tag *tag);

#endif
