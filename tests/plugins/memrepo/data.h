/* SPDX-License-Identifier: Apache-2.0
 *
 * The rows and records of a repository in memory. Items never change once they are stored: a change
 * stores a new one, so that a reader may hold on to what it found. The caller holds `lock` over
 * every function but data_unref. */
#ifndef MEMREPO_DATA_H
#define MEMREPO_DATA_H

#include <mediagw/repo.h>

#include <pthread.h>
#include <stdatomic.h>

/* A row or a record, whose texts follow it in the same block. */
struct item {
    atomic_uint refs;
    struct mgw_row row;
    struct mgw_record record;
};

struct items {
    struct item **at;
    size_t count, capacity;
};

struct data {
    struct data *next; /* named ones live as long as the process */
    char *name;
    pthread_mutex_t lock;
    struct items rows, records;
    int64_t clock;  /* the latest time that was answered */
    int64_t newest; /* the latest created_at */
};

struct data *data_new(const char *name);
void data_free(struct data *data);

void data_unref(struct item *item);
static inline struct item *data_ref(struct item *item)
{
    atomic_fetch_add(&item->refs, 1);
    return item;
}

/* NULL where there is none. Borrowed. */
struct item *data_row(struct data *data, const char *id);
struct item *data_row_by_blob(struct data *data, const char *bucket, const char *key);
/* Those that expired at NOW are not found. */
struct item *data_record(struct data *data, const char *kind, const char *account, const char *id,
                         int64_t now);
/* Takes expired records out. */
void data_expire(struct data *data, int64_t now);

/* repo.h's apply at the time NOW. */
enum mgw_status data_apply(struct data *data, struct mgw_call *call, int64_t now,
                           const struct mgw_change *changes, size_t change_stride,
                           struct mgw_change_result *results, size_t result_stride, size_t count);

#endif
