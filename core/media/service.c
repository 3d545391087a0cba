/* SPDX-License-Identifier: Apache-2.0
 *
 * The service's life: options checked, store and repository married, threads started and ended. */
#include "core/media/service.h"

#include "core/base/id.h"
#include "core/base/log.h"
#include "core/base/text.h"
#include "core/media/checks.h"
#include "core/media/house.h"
#include "core/media/keeper.h"
#include "core/media/keycache.h"
#include "core/media/mime.h"
#include "core/media/node.h"
#include "core/media/readback.h"
#include "core/media/sniff.h"
#include "core/plugin/watch.h"

#include <string.h>

enum {
    TTL_SEC = 3600,
    DIRECT_TTL_SEC = 900,
    MAX_TTL_SEC = 604800,
    LEASE_MS = 30000,
    LEASE_LEAST_MS = 300,
    REAP_MS = 60000,
    IDEMPOTENCY_MS = 24 * 3600 * 1000,
    START_MS = 30000,
    POOL_THREADS = 16,
    POOL_QUEUE = 4096
};
#define MAX_UPLOAD_BYTES (5ull << 30)
#define DIRECT_PART_FROM_BYTES (64ull << 20)
#define DEFAULT_BUCKET "media-recordings"

static const char *const default_types[] = {"video/*", "audio/*", "image/*", NULL};

static enum mgw_status refuse(struct mgw_error *error, const char *format, const char *detail)
{
    snprintf(error->text, sizeof error->text, format, detail);
    return MGW_INVALID;
}

static void free_list(char **list)
{
    for (size_t i = 0; list && list[i]; i++) {
        free(list[i]);
    }
    free(list);
}

static char **copy_list(const char *const *list)
{
    size_t count = 0;
    while (list[count]) {
        count++;
    }
    char **copy = calloc(count + 1, sizeof *copy);
    for (size_t i = 0; copy && i < count; i++) {
        copy[i] = strdup(list[i]);
        if (!copy[i]) { /* half a list would be another list */
            free_list(copy);
            return NULL;
        }
    }
    return copy;
}

static int64_t or_default(int64_t given, int64_t fallback)
{
    return given > 0 ? given : fallback;
}

static enum mgw_status check_options(const struct mgw_media_options *options,
                                     struct mgw_error *error)
{
    const char *bucket = options->default_bucket;
    const char *wrong = bucket ? checks_bucket(bucket) : NULL;
    if (wrong) {
        return refuse(error, "default_bucket: %s", wrong);
    }
    for (size_t i = 0; options->mime_types && options->mime_types[i]; i++) {
        wrong = mime_check_rule(options->mime_types[i]);
        if (wrong) {
            return refuse(error, "mime_types: %s", wrong);
        }
    }
    int64_t most = or_default(options->max_signed_url_ttl_sec, MAX_TTL_SEC);
    if (most > MAX_TTL_SEC || or_default(options->signed_url_ttl_sec, TTL_SEC) > most) {
        return refuse(error, "%s",
                      "signed_url_ttl_sec must be at most max_signed_url_ttl_sec, and that at most "
                      "604800 (a week)");
    }
    if (options->delivery > MGW_DELIVERY_PROXY) {
        return refuse(error, "%s", "delivery: neither auto nor proxy");
    }
    if (or_default(options->direct_ttl_sec, DIRECT_TTL_SEC) > MAX_TTL_SEC) {
        return refuse(error, "%s", "direct_ttl_sec must be at most 604800 (a week)");
    }
    if (options->node_id && !text_is_word(options->node_id, NODE_ID_MAX, "._-")) {
        return refuse(error, "%s", "node_id: must be 1 to 64 of A-Za-z0-9._-");
    }
    if (options->lease_ms != 0 && options->lease_ms < LEASE_LEAST_MS) {
        return refuse(error, "%s", "lease: must be at least 300 ms");
    }
    return MGW_OK;
}

static enum mgw_status set_options(struct mgw_media *media, const struct mgw_media_options *options,
                                   struct mgw_error *error)
{
    enum mgw_status status = check_options(options, error);
    if (status != MGW_OK) {
        return status;
    }
    char made[ID_UUID_SIZE];
    id_uuid(made);
    media->node_id = strdup(options->node_id ? options->node_id : made);
    media->default_bucket =
        strdup(options->default_bucket ? options->default_bucket : DEFAULT_BUCKET);
    media->public_url = strdup(options->public_url ? options->public_url : "");
    media->mime_types = copy_list(options->mime_types ? options->mime_types : default_types);
    media->ttl_sec = or_default(options->signed_url_ttl_sec, TTL_SEC);
    media->max_ttl_sec = or_default(options->max_signed_url_ttl_sec, MAX_TTL_SEC);
    media->direct_ttl_sec = or_default(options->direct_ttl_sec, DIRECT_TTL_SEC);
    media->direct_part_from_bytes =
        options->direct_part_from_bytes ? options->direct_part_from_bytes : DIRECT_PART_FROM_BYTES;
    media->proxies = options->delivery == MGW_DELIVERY_PROXY;
    media->lease_ms = or_default(options->lease_ms, LEASE_MS);
    media->reap_interval_ms = options->reap_interval_ms == MGW_ABSENT
                                  ? 0
                                  : or_default(options->reap_interval_ms, REAP_MS);
    media->idempotency_ttl_ms = or_default(options->idempotency_ttl_ms, IDEMPOTENCY_MS);
    media->max_upload_bytes =
        options->max_upload_bytes ? options->max_upload_bytes : MAX_UPLOAD_BYTES;
    media->min_free_bytes = options->min_free_bytes;
    media->generate_id = options->generate_id;
    media->generate_id_ctx = options->generate_id_ctx;
    media->cache = cache_new();
    media->keycache = keycache_new();
    media->pool = pool_new("mgw-rows", POOL_THREADS, POOL_QUEUE);
    media->keeper = keeper_new(media->rows, media->lease_ms);
    media->readbacks = readbacks_new(media);
    if (!media->node_id || !media->default_bucket || !media->public_url || !media->mime_types ||
        !media->cache || !media->keycache || !media->pool || !media->keeper || !media->readbacks) {
        return refuse(error, "%s", "out of memory");
    }
    return sign_keys_new(options->url_keys, options->url_key_count, &media->keys, error);
}

/* ---- Life ---- */

/* Rows that several machines share need bytes that they share: else each finds only its own. */
static enum mgw_status check_shared(struct mgw_media *media, struct mgw_error *error)
{
    bool rows = rows_limits(media->rows)->capabilities & MGW_REPO_SHARED;
    bool store = store_limits(media->store)->capabilities & MGW_STORAGE_SHARED;
    if (!rows || store) {
        return MGW_OK;
    }
    snprintf(error->text, sizeof error->text,
             "the repository \"%s\" is shared by several gateways, but the storage \"%s\" is this "
             "machine's own: others would not find the bytes. Where every gateway sees the same "
             "blobs say so (fs: \"shared\": true in \"storage\"), else take a store that all reach",
             rows_name(media->rows), store_name(media->store));
    return MGW_INVALID;
}

static enum mgw_status start(struct mgw_media *media, bool join, const char *listen,
                             struct mgw_error *error)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, START_MS);
    if (!call) {
        return refuse(error, "%s", "out of memory");
    }
    enum mgw_status status = check_shared(media, error);
    if (status != MGW_OK) {
        return status;
    }
    status = house_marry(media->store, media->rows, call, true);
    if (status != MGW_OK) {
        *error = *call->error;
        return status;
    }
    status = join ? node_new(media->rows, media->node_id, listen, &media->node, error) : MGW_OK;
    if (status != MGW_OK) {
        return status;
    }
    if (media->reap_interval_ms > 0 && !reaper_start(media)) {
        return refuse(error, "%s", "the reaper's thread could not be started");
    }
    return MGW_OK;
}

enum mgw_status service_new(struct store *store, struct rows *rows, struct registry *registry,
                            const struct mgw_media_options *options, const char *listen,
                            struct mgw_media **out, struct mgw_error *error)
{
    struct mgw_media *media = calloc(1, sizeof *media);
    if (!media) {
        store_free(store);
        rows_free(rows);
        registry_free(registry);
        return refuse(error, "%s", "out of memory");
    }
    media->store = store;
    media->rows = rows;
    media->registry = registry;
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&media->lock, NULL);
    pthread_rwlock_init(&media->keys_lock, NULL);
    pthread_cond_init(&media->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    enum mgw_status status = set_options(media, options, error);
    if (status == MGW_OK) {
        status = start(media, options->node_id != NULL, listen, error);
    }
    if (status != MGW_OK) {
        mgw_media_free(media);
        return status;
    }
    *out = media;
    return MGW_OK;
}

static void (*user_log)(enum mgw_log_level level, const char *line);
static void forward_log(int level, const char *line)
{
    user_log((enum mgw_log_level)level, line);
}

enum mgw_status mgw_media_new(const struct mgw_media_options *given, struct mgw_media **media,
                              struct mgw_error *error)
{
    struct mgw_error unused = {.size = sizeof unused};
    error = error ? error : &unused;
    struct mgw_media_options options = {0};
    memcpy(&options, given, given->size < sizeof options ? given->size : sizeof options);
    if (!options.storage || !options.repo) {
        return refuse(error, "%s", "storage and repo must be given");
    }
    if (options.log) {
        user_log = options.log;
        log_redirect(forward_log);
    }
    AUTO_CALL struct mgw_call *call = call_new("", NULL, START_MS);
    if (!call) {
        return refuse(error, "%s", "out of memory");
    }
    struct store *store = NULL;
    struct rows *rows = NULL;
    enum mgw_status status =
        store_new(call, "storage", options.storage, MGW_THREADS_PARALLEL, false, &store);
    if (status == MGW_OK) {
        status = rows_new(call, "repository", options.repo, MGW_THREADS_PARALLEL, false, &rows);
    }
    if (status != MGW_OK) {
        *error = *call->error;
        store_free(store);
        return status;
    }
    return service_new(store, rows, NULL, &options, NULL, media, error);
}

void mgw_media_free(struct mgw_media *media)
{
    if (!media) {
        return;
    }
    reaper_stop(media);
    readbacks_free(media->readbacks);
    node_free(media->node);
    keeper_free(media->keeper);
    pool_free(media->pool);
    cache_free(media->cache);
    keycache_free(media->keycache);
    sign_keys_free(media->keys);
    store_free(media->store);
    rows_free(media->rows);
    registry_free(media->registry);
    free_list(media->mime_types);
    free(media->default_bucket);
    free(media->public_url);
    free(media->node_id);
    pthread_rwlock_destroy(&media->keys_lock);
    pthread_mutex_destroy(&media->lock);
    pthread_cond_destroy(&media->wake);
    free(media);
    sniff_release();
}

enum mgw_status mgw_media_set_url_keys(struct mgw_media *media, const struct mgw_url_key *keys,
                                       size_t count, struct mgw_error *error)
{
    struct mgw_error unused = {.size = sizeof unused};
    struct sign_keys *next = NULL, *before;
    enum mgw_status status = sign_keys_new(keys, count, &next, error ? error : &unused);
    if (status == MGW_OK) {
        pthread_rwlock_wrlock(&media->keys_lock);
        before = media->keys;
        media->keys = next;
        pthread_rwlock_unlock(&media->keys_lock);
        sign_keys_free(before);
    }
    return status;
}

uint32_t mgw_media_traits(const struct mgw_media *media)
{
    bool rows = rows_are_quick(media->rows);
    bool content = (store_limits(media->store)->capabilities & MGW_STORAGE_LOCAL_FD) &&
                   store_is_quick(media->store);
    bool grants = rows && !media_presigns(media); /* a store may have to renew its credentials */
    return (grants ? MGW_MEDIA_ROWS_INLINE : 0) | (rows && content ? MGW_MEDIA_CONTENT_INLINE : 0);
}

enum mgw_status mgw_media_health(struct mgw_media *media, struct mgw_call *call)
{
    call_clear(call);
    enum mgw_status status = rows_health(media->rows, call);
    return status == MGW_OK ? store_health(media->store, call) : status;
}

struct stuck {
    mgw_stuck_emit *emit;
    void *ctx;
};

static void emit_stuck(void *ctx, const struct watch_call *call)
{
    const struct stuck *stuck = ctx;
    stuck->emit(stuck->ctx, &(struct mgw_stuck_call){.size = sizeof(struct mgw_stuck_call),
                                                     .plugin = call->plugin,
                                                     .callback = call->verb,
                                                     .request_id = call->request_id,
                                                     .for_ms = call->for_ms,
                                                     .lost = call->lost});
}

void mgw_media_stuck(const struct mgw_media *media, int64_t least_ms, mgw_stuck_emit *emit,
                     void *ctx)
{
    struct stuck stuck = {emit, ctx};
    (void)media;
    watch_each(least_ms, emit_stuck, &stuck);
}
