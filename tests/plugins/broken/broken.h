/* SPDX-License-Identifier: Apache-2.0
 *
 * The sound parts of the modules here, each of which has one defect: a storage driver whose
 * callbacks answer UNSUPPORTED, and its face. Included by one file a module. */
#ifndef BROKEN_H
#define BROKEN_H

#include <mediagw/repo.h>
#include <mediagw/storage.h>

static inline enum mgw_status sound_create(struct mgw_call *call, const struct mgw_config *config,
                                           const struct mgw_host *host, void **instance)
{
    static int instances;
    (void)call, (void)config, (void)host;
    *instance = &instances;
    return MGW_OK;
}
static inline void sound_destroy(void *instance)
{
    (void)instance;
}
static inline enum mgw_status sound_describe(struct mgw_call *call, void *instance,
                                             struct mgw_storage_limits *limits)
{
    (void)call, (void)instance, (void)limits;
    return MGW_OK;
}
static inline enum mgw_status sound_put_begin(struct mgw_call *call, void *instance,
                                              const struct mgw_blob *blob,
                                              const struct mgw_put *put, void **writer)
{
    (void)instance, (void)blob, (void)put, (void)writer;
    return mgw_fail(call, MGW_UNSUPPORTED, "broken");
}
static inline enum mgw_status sound_put_write(struct mgw_call *call, void *writer,
                                              const void *bytes, size_t length)
{
    (void)call, (void)writer, (void)bytes, (void)length;
    return MGW_OK;
}
static inline enum mgw_status sound_put_commit(struct mgw_call *call, void *writer,
                                               struct mgw_stat *stat)
{
    (void)writer, (void)stat;
    return mgw_fail(call, MGW_UNSUPPORTED, "broken");
}
static inline void sound_put_abort(struct mgw_call *call, void *writer)
{
    (void)call, (void)writer;
}
static inline enum mgw_status sound_open(struct mgw_call *call, void *instance,
                                         const struct mgw_blob *blob, const char *if_etag,
                                         void **reader, struct mgw_stat *stat)
{
    (void)instance, (void)blob, (void)if_etag, (void)reader, (void)stat;
    return mgw_fail(call, MGW_NOT_FOUND, "broken");
}
static inline enum mgw_status sound_read(struct mgw_call *call, void *reader, uint64_t offset,
                                         void *buffer, size_t length, size_t *got)
{
    (void)reader, (void)offset, (void)buffer, (void)length, (void)got;
    return mgw_fail(call, MGW_UNSUPPORTED, "broken");
}
static inline void sound_close(void *reader)
{
    (void)reader;
}
static inline enum mgw_status sound_stat(struct mgw_call *call, void *instance,
                                         const struct mgw_blob *blob, struct mgw_stat *stat)
{
    (void)instance, (void)blob, (void)stat;
    return mgw_fail(call, MGW_NOT_FOUND, "broken");
}
static inline enum mgw_status sound_remove(struct mgw_call *call, void *instance,
                                           const struct mgw_blob *blob)
{
    (void)call, (void)instance, (void)blob;
    return MGW_OK;
}
static inline enum mgw_status sound_list(struct mgw_call *call, void *instance, const char *bucket,
                                         const char *prefix, const char *cursor, uint32_t limit,
                                         mgw_list_emit *emit, void *ctx)
{
    (void)call, (void)instance, (void)bucket, (void)prefix, (void)cursor, (void)limit, (void)emit,
        (void)ctx;
    return MGW_OK;
}
static inline enum mgw_status sound_health(struct mgw_call *call, void *instance)
{
    (void)call, (void)instance;
    return MGW_OK;
}

#define SOUND_TABLE                                                                                \
    .size = sizeof(struct mgw_storage_driver), .create = sound_create, .destroy = sound_destroy,   \
    .describe = sound_describe, .put_begin = sound_put_begin, .put_write = sound_put_write,        \
    .put_commit = sound_put_commit, .put_abort = sound_put_abort, .open = sound_open,              \
    .read = sound_read, .close = sound_close, .stat = sound_stat, .remove = sound_remove,          \
    .health = sound_health

/* NAME is the module's. */
#define SOUND_FACE(name_, table_)                                                                  \
    .size = sizeof(struct mgw_plugin), .abi_major = MGW_ABI_MAJOR, .kind = MGW_KIND_STORAGE,       \
    .name = (name_), .version = "1", .description = "Broken on purpose.", .table = (table_)

#endif
