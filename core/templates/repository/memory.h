/* SPDX-License-Identifier: Apache-2.0
 *
 * What stands for a database until there is a real one: rows and records in memory, which outlive
 * the instances. What is stored never changes: a change puts a new item in the old one's place, so
 * that a reader holds on to what it found. */
#ifndef MEMORY_H
#define MEMORY_H

#include <mediagw/repo.h>

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

/* A row or a record, whose texts follow it in the same block. */
struct item {
    atomic_uint references;
    struct mgw_row row;
    struct mgw_record record;
};

struct items {
    struct item **at;
    size_t count;
};

/* All that a batch of changes may change: it works on a copy, which takes the place of the whole
 * when all changes could be made. A database has transactions for that. */
struct content {
    struct items rows, records;
    int64_t newest; /* the latest created_at */
};

extern struct memory {
    pthread_mutex_t lock;
    struct content content;
    int64_t clock; /* the latest time that was answered */
} memory;

struct repo {
    const struct mgw_host *host;
};

/* The repository's clock, which never goes back. Under the lock. */
int64_t memory_now(const struct repo *repo);

/* NULL when memory is short. */
struct item *item_of_row(struct mgw_row *row);
struct item *item_of_record(struct mgw_record *record);
struct item *item_ref(struct item *item); /* NULL stays NULL */
void item_unref(struct item *item);

/* A copy with room for MORE. */
bool items_copy(struct items *copy, const struct items *items, size_t more);
/* NEW in place of OLD: NULL is nothing. Takes NEW over. */
void items_put(struct items *items, struct item *old, struct item *new);
void items_free(struct items *items);

/* Under the lock; NULL where there is none. */
struct item *find_row(const struct content *content, const char *id);
struct item *find_blob(const struct content *content, const char *bucket, const char *key);
/* Expired ones too. */
struct item *find_record(const struct content *content, const char *kind, const char *account,
                         const char *id);
bool is_expired(const struct item *item, int64_t now);

static inline bool same(const char *a, const char *b)
{
    return a && b && strcmp(a, b) == 0;
}

/* change.c */
enum mgw_status repo_apply(struct mgw_call *call, void *instance, const struct mgw_change *changes,
                           size_t change_stride, struct mgw_change_result *results,
                           size_t result_stride, size_t count);

#endif
