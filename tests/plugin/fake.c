/* SPDX-License-Identifier: Apache-2.0
 *
 * See fake.h. */
#include "tests/plugin/fake.h"

#include <string.h>
#include <unistd.h>

struct fake fake;

static enum mgw_status answer(struct mgw_call *call)
{
    int inside = atomic_fetch_add(&fake.inside, 1) + 1, most = fake.most;
    while (inside > most && !atomic_compare_exchange_weak(&fake.most, &most, inside)) {
    }
    atomic_fetch_add(&fake.calls, 1);
    if (fake.delay_us) {
        usleep(fake.delay_us);
    }
    if (fake.text) {
        memcpy(call->error->text, fake.text, strlen(fake.text));
    }
    atomic_fetch_sub(&fake.inside, 1);
    return fake.status;
}

static enum mgw_status fake_create(struct mgw_call *call, const struct mgw_config *config,
                                   const struct mgw_host *host, void **instance)
{
    (void)config, (void)host, (void)instance;
    return answer(call);
}
static void fake_destroy(void *instance)
{
    (void)instance;
    fake.destroys++;
}
static enum mgw_status fake_describe(struct mgw_call *call, void *instance,
                                     struct mgw_storage_limits *limits)
{
    (void)instance;
    limits->capabilities = fake.capabilities;
    limits->max_presign_ttl_sec = fake.ttl_sec;
    limits->store_id = fake.store_id;
    return answer(call);
}
static enum mgw_status fake_put_begin(struct mgw_call *call, void *instance,
                                      const struct mgw_blob *blob, const struct mgw_put *put,
                                      void **writer)
{
    (void)instance, (void)blob, (void)put;
    *writer = fake.no_handle ? NULL : &fake;
    return answer(call);
}
static enum mgw_status fake_put_write(struct mgw_call *call, void *writer, const void *bytes,
                                      size_t length)
{
    (void)writer, (void)bytes, (void)length;
    return answer(call);
}
static enum mgw_status fake_put_commit(struct mgw_call *call, void *writer, struct mgw_stat *stat)
{
    (void)writer;
    *stat = fake.stat;
    return answer(call);
}
static void fake_put_abort(struct mgw_call *call, void *writer)
{
    (void)writer;
    strcpy(call->error->text, "abort wrote here");
    fake.aborts++;
}
static enum mgw_status fake_open(struct mgw_call *call, void *instance, const struct mgw_blob *blob,
                                 const char *if_etag, void **reader, struct mgw_stat *stat)
{
    (void)instance, (void)blob, (void)if_etag;
    *reader = fake.no_handle ? NULL : &fake;
    *stat = fake.stat;
    return answer(call);
}
static enum mgw_status fake_read(struct mgw_call *call, void *reader, uint64_t offset, void *buffer,
                                 size_t length, size_t *got)
{
    (void)reader, (void)offset, (void)buffer, (void)length;
    *got = fake.got;
    return answer(call);
}
static enum mgw_status fake_descriptor(struct mgw_call *call, void *reader,
                                       struct mgw_local_file *file)
{
    (void)reader;
    file->fd = fake.fd;
    file->offset = fake.fd_offset;
    return answer(call);
}
static void fake_close(void *reader)
{
    (void)reader;
    fake.closes++;
}
static enum mgw_status fake_stat(struct mgw_call *call, void *instance, const struct mgw_blob *blob,
                                 struct mgw_stat *stat)
{
    (void)instance, (void)blob;
    *stat = fake.stat;
    return answer(call);
}
static enum mgw_status fake_remove(struct mgw_call *call, void *instance,
                                   const struct mgw_blob *blob)
{
    (void)instance, (void)blob;
    return answer(call);
}
static enum mgw_status fake_list(struct mgw_call *call, void *instance, const char *bucket,
                                 const char *prefix, const char *cursor, uint32_t limit,
                                 mgw_list_emit *emit, void *ctx)
{
    (void)instance, (void)bucket, (void)prefix, (void)cursor, (void)limit;
    for (size_t i = 0; i < fake.entry_count; i++) {
        emit(ctx, &fake.entries[i]); /* does not heed the answer */
    }
    for (size_t i = 0; fake.endless && i < 1000000; i++) {
        char key[32];
        snprintf(key, sizeof key, "%08zu", i);
        emit(ctx, &(struct mgw_list_entry){
                      .size = sizeof(struct mgw_list_entry), .key = key, .cursor = key});
    }
    return answer(call);
}
static enum mgw_status fake_copy(struct mgw_call *call, void *instance, const struct mgw_blob *from,
                                 const struct mgw_blob *to, struct mgw_stat *stat)
{
    (void)instance, (void)from, (void)to;
    *stat = fake.stat;
    return answer(call);
}
static enum mgw_status fake_sweep(struct mgw_call *call, void *instance, int64_t older_than_ms,
                                  struct mgw_sweep_result *result)
{
    (void)instance, (void)older_than_ms;
    *result = fake.sweep;
    return answer(call);
}
static enum mgw_status fake_presign(struct mgw_call *call, void *instance,
                                    const struct mgw_blob *blob, const struct mgw_presign *presign,
                                    struct mgw_presigned *presigned)
{
    (void)instance, (void)blob, (void)presign;
    *presigned = fake.presigned;
    return answer(call);
}
static enum mgw_status fake_plan(struct mgw_call *call, void *instance, const struct mgw_put *put,
                                 struct mgw_upload_plan *plan)
{
    (void)instance, (void)put;
    *plan = fake.plan;
    return answer(call);
}
static enum mgw_status fake_upload_create(struct mgw_call *call, void *instance,
                                          const struct mgw_blob *blob, const struct mgw_put *put,
                                          struct mgw_opaque *state)
{
    (void)instance, (void)blob, (void)put;
    state->length = fake.opaque_length;
    return answer(call);
}
static enum mgw_status fake_upload_part(struct mgw_call *call, void *instance,
                                        const struct mgw_opaque *state, const struct mgw_part *part,
                                        const struct mgw_source *source, uint64_t fence,
                                        struct mgw_opaque *receipt)
{
    (void)instance, (void)state, (void)part, (void)source, (void)fence;
    receipt->length = fake.opaque_length;
    return answer(call);
}
static enum mgw_status fake_upload_complete(struct mgw_call *call, void *instance,
                                            const struct mgw_opaque *state,
                                            const struct mgw_part *parts, size_t count,
                                            size_t stride, uint64_t fence, struct mgw_stat *stat)
{
    (void)instance, (void)state, (void)parts, (void)count, (void)stride, (void)fence;
    *stat = fake.stat;
    return answer(call);
}
static enum mgw_status fake_upload_abort(struct mgw_call *call, void *instance,
                                         const struct mgw_opaque *state, uint64_t fence)
{
    (void)instance, (void)state, (void)fence;
    return answer(call);
}
static enum mgw_status fake_health(struct mgw_call *call, void *instance)
{
    (void)instance;
    return answer(call);
}

const struct mgw_storage_driver fake_table = {
    .size = sizeof fake_table,
    .create = fake_create,
    .destroy = fake_destroy,
    .describe = fake_describe,
    .put_begin = fake_put_begin,
    .put_write = fake_put_write,
    .put_commit = fake_put_commit,
    .put_abort = fake_put_abort,
    .open = fake_open,
    .read = fake_read,
    .descriptor = fake_descriptor,
    .close = fake_close,
    .stat = fake_stat,
    .remove = fake_remove,
    .list = fake_list,
    .copy = fake_copy,
    .sweep = fake_sweep,
    .presign = fake_presign,
    .plan = fake_plan,
    .upload_create = fake_upload_create,
    .upload_part = fake_upload_part,
    .upload_complete = fake_upload_complete,
    .upload_abort = fake_upload_abort,
    .health = fake_health,
};

int fake_setup(void **state)
{
    (void)state;
    memset(&fake, 0, sizeof fake);
    fake.stat = (struct mgw_stat){.size = sizeof fake.stat, .bytes = 3, .etag = "e1"};
    fake.capabilities = ~0ull;
    fake.fd = -1;
    fake.ttl_sec = 100;
    fake.plan = (struct mgw_upload_plan){
        .size = sizeof fake.plan, .part_min = 1, .part_max = 8, .part_align = 1, .max_parts = 9};
    fake.presigned = (struct mgw_presigned){.size = sizeof fake.presigned,
                                            .method = "GET",
                                            .url = "https://s3.example/x",
                                            .expires_at_ms = 1};
    return 0;
}

struct store *fake_store(const struct mgw_storage_driver *table, enum mgw_thread_model threads)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    struct mgw_storage storage = {.size = sizeof storage, .driver = table, .instance = &fake};
    struct store *store = NULL;
    if (store_new(call, "fake", &storage, threads, true, &store) != MGW_OK) {
        fail_msg("%s", call_text(call));
    }
    return store;
}
