/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of the media room share: the service itself and the small verbs on it. */
#ifndef MEDIA_INTERNAL_H
#define MEDIA_INTERNAL_H

#include "core/base/pool.h"
#include "core/media/cache.h"
#include "core/media/sign.h"
#include "core/plugin/call.h"
#include "core/plugin/rows.h"
#include "core/plugin/store.h"

#include <mediagw/media.h>

#include <pthread.h>

struct keeper;
struct keycache;
struct readbacks;
struct node;
struct registry;

struct mgw_media {
    struct store *store;
    struct rows *rows;
    struct registry *registry; /* where the service was made from a config; NULL otherwise */

    char *default_bucket;
    char *public_url; /* "" or a base without a slash at its end */
    char *node_id;
    char **mime_types; /* NULL-terminated */
    int64_t ttl_sec, max_ttl_sec, direct_ttl_sec;
    uint64_t direct_part_from_bytes;
    bool proxies; /* signed URLs are the gateway's own, whatever the store can do */
    int64_t lease_ms, reap_interval_ms, idempotency_ttl_ms;
    uint64_t max_upload_bytes, min_free_bytes;
    enum mgw_status (*generate_id)(void *ctx, char *id, size_t capacity);
    void *generate_id_ctx;

    pthread_rwlock_t
        keys_lock; /* guards `keys`: held while one is used, exclusively to swap them */
    struct sign_keys *keys;
    struct cache *cache;
    struct keycache *keycache;
    struct pool *pool;     /* writes rows beside the bytes */
    struct keeper *keeper; /* renews the leases of uploads under way */
    struct readbacks *readbacks;

    struct node *node; /* NULL: nobody among others; the reaper then asks for no lease */

    pthread_t reaper;
    bool reaper_runs;
    bool stopping;
    struct mgw_call *reaping; /* the round's call, to be cancelled; NULL: none */
    pthread_mutex_t lock;     /* guards stopping and reaping */
    pthread_cond_t wake;
};

/* How long after a row left `ready` or `uploading` its blob is purged once more: a paused owner may
 * publish late. */
static inline int64_t media_grace_ms(const struct mgw_media *media)
{
    return 2 * media->lease_ms;
}

/* Whether signed URLs are the store's. */
static inline bool media_presigns(const struct mgw_media *media)
{
    const struct mgw_storage_limits *limits = store_limits(media->store);
    return !media->proxies && (limits->capabilities & MGW_STORAGE_PRESIGN_GET) &&
           limits->max_presign_ttl_sec > 0;
}

/* A driver's status as the service's own: DENIED, INVALID, BUSY and CORRUPT say something about the
 * caller when the service says them, and here nobody asked for anything wrong. The text stays, for
 * the log. */
static inline enum mgw_status media_outside(enum mgw_status status)
{
    switch (status) {
    case MGW_DENIED:
    case MGW_BUSY:
        return MGW_UNAVAILABLE;
    case MGW_INVALID:
    case MGW_CORRUPT:
    case MGW_RANGE:
    case MGW_UNSUPPORTED:
        return MGW_IO;
    default:
        return status;
    }
}

/* A grant for ROW: a copy of it, with a URL unless the row is not ready. TTL_SEC 0: the default. */
enum mgw_status grant_new(struct mgw_media *media, struct mgw_call *call, const struct mgw_row *row,
                          int64_t ttl_sec, const char *file_name, bool replayed,
                          struct mgw_grant **grant);

/* The call's account's row of any status, to be freed. MGW_DENIED: another account's. */
enum mgw_status media_find_own(struct mgw_media *media, struct mgw_call *call, const char *id,
                               struct mgw_row **row);

/* Removes the blob of ROW, and says so in the log where that fails; the reaper comes back to it. */
enum mgw_status media_purge(struct mgw_media *media, struct mgw_call *call,
                            const struct mgw_row *row);

/* A repository's apply, repeated once where its outcome is unknown. */
enum mgw_status media_apply(struct mgw_media *media, struct mgw_call *call,
                            const struct mgw_change *changes, struct mgw_change_result *results,
                            size_t count);

/* False: no thread could be had. */
bool reaper_start(struct mgw_media *media);
void reaper_stop(struct mgw_media *media);

#endif
