/* SPDX-License-Identifier: Apache-2.0
 *
 * See write.h. */
#include "write.h"

#include "entry.h"
#include "seen.h"

struct writer {
    struct pass_handle handle; /* first: what is not here is passed on with it */
    struct name name;
};

static void forget(struct cache *cache, const struct name *name)
{
    seen_forget(cache->seen, name);
    entry_remove(cache, name);
}

enum mgw_status write_begin(struct mgw_call *call, void *instance, const struct mgw_blob *blob,
                            const struct mgw_put *put, void **out)
{
    struct cache *cache = instance;
    struct writer *writer = calloc(1, sizeof *writer);
    if (!writer || !name_make(cache, blob, &writer->name)) {
        free(writer);
        return cache_no_memory(call);
    }
    writer->handle.pass = &cache->pass;
    enum mgw_status status =
        cache->pass.lower.put_begin(call, cache->pass.instance, blob, put, &writer->handle.lower);
    if (status != MGW_OK) {
        free(writer);
        return status;
    }
    *out = writer;
    return MGW_OK;
}

enum mgw_status write_commit(struct mgw_call *call, void *handle, struct mgw_stat *stat)
{
    const struct writer *writer = handle;
    struct cache *cache = (struct cache *)writer->handle.pass;
    struct name name = writer->name;
    enum mgw_status status = pass_put_commit(call, handle, stat);
    forget(cache, &name);
    return status;
}

enum mgw_status write_remove(struct mgw_call *call, void *instance, const struct mgw_blob *blob)
{
    struct cache *cache = instance;
    struct name name;
    if (!name_make(cache, blob, &name)) {
        return cache_no_memory(call);
    }
    enum mgw_status status = pass_remove(call, instance, blob);
    forget(cache, &name);
    return status;
}

enum mgw_status write_copy(struct mgw_call *call, void *instance, const struct mgw_blob *from,
                           const struct mgw_blob *to, struct mgw_stat *stat)
{
    struct cache *cache = instance;
    struct name name;
    if (!name_make(cache, to, &name)) {
        return cache_no_memory(call);
    }
    enum mgw_status status = pass_copy(call, instance, from, to, stat);
    forget(cache, &name);
    return status;
}

enum mgw_status write_complete(struct mgw_call *call, void *instance,
                               const struct mgw_opaque *state, const struct mgw_part *parts,
                               size_t count, size_t stride, uint64_t fence, struct mgw_stat *stat)
{
    struct cache *cache = instance;
    enum mgw_status status =
        pass_upload_complete(call, instance, state, parts, count, stride, fence, stat);
    seen_forget_all(cache->seen);
    return status;
}
