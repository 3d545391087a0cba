/* SPDX-License-Identifier: Apache-2.0
 *
 * The master keys of the config: `ID:BASE64` of 32 random bytes each, separated by commas, spaces
 * or newlines. The first one encrypts, all of them decrypt. What is refused is named by the key's
 * id or place, never by what stands there. Made at create(), read-only afterwards: any thread. */
#ifndef ENCRYPT_KEYS_H
#define ENCRYPT_KEYS_H

#include "format.h"

#include <mediagw/plugin.h>

#include <stdatomic.h>

enum { KEYS_MAX = 64, KEY_BYTES = 32 };

struct key {
    char id[FORMAT_ID_MAX + 1];
    unsigned char bytes[KEY_BYTES];
    atomic_bool told; /* the log says already that blobs under it are read */
};

struct keys {
    size_t count;
    struct key all[KEYS_MAX];
};

enum mgw_status keys_parse(struct mgw_call *call, const char *text, struct keys *keys);
/* NULL: there is none of that id. */
struct key *keys_find(struct keys *keys, const char *id);
/* Leaves no byte of them in memory. */
void keys_wipe(struct keys *keys);

#endif
