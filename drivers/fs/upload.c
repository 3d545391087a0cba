/* SPDX-License-Identifier: Apache-2.0
 *
 * Creating uploads, their lock and fence, and parts. The lock is held for moments only, never while
 * bytes are moved, so that a paused owner cannot keep a new one out. */
#include "upload.h"

#include "beneath.h"
#include "meta.h"

#include <mediagw/help/driver.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>

#define BLOCK (1u << 20)
#define LOCK_WAIT_MS 10000

enum mgw_status upload_plan(struct mgw_call *call, void *instance, const struct mgw_put *put,
                            struct mgw_upload_plan *plan)
{
    (void)call;
    (void)instance;
    (void)put;
    plan->part_min = 1;
    plan->part_max = UINT64_C(1) << 40;
    plan->part_align = 1;
    plan->max_parts = UPLOAD_PARTS_MAX;
    plan->uniform = 0;
    return MGW_OK;
}

void upload_data_name(uint64_t generation, char name[32])
{
    snprintf(name, 32, "data.%" PRIu64, generation);
}

static bool write_file(const struct fs *fs, int dir, const char *name, const void *bytes,
                       size_t length)
{
    AUTO_CLOSE int fd = beneath_open(fs, dir, name, O_WRONLY | O_CREAT | O_TRUNC);
    return fd >= 0 && beneath_write(fd, bytes, length, 0) && fsync(fd) == 0;
}

bool upload_write_file(const struct upload *upload, const char *name, const void *bytes,
                       size_t length)
{
    char temp[32];
    snprintf(temp, sizeof temp, "%.20s.new", name);
    return write_file(upload->fs, upload->dir, temp, bytes, length) &&
           renameat(upload->dir, temp, upload->dir, name) == 0 && fsync(upload->dir) == 0;
}

/* "put": flags, length, bucket, key, each followed by a newline; NUL; the properties. */
static char *encode_put(const struct name *name, const struct mgw_put *put, const char *props,
                        size_t props_length, size_t *length)
{
    size_t room = strlen(name->bucket) + strlen(name->key) + props_length + 64;
    char *text = malloc(room);
    if (text) {
        int head = snprintf(text, room, "%" PRIu32 " %" PRIu64 " %s %s", put->flags, put->length,
                            name->bucket, name->key);
        memcpy(text + head + 1, props, props_length);
        *length = (size_t)head + 1 + props_length;
    }
    return text;
}

static bool decode_put(struct upload *upload, const char *text, size_t length)
{
    size_t head = strnlen(text, length);
    int bucket = 0, bucket_end = 0;
    if (head == length || sscanf(text, "%" SCNu32 " %" SCNu64 " %n%*s%n", &upload->flags,
                                 &upload->length, &bucket, &bucket_end) < 2) {
        return false;
    }
    if (!bucket || !bucket_end || text[bucket_end] != ' ') {
        return false;
    }
    upload->bucket = strndup(text + bucket, (size_t)(bucket_end - bucket));
    upload->key = strdup(text + bucket_end + 1);
    upload->props_length = length - head - 1;
    upload->props = malloc(upload->props_length + 1);
    if (upload->props) {
        memcpy(upload->props, text + head + 1, upload->props_length);
    }
    return upload->bucket && upload->key && upload->props;
}

static bool fill(const struct fs *fs, int stage, const char *put, size_t length)
{
    struct upload_fence fence = {0};
    return write_file(fs, stage, "put", put, length) &&
           write_file(fs, stage, "lock", &fence, sizeof fence) &&
           write_file(fs, stage, "data.0", "", 0) && write_file(fs, stage, "parts", "", 0) &&
           fsync(stage) == 0;
}

enum mgw_status upload_create(struct mgw_call *call, void *instance, const struct mgw_blob *blob,
                              const struct mgw_put *put, struct mgw_opaque *state)
{
    const struct fs *fs = instance;
    AUTO_FREE char *props = NULL, *text = NULL;
    char stage_name[TEMP_NAME_SIZE], id[FS_ID_LENGTH + 1];
    size_t props_length, length = 0;
    uint64_t bytes = 0;
    struct name name;
    enum mgw_status status = fs_over(call, fs);
    status = status == MGW_OK ? name_make(call, blob, &name) : status;
    status = status == MGW_OK ? meta_encode(call, &name, put, &props, &props_length) : status;
    status = status == MGW_OK ? fs_check(call, fs) : status;
    if (status != MGW_OK) {
        return status;
    }
    text = encode_put(&name, put, props, props_length, &length);
    if (!text || state->capacity < FS_ID_LENGTH) {
        return fs_no_memory(call);
    }
    mgw_new_id(fs->host, id);
    AUTO_CLOSE int uploads = beneath_open(fs, fs->root, "uploads", O_RDONLY | O_DIRECTORY);
    AUTO_CLOSE int stage = uploads < 0 ? -1 : temp_dir(fs, stage_name);
    if (stage < 0) {
        return fs_fail(call, fs, errno, "making the upload", "uploads/%s", id);
    }
    if (!fill(fs, stage, text, length) || renameat(fs->tmp, stage_name, uploads, id) != 0 ||
        fsync(uploads) != 0) {
        int error = errno;
        temp_remove_tree(fs, fs->tmp, stage_name, 2, &bytes);
        temp_remove_tree(fs, uploads, id, 2, &bytes);
        return fs_fail(call, fs, error, "making the upload", "uploads/%s", id);
    }
    memcpy(state->bytes, id, FS_ID_LENGTH);
    state->length = FS_ID_LENGTH;
    return MGW_OK;
}

static enum mgw_status take_lock(struct mgw_call *call, const struct upload *upload)
{
    for (int waited = 0; flock(upload->lock, LOCK_EX | LOCK_NB) != 0; waited += 2) {
        if (errno != EWOULDBLOCK && errno != EINTR) {
            return fs_fail(call, upload->fs, errno, "locking", "uploads/%s", upload->id);
        }
        enum mgw_status status = fs_over(call, upload->fs);
        if (status != MGW_OK) {
            return status;
        }
        if (waited >= LOCK_WAIT_MS) {
            return mgw_fail(call, MGW_BUSY, "%s/uploads/%s is held by another process",
                            upload->fs->path, upload->id);
        }
        nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
    }
    return MGW_OK;
}

static enum mgw_status gone(struct mgw_call *call)
{
    return mgw_fail(call, MGW_NOT_FOUND, "there is no such upload: completed or aborted and swept");
}

/* The lock is held: reads the record, raises it to FENCE. Where an old owner is in the middle of a
 * part, its generation is left to it. */
static enum mgw_status check_fence(struct mgw_call *call, struct upload *upload, uint64_t fence)
{
    struct stat stat;
    char data[32];
    if (fstat(upload->lock, &stat) != 0 || stat.st_nlink == 0) {
        return gone(call);
    }
    if (pread(upload->lock, &upload->fence, sizeof upload->fence, 0) !=
        (ssize_t)sizeof upload->fence) {
        return mgw_fail(call, MGW_CORRUPT, "%s/uploads/%s/lock is damaged", upload->fs->path,
                        upload->id);
    }
    if (fence < upload->fence.fence) {
        return mgw_fail(call, MGW_STALE, "fence %" PRIu64 ": %" PRIu64 " has been seen", fence,
                        upload->fence.fence);
    }
    if (fence == upload->fence.fence) {
        return MGW_OK;
    }
    upload_data_name(upload->fence.generation, data);
    AUTO_CLOSE int fd = beneath_open(upload->fs, upload->dir, data, O_RDWR);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0) {
        upload->fence.generation++;
        upload_data_name(upload->fence.generation, data);
        AUTO_CLOSE int next = beneath_open(upload->fs, upload->dir, data, O_RDWR | O_CREAT);
        if (next < 0 || fsync(upload->dir) != 0) {
            return fs_fail(call, upload->fs, errno, "making", "uploads/%s/%s", upload->id, data);
        }
    }
    upload->fence.fence = fence;
    if (!beneath_write(upload->lock, &upload->fence, sizeof upload->fence, 0) ||
        fsync(upload->lock) != 0) {
        return fs_fail(call, upload->fs, errno, "writing", "uploads/%s/lock", upload->id);
    }
    return MGW_OK;
}

enum mgw_status upload_open(struct mgw_call *call, const struct fs *fs,
                            const struct mgw_opaque *state, uint64_t fence, struct upload *upload)
{
    char path[sizeof "uploads/" + FS_ID_LENGTH];
    size_t length = 0;
    *upload = (struct upload){.fs = fs, .dir = -1, .lock = -1};
    memcpy(upload->id, state->bytes, state->length == FS_ID_LENGTH ? FS_ID_LENGTH : 0);
    if (strspn(upload->id, "0123456789abcdef") != FS_ID_LENGTH) {
        return mgw_fail(call, MGW_INVALID, "this is not the state of an upload of this store");
    }
    snprintf(path, sizeof path, "uploads/%s", upload->id);
    upload->dir = beneath_open(fs, fs->root, path, O_RDONLY | O_DIRECTORY);
    upload->lock = upload->dir < 0 ? -1 : beneath_open(fs, upload->dir, "lock", O_RDWR);
    if (upload->lock < 0) {
        int error = errno;
        enum mgw_status status = error == ENOENT ? fs_check(call, fs) : MGW_OK;
        return error != ENOENT    ? fs_fail(call, fs, error, "opening", "%s", path)
               : status != MGW_OK ? status
                                  : gone(call);
    }
    enum mgw_status status = take_lock(call, upload);
    status = status == MGW_OK ? check_fence(call, upload, fence) : status;
    if (status == MGW_OK) {
        AUTO_FREE char *put = beneath_slurp(fs, upload->dir, "put", 1u << 20, &length);
        if (!put || !decode_put(upload, put, length)) {
            return mgw_fail(call, MGW_CORRUPT, "%s/uploads/%s/put is damaged", fs->path,
                            upload->id);
        }
    }
    return status;
}

void upload_close(struct upload *upload)
{
    if (upload->lock >= 0) {
        close(upload->lock);
    }
    if (upload->dir >= 0) {
        close(upload->dir);
    }
    free(upload->bucket);
    free(upload->key);
    free(upload->props);
}

static enum mgw_status check_part(struct mgw_call *call, const struct upload *upload,
                                  const struct mgw_part *part, const struct mgw_source *source)
{
    bool known = upload->flags & MGW_PUT_LENGTH_KNOWN;
    if (part->number < 1 || part->number > UPLOAD_PARTS_MAX || source->length != part->length ||
        part->offset > INT64_MAX - part->length) {
        return mgw_fail(call, MGW_INVALID, "part %" PRIu32 ": not as planned", part->number);
    }
    if ((known || upload->length) && part->offset + part->length > upload->length) {
        return mgw_fail(call, known ? MGW_INVALID : MGW_TOO_LARGE,
                        "part %" PRIu32 " ends behind the %" PRIu64 " bytes that were announced",
                        part->number, upload->length);
    }
    if (faccessat(upload->dir, "done", F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
        return mgw_fail(call, MGW_NOT_FOUND, "the upload is complete");
    }
    return MGW_OK;
}

static enum mgw_status copy_in(struct mgw_call *call, const struct fs *fs, int fd,
                               const struct mgw_part *part, const struct mgw_source *source)
{
    AUTO_FREE char *block = malloc(part->length < BLOCK ? (size_t)part->length + 1 : BLOCK);
    enum mgw_status status = block ? MGW_OK : fs_no_memory(call);
    for (uint64_t at = 0; status == MGW_OK && at < part->length;) {
        size_t step = part->length - at < BLOCK ? (size_t)(part->length - at) : BLOCK;
        status = source->read(source->ctx, at, block, step);
        if (status == MGW_OK && !beneath_write(fd, block, step, (off_t)(part->offset + at))) {
            status = fs_fail(call, fs, errno, "writing a part of", "uploads");
        }
        at += step;
        status = status == MGW_OK ? fs_over(call, fs) : status;
    }
    if (status == MGW_OK && fsync(fd) != 0) {
        status = fs_fail(call, fs, errno, "syncing a part of", "uploads");
    }
    return status;
}

/* The bytes are durable: records the part, unless somebody newer came meanwhile. */
static enum mgw_status record_part(struct mgw_call *call, const struct fs *fs,
                                   const struct mgw_opaque *state, uint64_t fence,
                                   const struct upload_receipt *receipt)
{
    AUTO_UPLOAD struct upload upload;
    enum mgw_status status = upload_open(call, fs, state, fence, &upload);
    if (status != MGW_OK) {
        return status;
    }
    off_t at = (off_t)((receipt->number - 1) * sizeof *receipt);
    AUTO_CLOSE int parts = beneath_open(fs, upload.dir, "parts", O_WRONLY);
    if (parts < 0 || !beneath_write(parts, receipt, sizeof *receipt, at) || fsync(parts) != 0) {
        return fs_fail(call, fs, errno, "writing", "uploads/%s/parts", upload.id);
    }
    return MGW_OK;
}

enum mgw_status upload_part(struct mgw_call *call, void *instance, const struct mgw_opaque *state,
                            const struct mgw_part *part, const struct mgw_source *source,
                            uint64_t fence, struct mgw_opaque *receipt)
{
    const struct fs *fs = instance;
    AUTO_CLOSE int data = -1;
    struct upload_receipt made = {
        .version = 1, .number = part->number, .offset = part->offset, .length = part->length};
    enum mgw_status status = fs_over(call, fs);
    if (status == MGW_OK) {
        char name[32];
        AUTO_UPLOAD struct upload upload;
        status = upload_open(call, fs, state, fence, &upload);
        status = status == MGW_OK ? check_part(call, &upload, part, source) : status;
        if (status == MGW_OK) {
            made.generation = upload.fence.generation;
            upload_data_name(made.generation, name);
            data = beneath_open(fs, upload.dir, name, O_RDWR);
            if (data < 0 || flock(data, LOCK_SH | LOCK_NB) != 0) {
                status = fs_fail(call, fs, errno, "opening", "uploads/%s/%s", upload.id, name);
            }
        }
    }
    if (status == MGW_OK) {
        fs->host->random(&made.nonce, sizeof made.nonce);
        status = copy_in(call, fs, data, part, source);
    }
    if (status == MGW_OK) {
        status = record_part(call, fs, state, fence, &made);
    }
    if (status == MGW_OK) {
        memcpy(receipt->bytes, &made, sizeof made);
        receipt->length = sizeof made;
    }
    return status;
}

void upload_remove(const struct upload *upload, uint64_t *bytes)
{
    AUTO_CLOSE int uploads =
        beneath_open(upload->fs, upload->fs->root, "uploads", O_RDONLY | O_DIRECTORY);
    if (uploads >= 0) {
        temp_remove_tree(upload->fs, uploads, upload->id, 2, bytes);
        fsync(uploads);
    }
}

enum mgw_status upload_abort(struct mgw_call *call, void *instance, const struct mgw_opaque *state,
                             uint64_t fence)
{
    AUTO_UPLOAD struct upload upload;
    uint64_t bytes = 0;
    enum mgw_status status = upload_open(call, instance, state, fence, &upload);
    if (status == MGW_NOT_FOUND) {
        return MGW_OK;
    }
    /* a finished one stays for the repeats of complete, until it is swept */
    if (status == MGW_OK && faccessat(upload.dir, "done", F_OK, AT_SYMLINK_NOFOLLOW) != 0) {
        upload_remove(&upload, &bytes);
    }
    return status;
}
