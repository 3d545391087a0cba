/* SPDX-License-Identifier: Apache-2.0
 *
 * Completing an upload. "done" names the finished file's generation and identity and is durable
 * before the file is moved to its place: that the file is no longer in the upload's folder says
 * that it was published, and a repeated complete answers out of "done". */
#include "beneath.h"
#include "meta.h"
#include "publish.h"
#include "upload.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/file.h>

struct done {
    uint64_t generation, bytes;
    int64_t modified_ms;
    char etag[64];
};

struct parts {
    const struct mgw_part *first;
    size_t count, stride;
};

static const struct mgw_part *part_at(const struct parts *parts, size_t i)
{
    return (const void *)((const char *)(const void *)parts->first + i * parts->stride);
}

/* Every part against its receipt and against what is recorded here. *BYTES: all of them. */
static enum mgw_status check_parts(struct mgw_call *call, const struct upload *upload,
                                   const struct parts *parts, uint64_t *bytes)
{
    AUTO_CLOSE int fd = beneath_open(upload->fs, upload->dir, "parts", O_RDONLY);
    if (fd < 0) {
        return fs_fail(call, upload->fs, errno, "opening", "uploads/%s/parts", upload->id);
    }
    *bytes = 0;
    for (size_t i = 0; i < parts->count; i++) {
        const struct mgw_part *part = part_at(parts, i);
        struct upload_receipt here = {0};
        ssize_t got = pread(fd, &here, sizeof here, (off_t)(i * sizeof here));
        if (got != (ssize_t)sizeof here || part->number != i + 1 ||
            part->receipt_length != sizeof here || memcmp(part->receipt, &here, sizeof here) != 0 ||
            here.offset != *bytes || part->offset != *bytes || here.length != part->length) {
            return mgw_fail(call, MGW_INVALID,
                            "part %zu is missing, or not the one that was received last", i + 1);
        }
        *bytes += part->length;
    }
    if ((upload->flags & MGW_PUT_LENGTH_KNOWN) && *bytes != upload->length) {
        return mgw_fail(call, MGW_INVALID,
                        "the parts are %" PRIu64 " bytes, %" PRIu64 " were announced", *bytes,
                        upload->length);
    }
    return MGW_OK;
}

static uint64_t generation_of(const struct mgw_part *part)
{
    struct upload_receipt receipt;
    memcpy(&receipt, part->receipt, sizeof receipt);
    return receipt.generation;
}

static bool copy_range(int from, int to, off_t offset, uint64_t length)
{
    char block[65536];
    while (length) {
        size_t step = length < sizeof block ? (size_t)length : sizeof block;
        off_t in = offset, out = offset;
        ssize_t moved = copy_file_range(from, &in, to, &out, (size_t)length, 0);
        if (moved <= 0) {
            moved = pread(from, block, step, offset);
            if (moved <= 0 || !beneath_write(to, block, (size_t)moved, offset)) {
                return false;
            }
        }
        offset += moved;
        length -= (uint64_t)moved;
    }
    return true;
}

/* The file that holds every part, nobody else writing into it. */
static enum mgw_status gather(struct mgw_call *call, struct upload *upload,
                              const struct parts *parts, int *fd)
{
    const struct fs *fs = upload->fs;
    char name[32];
    upload_data_name(upload->fence.generation, name);
    *fd = beneath_open(fs, upload->dir, name, O_RDWR | O_CREAT);
    if (*fd < 0) {
        return fs_fail(call, fs, errno, "opening", "uploads/%s/%s", upload->id, name);
    }
    if (flock(*fd, LOCK_EX | LOCK_NB) != 0) {
        return mgw_fail(call, MGW_BUSY, "a part is still being received");
    }
    for (size_t i = 0; i < parts->count; i++) {
        const struct mgw_part *part = part_at(parts, i);
        uint64_t generation = generation_of(part);
        enum mgw_status status = fs_over(call, fs);
        if (status != MGW_OK) {
            return status;
        }
        if (generation == upload->fence.generation) {
            continue;
        }
        upload_data_name(generation, name);
        AUTO_CLOSE int from = beneath_open(fs, upload->dir, name, O_RDONLY);
        if (from < 0 || !copy_range(from, *fd, (off_t)part->offset, part->length)) {
            return fs_fail(call, fs, errno, "copying out of", "uploads/%s/%s", upload->id, name);
        }
    }
    return MGW_OK;
}

static enum mgw_status finish_file(struct mgw_call *call, struct upload *upload,
                                   const struct parts *parts, const struct name *name, int shard,
                                   int *fd, struct stat *file, struct sidecar *sidecar)
{
    uint64_t bytes = 0;
    const struct fs *fs = upload->fs;
    enum mgw_status status = check_parts(call, upload, parts, &bytes);
    status = status == MGW_OK ? gather(call, upload, parts, fd) : status;
    if (status == MGW_OK && ftruncate(*fd, (off_t)bytes) != 0) {
        status = fs_fail(call, fs, errno, "cutting", "uploads/%s", upload->id);
    }
    if (status == MGW_OK) {
        status = meta_attach(call, fs, name, shard, *fd, upload->props, upload->props_length, file,
                             sidecar);
    }
    if (status == MGW_OK && fsync(*fd) != 0) {
        status = fs_fail(call, fs, errno, "syncing", "uploads/%s", upload->id);
    }
    return status;
}

static enum mgw_status sync_shard(struct mgw_call *call, const struct upload *upload)
{
    struct mgw_blob blob = {sizeof blob, upload->bucket, upload->key};
    AUTO_CLOSE int shard = -1;
    struct name name;
    enum mgw_status status = name_make(call, &blob, &name);
    status = status == MGW_OK ? bucket_shard(call, upload->fs, &name, true, &shard) : status;
    if (status == MGW_OK && fsync(shard) != 0) {
        fs_fail(call, upload->fs, errno, "syncing", "%s", name.shard);
        status = MGW_UNKNOWN_OUTCOME;
    }
    return status;
}

/* MGW_NOT_FOUND: not done yet. */
static enum mgw_status answer_again(struct mgw_call *call, const struct upload *upload,
                                    struct mgw_stat *stat)
{
    size_t length;
    char name[32];
    AUTO_FREE char *bytes = beneath_slurp(upload->fs, upload->dir, "done", 4096, &length);
    struct done done;
    if (!bytes || length != sizeof done) {
        return MGW_NOT_FOUND;
    }
    memcpy(&done, bytes, sizeof done);
    done.etag[sizeof done.etag - 1] = '\0';
    upload_data_name(done.generation, name);
    if (faccessat(upload->dir, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
        return MGW_NOT_FOUND;
    }
    /* whoever published may not have come to syncing the folder */
    enum mgw_status status = sync_shard(call, upload);
    if (status != MGW_OK) {
        return status;
    }
    stat->bytes = done.bytes;
    stat->modified_ms = done.modified_ms;
    stat->etag = fs_strdup(call, done.etag);
    return stat->etag ? meta_decode(call, upload->props, upload->props_length, stat, NULL)
                      : fs_no_memory(call);
}

static bool write_done(const struct upload *upload, const struct stat *file)
{
    struct done done;
    memset(&done, 0, sizeof done);
    done.generation = upload->fence.generation;
    done.bytes = (uint64_t)file->st_size;
    done.modified_ms = meta_modified_ms(file);
    meta_etag(file, done.etag);
    return upload_write_file(upload, "done", &done, sizeof done);
}

/* Everything but "put", "lock" and "done", which answer a repeated complete. */
static void drop_parts(const struct upload *upload)
{
    char name[32];
    unlinkat(upload->dir, "parts", 0);
    for (uint64_t i = 0; i <= upload->fence.generation; i++) {
        upload_data_name(i, name);
        unlinkat(upload->dir, name, 0);
    }
    fsync(upload->dir);
}

static enum mgw_status complete(struct mgw_call *call, struct upload *upload,
                                const struct parts *parts)
{
    AUTO_CLOSE int shard = -1;
    AUTO_CLOSE int fd = -1;
    const struct fs *fs = upload->fs;
    struct mgw_blob blob = {sizeof blob, upload->bucket, upload->key};
    struct sidecar sidecar = SIDECAR_NONE;
    struct name name;
    struct stat file;
    char data[32];
    enum mgw_status status = name_make(call, &blob, &name);
    status = status == MGW_OK ? bucket_shard(call, fs, &name, true, &shard) : status;
    if (status == MGW_OK) {
        status = finish_file(call, upload, parts, &name, shard, &fd, &file, &sidecar);
    }
    if (status == MGW_OK && !write_done(upload, &file)) {
        status = fs_fail(call, fs, errno, "writing", "uploads/%s/done", upload->id);
    }
    upload_data_name(upload->fence.generation, data);
    struct publication publication = {.name = &name,
                                      .shard = shard,
                                      .fd = fd,
                                      .from = upload->dir,
                                      .file = data,
                                      .if_absent = upload->flags & MGW_PUT_IF_ABSENT};
    if (status == MGW_OK) {
        status = publish(call, fs, &publication);
    }
    if (publication.published) {
        meta_settle(&sidecar);
    } else {
        meta_drop(&sidecar);
        unlinkat(upload->dir, "done", 0);
    }
    return status;
}

enum mgw_status upload_complete(struct mgw_call *call, void *instance,
                                const struct mgw_opaque *state, const struct mgw_part *parts,
                                size_t count, size_t stride, uint64_t fence, struct mgw_stat *stat)
{
    AUTO_UPLOAD struct upload upload;
    struct parts all = {parts, count, stride};
    enum mgw_status status = fs_over(call, instance);
    if (status != MGW_OK) {
        upload = (struct upload){.dir = -1, .lock = -1};
        return status;
    }
    status = upload_open(call, instance, state, fence, &upload);
    if (status != MGW_OK) {
        return status;
    }
    status = answer_again(call, &upload, stat);
    if (status != MGW_NOT_FOUND) {
        return status;
    }
    status = complete(call, &upload, &all);
    if (status == MGW_OK) {
        status = answer_again(call, &upload, stat);
        drop_parts(&upload);
    }
    return status;
}
