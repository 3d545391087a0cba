/* SPDX-License-Identifier: Apache-2.0
 *
 * A copy of one version of a blob, in a sparse file:
 *
 *   0       its head: the version's properties; written before the file has its name
 *   4096    the seal, and a tag for each block: all zero where the block is not there
 *   data    the blob's bytes, a block at its place, aligned to 4096
 *
 * A block is written, then its tag, which is its checksum under the version's key: a block that a
 * kill or a power cut left half written, or of another version, has none that fits. All who fill a
 * copy write the same bytes, so that they need no lock among themselves. The seal says that every
 * block was there and right since this start of the machine, and nobody wrote to the file since:
 * the file's time of modification is then one that no clock gives.
 *
 * An entry belongs to one thread at a time; any number of them may be open on one file. */
#ifndef CACHE_ENTRY_H
#define CACHE_ENTRY_H

#include "head.h"

struct entry {
    int fd;       /* read-only; -1: none */
    int writable; /* -1: not open */
    bool sealed;
    int64_t modified_sec; /* what its seal says */
    int64_t used_sec;     /* when it was used last before */
    uint64_t bytes;
    uint64_t blocks;
    uint64_t data; /* where the blob begins in the file */
    struct version version;
};
void entry_close(struct entry *entry);

enum entry_end {
    ENTRY_KEPT,
    ENTRY_SKIPPED, /* no room at this moment */
    ENTRY_BROKEN   /* the folder takes no more of this one: full, evicted, damaged */
};

/* The copy that NAME has, whatever version it is. False: none; one that is damaged is removed. */
bool entry_open(const struct cache *cache, const struct name *name, struct head *head,
                struct entry *entry);
/* A new, empty copy, which takes the place of an older version's. */
enum entry_end entry_create(struct cache *cache, const struct name *name, const struct head *head,
                            struct entry *entry);
/* Nobody finds it any more; who has it open goes on. */
void entry_remove(const struct cache *cache, const struct name *name);
/* Now is when it was used last. */
void entry_touch(const struct cache *cache, const struct entry *entry);

/* Bytes of a block: all have CACHE_BLOCK but the last. */
size_t entry_block_bytes(const struct entry *entry, uint64_t block);
bool entry_has(const struct entry *entry, uint64_t block);
/* The first block from FROM on that is there (or, with MISSING, that is not), UNTIL where none. */
uint64_t entry_next(const struct entry *entry, uint64_t from, uint64_t until, bool missing);
/* The whole block into BUFFER, if it is there and right. */
bool entry_read_block(const struct cache *cache, const struct entry *entry, uint64_t block,
                      void *buffer);
enum entry_end entry_write_block(struct cache *cache, const struct name *name, struct entry *entry,
                                 uint64_t block, const void *bytes);
/* Bytes of a block that was read or written whole through this entry, or of a sealed one. */
bool entry_read(const struct entry *entry, uint64_t offset, void *buffer, size_t length,
                size_t *got);
/* Every block was read or written through this entry. */
void entry_seal(struct cache *cache, const struct name *name, struct entry *entry);
/* Whether it is sealed still. */
bool entry_intact(struct entry *entry);

#endif
