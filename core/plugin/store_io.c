/* SPDX-License-Identifier: Apache-2.0
 *
 * See store.h: writers, readers, and copy() with its fallback. */
#include "core/plugin/store_inside.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

enum mgw_status store_put_begin(struct store *store, struct mgw_call *call,
                                const struct mgw_blob *given, const struct mgw_put *given_put,
                                struct store_writer **writer)
{
    struct mgw_blob blob;
    struct mgw_put put;
    enum mgw_status status = store_check_blob(store, call, given, &blob);
    if (status == MGW_OK) {
        status = store_check_put(store, call, given_put, &put);
    }
    if (status != MGW_OK) {
        return status;
    }
    AUTO_FREE struct store_writer *made = malloc(sizeof *made);
    if (!made) {
        return mgw_fail(call, MGW_UNAVAILABLE, "out of memory");
    }
    *made = (struct store_writer){.store = store};
    status = GUARDED(store, call, put_begin, store->instance, &blob, &put, &made->inner);
    if (status == MGW_OK && !made->inner) {
        return guard_corrupt(&store->guard, call, "put_begin() answered OK and no writer");
    }
    if (status == MGW_OK) {
        *writer = TAKE(made);
    }
    return status;
}

enum mgw_status store_put_write(struct store_writer *writer, struct mgw_call *call,
                                const void *bytes, size_t length)
{
    struct store *store = writer->store;
    enum mgw_status status = GUARDED(store, call, put_write, writer->inner, bytes, length);
    if (status == MGW_OK) {
        writer->written += length;
    }
    return status;
}

enum mgw_status store_put_prepare(struct store_writer *writer, struct mgw_call *call)
{
    struct store *store = writer->store;
    if (!store->driver.put_prepare) {
        call_clear(call);
        return MGW_OK;
    }
    return GUARDED(store, call, put_prepare, writer->inner);
}

enum mgw_status store_put_commit(struct store_writer *writer, struct mgw_call *call,
                                 struct mgw_stat *stat)
{
    struct store *store = writer->store;
    struct mgw_stat answered = {.size = sizeof answered};
    if (!writer->inner) {
        return guard_corrupt(&store->guard, call, "the blob was published with a false stat");
    }
    enum mgw_status status = GUARDED(store, call, put_commit, writer->inner, &answered);
    if (status != MGW_OK) {
        return status;
    }
    writer->inner = NULL;
    if (answered.bytes != writer->written) {
        return guard_corrupt(&store->guard, call, "put_commit() of %llu bytes answered %llu",
                             (unsigned long long)writer->written,
                             (unsigned long long)answered.bytes);
    }
    status = store_give_stat(store, call, &answered, stat);
    if (status == MGW_OK) {
        free(writer);
    }
    return status;
}

/* The slot keeps the text of what made the caller give up. */
void store_put_abort(struct store_writer *writer, struct mgw_call *call)
{
    if (!writer) {
        return;
    }
    struct store *store = writer->store;
    if (writer->inner) {
        struct mgw_error kept = *call->error;
        call_clear(call);
        GUARDED_END(store, call, put_abort, call, writer->inner);
        *call->error = kept;
    }
    free(writer);
}

enum mgw_status store_open(struct store *store, struct mgw_call *call, const struct mgw_blob *given,
                           const char *if_etag, struct store_reader **reader, struct mgw_stat *stat)
{
    struct mgw_blob blob;
    struct mgw_stat answered = {.size = sizeof answered};
    if (stat && stat->size >= offsetof(struct mgw_stat, content_type) &&
        stat->size < answered.size) {
        answered.size = stat->size; /* the driver need not look up what nobody reads */
    }
    enum mgw_status status = store_check_blob(store, call, given, &blob);
    if (status != MGW_OK) {
        return status;
    }
    AUTO_FREE struct store_reader *made = malloc(sizeof *made);
    if (!made) {
        return mgw_fail(call, MGW_UNAVAILABLE, "out of memory");
    }
    *made = (struct store_reader){.store = store};
    status =
        GUARDED_QUICK(store, call, open, store->instance, &blob, if_etag, &made->inner, &answered);
    if (status != MGW_OK) {
        return status;
    }
    if (!made->inner) {
        return guard_corrupt(&store->guard, call, "open() answered OK and no reader");
    }
    status = store_give_stat(store, call, &answered, stat);
    if (status != MGW_OK) {
        store_close(TAKE(made));
        return status;
    }
    made->bytes = answered.bytes;
    *reader = TAKE(made);
    return MGW_OK;
}

enum mgw_status store_read(struct store_reader *reader, struct mgw_call *call, uint64_t offset,
                           void *buffer, size_t length, size_t *got)
{
    struct store *store = reader->store;
    size_t count = 0;
    *got = 0;
    enum mgw_status status =
        GUARDED(store, call, read, reader->inner, offset, buffer, length, &count);
    if (status != MGW_OK) {
        return status;
    }
    if (count > length) {
        return guard_corrupt(&store->guard, call, "read() of %zu bytes answered %zu", length,
                             count);
    }
    uint64_t left = offset < reader->bytes ? reader->bytes - offset : 0;
    if (count > left) {
        return guard_corrupt(&store->guard, call, "read() went on behind the end of the blob");
    }
    if (count == 0 && length > 0 && left > 0) {
        return guard_corrupt(&store->guard, call, "read() ended %llu bytes before the blob does",
                             (unsigned long long)left);
    }
    *got = count;
    return MGW_OK;
}

/* What was looked at last, so that a descriptor which filters hand up is looked at once: where the
 * layer below was asked within this very call, and its answer comes out above, there is nothing new
 * to see, and the three system calls of each layer would be most of what a layer costs. (A filter
 * that closes it and opens a file of its own under the same number gets by: no more than the blob's
 * length is ever sent from it.) */
static _Thread_local struct {
    int fd;
    uint64_t offset, bytes;
} looked_at;

static bool is_looked_at(const struct mgw_local_file *file, uint64_t bytes)
{
    return file->fd >= 0 && file->fd == looked_at.fd && file->offset == looked_at.offset &&
           bytes <= looked_at.bytes;
}

/* NULL, or what is wrong with a descriptor that sendfile is to be let loose on. */
static const char *descriptor_fault(const struct mgw_local_file *file, uint64_t bytes)
{
    struct stat st;
    int mode = file->fd < 0 ? -1 : fcntl(file->fd, F_GETFL);
    if (mode < 0 || fstat(file->fd, &st) < 0) {
        return "is not open";
    }
    if (file->fd <= STDERR_FILENO) {
        return "is one of the process's own";
    }
    if (!S_ISREG(st.st_mode)) {
        return "is no regular file";
    }
    if ((mode & O_ACCMODE) != O_RDONLY || (mode & O_PATH)) {
        return "is not read-only";
    }
    if ((uint64_t)st.st_size < file->offset || (uint64_t)st.st_size - file->offset < bytes) {
        return "is shorter than the blob";
    }
    return NULL;
}

enum mgw_status store_descriptor(struct store_reader *reader, struct mgw_call *call,
                                 struct mgw_local_file *file)
{
    struct store *store = reader->store;
    if (!(store->limits.capabilities & MGW_STORAGE_LOCAL_FD)) {
        return store_unsupported(store, call, "a local descriptor");
    }
    struct mgw_local_file answered = {.size = sizeof answered, .fd = -1};
    looked_at.fd = -1;
    enum mgw_status status = GUARDED_QUICK(store, call, descriptor, reader->inner, &answered);
    if (status != MGW_OK) {
        return status;
    }
    if (is_looked_at(&answered, reader->bytes)) {
        struct_give(file, &answered, sizeof answered);
        return MGW_OK;
    }
    const char *fault = descriptor_fault(&answered, reader->bytes);
    if (fault) {
        if (answered.fd > STDERR_FILENO && fcntl(answered.fd, F_GETFD) >= 0) {
            close(answered.fd);
        }
        return guard_corrupt(&store->guard, call, "descriptor() answered one that %s", fault);
    }
    fcntl(answered.fd, F_SETFD, FD_CLOEXEC);
    looked_at.fd = answered.fd;
    looked_at.offset = answered.offset;
    looked_at.bytes = reader->bytes;
    struct_give(file, &answered, sizeof answered);
    return MGW_OK;
}

void store_advise(struct store_reader *reader, struct mgw_call *call, uint64_t offset,
                  uint64_t length)
{
    struct store *store = reader->store;
    if (store->driver.advise && offset <= reader->bytes && length <= reader->bytes - offset) {
        GUARDED_END(store, call, advise, call, reader->inner, offset, length);
    }
}

void store_close(struct store_reader *reader)
{
    if (!reader) {
        return;
    }
    GUARDED_END(reader->store, NULL, close, reader->inner);
    free(reader);
}

static enum mgw_status copy_bytes(struct mgw_call *call, struct store_reader *reader,
                                  struct store_writer *writer)
{
    enum { STEP = 256 * 1024 };
    AUTO_FREE char *buffer = malloc(STEP);
    if (!buffer) {
        return mgw_fail(call, MGW_UNAVAILABLE, "out of memory");
    }
    for (uint64_t offset = 0; offset < reader->bytes;) {
        size_t got = 0;
        enum mgw_status status = store_read(reader, call, offset, buffer, STEP, &got);
        if (status == MGW_OK) {
            status = store_put_write(writer, call, buffer, got);
        }
        if (status != MGW_OK) {
            return status;
        }
        offset += got;
    }
    return MGW_OK;
}

/* The header's fallback: reads and puts, type and metadata along. */
static enum mgw_status copy_by_hand(struct store *store, struct mgw_call *call,
                                    const struct mgw_blob *from, const struct mgw_blob *to,
                                    struct mgw_stat *stat)
{
    struct store_reader *reader = NULL;
    struct store_writer *writer = NULL;
    struct mgw_stat source = {.size = sizeof source};
    enum mgw_status status = store_open(store, call, from, NULL, &reader, &source);
    if (status != MGW_OK) {
        return status;
    }
    struct mgw_put put = {.size = sizeof put,
                          .flags = MGW_PUT_LENGTH_KNOWN,
                          .length = source.bytes,
                          .content_type = source.content_type,
                          .metadata = source.metadata};
    status = store_put_begin(store, call, to, &put, &writer);
    if (status == MGW_OK) {
        status = copy_bytes(call, reader, writer);
        if (status == MGW_OK) {
            status = store_put_commit(writer, call, stat);
        }
        if (status != MGW_OK) {
            store_put_abort(writer, call);
        }
    }
    store_close(reader);
    return status;
}

enum mgw_status store_copy(struct store *store, struct mgw_call *call, const struct mgw_blob *from,
                           const struct mgw_blob *to, struct mgw_stat *stat)
{
    struct mgw_blob source, target;
    struct mgw_stat answered = {.size = sizeof answered};
    enum mgw_status status = store_check_blob(store, call, from, &source);
    if (status == MGW_OK) {
        status = store_check_blob(store, call, to, &target);
    }
    if (status != MGW_OK) {
        return status;
    }
    if (!store->driver.copy) {
        return store->filter ? store_unsupported(store, call, "copy")
                             : copy_by_hand(store, call, &source, &target, stat);
    }
    status = GUARDED(store, call, copy, store->instance, &source, &target, &answered);
    return status == MGW_OK ? store_give_stat(store, call, &answered, stat) : status;
}
