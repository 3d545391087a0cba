/* SPDX-License-Identifier: Apache-2.0
 *
 * The filter's table, its config, and which layers it stands on. */
#include "cache.h"

#include "drivers/filters/common/layers.h"

#include "flight.h"
#include "ledger.h"
#include "read.h"
#include "seen.h"
#include "write.h"

#include <mediagw/help/driver.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* ---- Making ---- */

static void cache_destroy(void *instance)
{
    struct cache *cache = instance;
    ledger_close(cache->ledger);
    flights_free(cache->flights);
    seen_free(cache->seen);
    EVP_MD_free(cache->digest);
    EVP_CIPHER_free(cache->cipher);
    if (cache->dir >= 0) {
        close(cache->dir);
    }
    free(cache->path);
    free(cache->store_id);
    free(cache);
}

static bool config_says(const struct mgw_config *config, const char *key)
{
    const struct mgw_config_value *value = mgw_config_get(config, key);
    return value && value->number;
}

/* Looks at what is below; the store's id is part of every copy's name. */
static enum mgw_status check_lower(struct mgw_call *call, struct cache *cache,
                                   const struct mgw_config *config)
{
    struct mgw_storage_limits limits = {.size = sizeof limits};
    enum mgw_status status = cache->pass.lower.describe(call, cache->pass.instance, &limits);
    if (status != MGW_OK) {
        return status;
    }
    const char *layers = limits.layers ? limits.layers : "";
    if ((limits.capabilities & MGW_STORAGE_LOCAL_FD) && !config_says(config, "allow_local")) {
        return mgw_fail(call, MGW_INVALID,
                        "the layers below (%s) give local files themselves, which a cache only "
                        "copies: leave it out, or say \"allow_local\": true",
                        layers);
    }
    if (layers_have(layers, "encrypt") && !config_says(config, "allow_plain")) {
        return mgw_fail(call, MGW_INVALID,
                        "above \"encrypt\" the cache's folder holds plain bytes: put \"cache\" "
                        "below it in \"filters\", or say \"allow_plain\": true");
    }
    char own[33] = "";
    if (!limits.store_id || !limits.store_id[0]) { /* nobody else's copies, nor an earlier life's */
        mgw_new_id(cache->host, own);
    }
    cache->store_id = strdup(own[0] ? own : limits.store_id);
    return cache->store_id ? MGW_OK : cache_no_memory(call);
}

/* A link that leads there will do (systemd makes such): what counts is whose folder it is. */
static enum mgw_status open_folder(struct mgw_call *call, struct cache *cache, bool make)
{
    struct stat stat;
    if (make && mkdir(cache->path, 0700) != 0 && errno != EEXIST) {
        return mgw_fail(call, MGW_INVALID, "making %s: %s", cache->path, strerror(errno));
    }
    cache->dir = open(cache->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (cache->dir < 0) {
        return mgw_fail(call, errno == ENOENT ? MGW_NOT_FOUND : MGW_INVALID,
                        "%s: %s: \"path\" is a folder for this cache alone; make it, with mode "
                        "0700, or let `mediagw init` do it",
                        cache->path, strerror(errno));
    }
    if (fstat(cache->dir, &stat) != 0 || stat.st_uid != geteuid() || (stat.st_mode & 0022)) {
        return mgw_fail(call, MGW_INVALID,
                        "%s is another user's, or others may write to it: chown it to the "
                        "gateway's user, and chmod 0700",
                        cache->path);
    }
    return MGW_OK;
}

/* Where the kernel does not tell, nothing of an earlier life is believed unseen. */
static void read_boot_id(struct cache *cache)
{
    char text[64] = "";
    AUTO_CLOSE int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
    unsigned char digest[32];
    if (got > 0 && EVP_Digest(text, (size_t)got, digest, NULL, EVP_sha256(), NULL)) {
        memcpy(cache->boot, digest, sizeof cache->boot);
    } else {
        cache->host->random(cache->boot, sizeof cache->boot);
    }
}

static enum mgw_status fill(struct mgw_call *call, struct cache *cache,
                            const struct mgw_config *config)
{
    int64_t trust_ms = mgw_config_get(config, "trust")->number;
    cache->max = (uint64_t)mgw_config_get(config, "max")->number;
    cache->path = strdup(mgw_config_get(config, "path")->text);
    cache->digest = EVP_MD_fetch(NULL, "SHA256", NULL);
    cache->cipher = EVP_CIPHER_fetch(NULL, "AES-128-GCM", NULL);
    cache->flights = flights_new();
    cache->seen = trust_ms > 0 ? seen_new(trust_ms) : NULL;
    if (!cache->path || !cache->digest || !cache->cipher || !cache->flights ||
        (trust_ms > 0 && !cache->seen)) {
        return cache_no_memory(call);
    }
    read_boot_id(cache);
    enum mgw_status status = check_lower(call, cache, config);
    status = status == MGW_OK ? open_folder(call, cache, config->flags & MGW_CREATE_INIT) : status;
    return status == MGW_OK ? ledger_open(call, cache) : status;
}

static enum mgw_status cache_create(struct mgw_call *call, const struct mgw_config *config,
                                    const struct mgw_host *host, const struct mgw_storage *lower,
                                    void **instance)
{
    struct cache *cache = calloc(1, sizeof *cache);
    if (!cache) {
        return cache_no_memory(call);
    }
    pass_init(&cache->pass, lower);
    cache->host = host;
    cache->dir = -1;
    enum mgw_status status = fill(call, cache, config);
    if (status != MGW_OK) {
        cache_destroy(cache);
        return status;
    }
    *instance = cache;
    return MGW_OK;
}

/* The files are its own; and an open may wait for the layer below. */
static enum mgw_status cache_describe(struct mgw_call *call, void *instance,
                                      struct mgw_storage_limits *limits)
{
    enum mgw_status status = pass_describe(call, instance, limits);
    limits->capabilities |= MGW_STORAGE_LOCAL_FD;
    limits->capabilities &= ~(uint64_t)MGW_STORAGE_INLINE_READ;
    return status;
}

static const struct mgw_storage_driver storage = {
    .size = sizeof storage,
    .destroy = cache_destroy,
    .describe = cache_describe,
    .put_begin = write_begin,
    .put_write = pass_put_write,
    .put_prepare = pass_put_prepare,
    .put_commit = write_commit,
    .put_abort = pass_put_abort,
    .open = read_open,
    .read = read_bytes,
    .descriptor = read_descriptor,
    .close = read_close,
    .stat = pass_stat,
    .remove = write_remove,
    .list = pass_list,
    .copy = write_copy,
    .presign = pass_presign,
    .plan = pass_plan,
    .upload_create = pass_upload_create,
    .upload_part = pass_upload_part,
    .upload_complete = write_complete,
    .upload_abort = pass_upload_abort,
    .sweep = pass_sweep,
    .health = pass_health,
    .free_bytes = pass_free_bytes,
    .advise = read_advise,
};

static const struct mgw_filter_driver table = {
    .size = sizeof table, .create = cache_create, .storage = &storage};

static const struct mgw_config_key keys[] = {
    {.size = sizeof keys[0],
     .key = "path",
     .type = MGW_CONFIG_PATH,
     .flags = MGW_CONFIG_REQUIRED,
     .help = "A folder for the copies alone, on a local disk; several gateways of one machine may "
             "share it."},
    {.size = sizeof keys[0],
     .key = "max",
     .type = MGW_CONFIG_SIZE,
     .fallback = "1GiB",
     .min = 4 << 20,
     .max = INT64_MAX / 2,
     .help = "The disk space that all copies together may take."},
    {.size = sizeof keys[0],
     .key = "trust",
     .type = MGW_CONFIG_DURATION,
     .fallback = "0s",
     .min = 0,
     .max = INT64_C(30) * 24 * 3600 * 1000,
     .help = "For so long a blob's version is believed unasked; 0: each opening asks the store."},
    {.size = sizeof keys[0],
     .key = "allow_local",
     .type = MGW_CONFIG_BOOL,
     .fallback = "false",
     .help = "Allows a store below that is on a local disk itself."},
    {.size = sizeof keys[0],
     .key = "allow_plain",
     .type = MGW_CONFIG_BOOL,
     .fallback = "false",
     .help = "Allows \"encrypt\" below, so that the copies are plain."},
};

static const struct mgw_plugin plugin = {
    .size = sizeof plugin,
    .abi_major = MGW_ABI_MAJOR,
    .kind = MGW_KIND_FILTER,
    .name = "cache",
    .version = "1",
    .description = "Keeps copies of a remote store's blobs in a local folder.",
    .thread_model = MGW_THREADS_PARALLEL,
    .config_stride = sizeof keys[0],
    .config = keys,
    .config_count = sizeof keys / sizeof keys[0],
    .table = &table,
};

MGW_REGISTER(&plugin);
