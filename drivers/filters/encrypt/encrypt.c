/* SPDX-License-Identifier: Apache-2.0
 *
 * The plugin's table and configuration, and what needs the arithmetic of format.h only. */
#include "encrypt.h"

#include "drivers/filters/common/layers.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define NAME "encrypt"
#define STORE_ID_SUFFIX "+" NAME

enum mgw_status encrypt_no_memory(struct mgw_call *call)
{
    return mgw_fail(call, MGW_UNAVAILABLE, "out of memory");
}

enum mgw_status encrypt_broken(struct mgw_call *call)
{
    return mgw_fail(call, MGW_IO, "OpenSSL failed to encrypt");
}

enum mgw_status encrypt_put_below(struct mgw_call *call, const struct mgw_put *put,
                                  struct mgw_put *below)
{
    memset(below, 0, sizeof *below);
    memcpy(below, put, put->size < sizeof *below ? put->size : sizeof *below);
    below->size = put->size < sizeof *below ? put->size : sizeof *below;
    if (put->length > FORMAT_PLAIN_MAX) {
        return mgw_fail(call, MGW_TOO_LARGE, "%" PRIu64 " bytes are more than %" PRIu64,
                        put->length, FORMAT_PLAIN_MAX);
    }
    bool any = (put->flags & MGW_PUT_LENGTH_KNOWN) || put->length > 0;
    below->length = any ? format_cipher_bytes(put->length) : 0;
    return MGW_OK;
}

/* ---- Life ---- */

static void encrypt_destroy(void *instance)
{
    struct encrypt *encrypt = instance;
    algorithms_free(&encrypt->algorithms);
    keys_wipe(&encrypt->keys);
    free(encrypt->name);
    free(encrypt);
}

static enum mgw_status refuse_order(struct mgw_call *call, const struct encrypt *encrypt)
{
    struct mgw_storage_limits below = {.size = sizeof below};
    enum mgw_status status = encrypt->pass.lower.describe(call, encrypt->pass.instance, &below);
    if (status == MGW_OK && layers_have(below.layers, NAME)) {
        return mgw_fail(call, MGW_INVALID,
                        "there is an \"" NAME "\" below already (%s): one is enough, put all keys "
                        "into its \"keys\"",
                        below.layers);
    }
    return status;
}

static enum mgw_status encrypt_create(struct mgw_call *call, const struct mgw_config *config,
                                      const struct mgw_host *host, const struct mgw_storage *lower,
                                      void **instance)
{
    const struct mgw_config_value *keys = mgw_config_get(config, "keys");
    struct encrypt *encrypt = calloc(1, sizeof *encrypt);
    if (!encrypt) {
        return encrypt_no_memory(call);
    }
    pass_init(&encrypt->pass, lower);
    encrypt->host = host;
    encrypt->name = strdup(config->instance);
    enum mgw_status status = encrypt->name && algorithms_fetch(&encrypt->algorithms)
                                 ? refuse_order(call, encrypt)
                                 : mgw_fail(call, MGW_UNAVAILABLE,
                                            "OpenSSL has no AES-256-GCM or no HKDF, or no memory");
    if (status == MGW_OK) {
        status = keys_parse(call, keys && keys->text ? keys->text : "", &encrypt->keys);
    }
    if (status != MGW_OK) {
        encrypt_destroy(encrypt);
        return status;
    }
    *instance = encrypt;
    return MGW_OK;
}

/* The store with this filter is another one than without: a gateway that lost the filter from its
 * config would serve ciphertext, and one that got it would find no blob that it can read. */
static enum mgw_status mark_store(struct mgw_call *call, struct mgw_storage_limits *limits)
{
    const char *id = MGW_HAS(limits, store_id) ? limits->store_id : NULL;
    if (!id || !*id) {
        return MGW_OK;
    }
    size_t length = strlen(id);
    char *own = call->alloc(call, length + sizeof STORE_ID_SUFFIX);
    if (!own) {
        return encrypt_no_memory(call);
    }
    memcpy(own, id, length);
    memcpy(own + length, STORE_ID_SUFFIX, sizeof STORE_ID_SUFFIX);
    limits->store_id = own;
    return MGW_OK;
}

static enum mgw_status encrypt_describe(struct mgw_call *call, void *instance,
                                        struct mgw_storage_limits *limits)
{
    const struct encrypt *encrypt = instance;
    static const uint64_t granted = MGW_STORAGE_INLINE_READ | MGW_STORAGE_IF_ABSENT |
                                    MGW_STORAGE_RESUMABLE | MGW_STORAGE_SHARED |
                                    MGW_STORAGE_ORDERED_LIST | MGW_STORAGE_READ_ONLY |
                                    MGW_STORAGE_VOLATILE;
    enum mgw_status status = pass_describe(call, instance, limits);
    if (status != MGW_OK) {
        return status;
    }
    limits->capabilities &= granted;
    if (!encrypt->pass.lower.plan) {
        limits->capabilities &= ~(uint64_t)MGW_STORAGE_RESUMABLE;
    }
    uint64_t most = limits->max_blob_bytes ? limits->max_blob_bytes : UINT64_MAX;
    limits->max_blob_bytes = format_plain_room(most);
    limits->max_presign_ttl_sec = 0;
    return mark_store(call, limits);
}

/* ---- Sizes ---- */

static enum mgw_status encrypt_stat(struct mgw_call *call, void *instance,
                                    const struct mgw_blob *blob, struct mgw_stat *stat)
{
    enum mgw_status status = pass_stat(call, instance, blob, stat);
    if (status == MGW_OK && !format_plain_bytes(stat->bytes, &stat->bytes)) {
        return mgw_fail(call, MGW_CORRUPT,
                        "%s/%s has a size that no encrypted blob has: it was cut short, or not "
                        "written by " NAME,
                        blob->bucket, blob->key);
    }
    return status;
}

struct listing {
    mgw_list_emit *emit;
    void *ctx;
};

/* A blob that cannot be ours is listed all the same, as large as it is: opening it tells. */
static bool emit_plain(void *ctx, const struct mgw_list_entry *entry)
{
    const struct listing *listing = ctx;
    struct mgw_list_entry own = {.size = 0};
    uint64_t plain;
    memcpy(&own, entry, entry->size < sizeof own ? entry->size : sizeof own);
    own.size = entry->size < sizeof own ? entry->size : sizeof own;
    own.bytes = format_plain_bytes(entry->bytes, &plain) ? plain : entry->bytes;
    return listing->emit(listing->ctx, &own);
}

static enum mgw_status encrypt_list(struct mgw_call *call, void *instance, const char *bucket,
                                    const char *prefix, const char *cursor, uint32_t limit,
                                    mgw_list_emit *emit, void *ctx)
{
    struct listing listing = {emit, ctx};
    return pass_list(call, instance, bucket, prefix, cursor, limit, emit_plain, &listing);
}

/* ---- The plugin ---- */

static const struct mgw_storage_driver storage = {
    .size = sizeof storage,
    .destroy = encrypt_destroy,
    .describe = encrypt_describe,
    .put_begin = write_begin,
    .put_write = write_bytes,
    .put_prepare = write_prepare,
    .put_commit = write_commit,
    .put_abort = write_abort,
    .open = read_open,
    .read = read_bytes,
    .close = read_close,
    .stat = encrypt_stat,
    .remove = pass_remove,
    .list = encrypt_list,
    .plan = upload_plan,
    .upload_create = upload_create,
    .upload_part = upload_part,
    .upload_complete = upload_complete,
    .upload_abort = upload_abort,
    .sweep = pass_sweep,
    .health = pass_health,
    .free_bytes = pass_free_bytes,
    .advise = read_advise,
};

static const struct mgw_filter_driver table = {
    .size = sizeof table, .create = encrypt_create, .storage = &storage};

static const struct mgw_config_key keys[] = {
    {.size = sizeof keys[0],
     .key = "keys",
     .type = MGW_CONFIG_SECRET,
     .flags = MGW_CONFIG_REQUIRED,
     .help = "ID:KEY for each key, separated by commas or newlines; KEY is 32 random bytes in "
             "base64. The first one encrypts, all of them decrypt."},
};

static const struct mgw_plugin plugin = {
    .size = sizeof plugin,
    .abi_major = MGW_ABI_MAJOR,
    .kind = MGW_KIND_FILTER,
    .name = NAME,
    .version = "0.1.0",
    .description = "Encrypts blobs (AES-256-GCM) before they reach the layer below.",
    .thread_model = MGW_THREADS_PARALLEL,
    .config_stride = sizeof keys[0],
    .config = keys,
    .config_count = sizeof keys / sizeof keys[0],
    .table = &table,
};

MGW_REGISTER(&plugin);
