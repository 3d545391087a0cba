/* SPDX-License-Identifier: Apache-2.0
 *
 * A put writes a file that nobody sees (O_TMPFILE in the blob's shard, or a locked temporary one),
 * then: properties, fsync, publish, fsync of the folder. The sync is done by prepare, so that the
 * host can do something else at its side. After any failure but an unknown outcome the writer is
 * good for abort only. */
#include "write.h"

#include "beneath.h"
#include "bucket.h"
#include "meta.h"
#include "publish.h"
#include "temp.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/file.h>

#define STEP (4u << 20)      /* bytes between two looks at the deadline */
#define WRITEBACK (8u << 20) /* bytes that wait in memory before the disk is set to work */

struct writer {
    const struct fs *fs;
    char *bucket, *key;
    struct name name;
    uint32_t flags;
    uint64_t length, written, sent;
    int shard, fd;
    char temp[TEMP_NAME_SIZE]; /* "": the file has no name */
    char *props;
    size_t props_length;
    struct sidecar sidecar;
    struct stat stat;
    enum mgw_status failed; /* what every further call answers */
    bool prepared, published;
};

static void writer_free(struct writer *writer)
{
    if (writer->temp[0] && !writer->published) {
        temp_unlink(writer->fs, writer->temp);
    }
    if (writer->published) {
        meta_settle(&writer->sidecar);
    } else {
        meta_drop(&writer->sidecar);
    }
    if (writer->fd >= 0) {
        close(writer->fd);
    }
    if (writer->shard >= 0) {
        close(writer->shard);
    }
    free(writer->props);
    free(writer->bucket);
    free(writer->key);
    free(writer);
}

static enum mgw_status open_file(struct mgw_call *call, struct writer *writer)
{
    const struct fs *fs = writer->fs;
    if (fs->use_tmpfile) {
        writer->fd = beneath_open(fs, writer->shard, ".", O_TMPFILE | O_RDWR);
        if (writer->fd >= 0) {
            /* for the moment in which a replacing commit gives it a temporary name */
            return flock(writer->fd, LOCK_EX) == 0 || errno != EINTR ? MGW_OK : MGW_IO;
        }
        if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL && errno != ENOSYS) {
            return fs_fail(call, fs, errno, "making a file in", "%s", writer->name.shard);
        }
    }
    writer->fd = temp_file(fs, writer->temp);
    if (writer->fd < 0) {
        writer->temp[0] = '\0';
        return fs_fail(call, fs, errno, "making a file in", "tmp");
    }
    return MGW_OK;
}

static enum mgw_status begin(struct mgw_call *call, struct writer *writer,
                             const struct mgw_put *put)
{
    struct mgw_blob blob = {sizeof blob, writer->bucket, writer->key};
    enum mgw_status status = name_make(call, &blob, &writer->name);
    if (status == MGW_OK) {
        status = meta_encode(call, &writer->name, put, &writer->props, &writer->props_length);
    }
    if (status == MGW_OK) {
        status = fs_check(call, writer->fs);
    }
    if (status == MGW_OK) {
        status = bucket_shard(call, writer->fs, &writer->name, true, &writer->shard);
    }
    return status == MGW_OK ? open_file(call, writer) : status;
}

enum mgw_status write_begin(struct mgw_call *call, void *instance, const struct mgw_blob *blob,
                            const struct mgw_put *put, void **out)
{
    struct writer *writer = calloc(1, sizeof *writer);
    enum mgw_status status = fs_over(call, instance);
    if (!writer || status != MGW_OK) {
        free(writer);
        return status != MGW_OK ? status : fs_no_memory(call);
    }
    writer->fs = instance;
    writer->flags = put->flags;
    writer->length = put->length;
    writer->shard = writer->fd = -1;
    writer->sidecar = SIDECAR_NONE;
    writer->bucket = strdup(blob->bucket);
    writer->key = strdup(blob->key);
    status = writer->bucket && writer->key ? begin(call, writer, put) : fs_no_memory(call);
    if (status != MGW_OK) {
        writer_free(writer);
        return status;
    }
    *out = writer;
    return MGW_OK;
}

static enum mgw_status fail(struct writer *writer, enum mgw_status status)
{
    writer->failed = status;
    return status;
}

static enum mgw_status refuse(struct mgw_call *call, const struct writer *writer)
{
    return mgw_fail(call, writer->failed, "this put has failed already");
}

enum mgw_status write_bytes(struct mgw_call *call, void *handle, const void *bytes, size_t length)
{
    struct writer *writer = handle;
    const char *from = bytes;
    bool known = writer->flags & MGW_PUT_LENGTH_KNOWN;
    if (writer->failed) {
        return refuse(call, writer);
    }
    if ((known || writer->length) && length > writer->length - writer->written) {
        return fail(writer, mgw_fail(call, known ? MGW_INVALID : MGW_TOO_LARGE,
                                     "more bytes than the %" PRIu64 " that were announced",
                                     writer->length));
    }
    enum mgw_status status = fs_over(call, writer->fs);
    while (length && status == MGW_OK) {
        size_t step = length < STEP ? length : STEP;
        if (!beneath_write(writer->fd, from, step, (off_t)writer->written)) {
            status = fs_fail(call, writer->fs, errno, "writing", "%s/%s", writer->name.shard,
                             writer->name.file);
            break;
        }
        from += step;
        length -= step;
        writer->written += step;
        if (writer->written - writer->sent >= WRITEBACK) {
            /* only sets the disk to work: the sync of prepare() still tells of failures */
            sync_file_range(writer->fd, (off_t)writer->sent,
                            (off_t)(writer->written - writer->sent), SYNC_FILE_RANGE_WRITE);
            writer->sent = writer->written;
        }
        status = length ? fs_over(call, writer->fs) : MGW_OK;
    }
    return fail(writer, status);
}

enum mgw_status write_prepare(struct mgw_call *call, void *handle)
{
    struct writer *writer = handle;
    const struct fs *fs = writer->fs;
    if (writer->failed) {
        return refuse(call, writer);
    }
    if ((writer->flags & MGW_PUT_LENGTH_KNOWN) && writer->written != writer->length) {
        return fail(writer, mgw_fail(call, MGW_INVALID,
                                     "%" PRIu64 " bytes came, %" PRIu64 " were announced",
                                     writer->written, writer->length));
    }
    enum mgw_status status = fs_over(call, fs);
    if (status == MGW_OK) {
        status = meta_attach(call, fs, &writer->name, writer->shard, writer->fd, writer->props,
                             writer->props_length, &writer->stat, &writer->sidecar);
    }
    if (status == MGW_OK && fsync(writer->fd) != 0) {
        status =
            fs_fail(call, fs, errno, "syncing", "%s/%s", writer->name.shard, writer->name.file);
    }
    writer->prepared = status == MGW_OK;
    return fail(writer, status);
}

enum mgw_status write_commit(struct mgw_call *call, void *handle, struct mgw_stat *stat)
{
    struct writer *writer = handle;
    if (!writer->failed && !writer->prepared) {
        write_prepare(call, writer);
        if (writer->failed) {
            return writer->failed;
        }
    }
    if (writer->failed) {
        return refuse(call, writer);
    }
    enum mgw_status status = fs_over(call, writer->fs);
    if (status == MGW_OK) {
        status = meta_stat(call, &writer->stat, stat);
    }
    if (status == MGW_OK) {
        status = meta_decode(call, writer->props, writer->props_length, stat, NULL);
    }
    if (status != MGW_OK) {
        return status == MGW_UNAVAILABLE ? status : fail(writer, status);
    }
    struct publication publication = {.name = &writer->name,
                                      .shard = writer->shard,
                                      .fd = writer->fd,
                                      .from = writer->fs->tmp,
                                      .file = writer->temp[0] ? writer->temp : NULL,
                                      .if_absent = writer->flags & MGW_PUT_IF_ABSENT};
    status = publish(call, writer->fs, &publication);
    writer->published = publication.published;
    if (status == MGW_OK) {
        writer_free(writer);
        return MGW_OK;
    }
    return fail(writer, status);
}

void write_abort(struct mgw_call *call, void *handle)
{
    (void)call;
    writer_free(handle);
}
