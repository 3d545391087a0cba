/* SPDX-License-Identifier: Apache-2.0
 *
 * A filter that makes the store below look far away, for tests: no local files, no reads at once,
 * and slow or failing ones where the test says so in `shared`; it counts what is asked of it. Any
 * thread. */
#include "tests/plugins/far/far.h"

#include "drivers/filters/common/pass.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

struct far {
    struct pass pass; /* first */
    struct far_shared *shared;
};

static void far_destroy(void *instance)
{
    struct far *far = instance;
    munmap(far->shared, sizeof *far->shared);
    free(far);
}

/* Without a file it has its counts to itself. */
static enum mgw_status far_create(struct mgw_call *call, const struct mgw_config *config,
                                  const struct mgw_host *host, const struct mgw_storage *lower,
                                  void **instance)
{
    (void)host;
    const struct mgw_config_value *path = mgw_config_get(config, "shared");
    struct far *far = calloc(1, sizeof *far);
    if (!far) {
        return mgw_fail(call, MGW_UNAVAILABLE, "out of memory");
    }
    pass_init(&far->pass, lower);
    int fd = path ? open(path->text, O_RDWR | O_CLOEXEC) : -1;
    int flags = path ? MAP_SHARED : MAP_SHARED | MAP_ANONYMOUS;
    void *shared = mmap(NULL, sizeof *far->shared, PROT_READ | PROT_WRITE, flags, fd, 0);
    if (fd >= 0) {
        close(fd);
    }
    if (shared == MAP_FAILED) {
        free(far);
        return mgw_fail(call, MGW_INVALID, "mapping \"shared\" failed");
    }
    far->shared = shared;
    *instance = far;
    return MGW_OK;
}

static enum mgw_status far_describe(struct mgw_call *call, void *instance,
                                    struct mgw_storage_limits *limits)
{
    enum mgw_status status = pass_describe(call, instance, limits);
    limits->capabilities &= ~(uint64_t)(MGW_STORAGE_LOCAL_FD | MGW_STORAGE_INLINE_READ);
    return status;
}

static enum mgw_status far_open(struct mgw_call *call, void *instance, const struct mgw_blob *blob,
                                const char *if_etag, void **reader, struct mgw_stat *stat)
{
    struct far *far = instance;
    far->shared->opens++;
    return pass_open(call, instance, blob, if_etag, reader, stat);
}

static enum mgw_status far_stat(struct mgw_call *call, void *instance, const struct mgw_blob *blob,
                                struct mgw_stat *stat)
{
    struct far *far = instance;
    far->shared->stats++;
    return pass_stat(call, instance, blob, stat);
}

static enum mgw_status far_read(struct mgw_call *call, void *reader, uint64_t offset, void *buffer,
                                size_t length, size_t *got)
{
    struct pass_handle *handle = reader;
    struct far_shared *shared = ((struct far *)handle->pass)->shared;
    long delay = shared->delay_ms;
    shared->reads++;
    if (delay) {
        const struct timespec time = {delay / 1000, delay % 1000 * 1000000};
        nanosleep(&time, NULL);
    }
    if (shared->failing > 0) {
        shared->failing--;
        return mgw_fail(call, MGW_UNAVAILABLE, "failing, as the test asks");
    }
    enum mgw_status status = pass_read(call, reader, offset, buffer, length, got);
    shared->bytes += status == MGW_OK ? (long)*got : 0;
    return status;
}

static const struct mgw_storage_driver storage = {
    .size = sizeof storage,
    .destroy = far_destroy,
    .describe = far_describe,
    .put_begin = pass_put_begin,
    .put_write = pass_put_write,
    .put_prepare = pass_put_prepare,
    .put_commit = pass_put_commit,
    .put_abort = pass_put_abort,
    .open = far_open,
    .read = far_read,
    .close = pass_close,
    .stat = far_stat,
    .remove = pass_remove,
    .list = pass_list,
    .copy = pass_copy,
    .presign = pass_presign,
    .plan = pass_plan,
    .upload_create = pass_upload_create,
    .upload_part = pass_upload_part,
    .upload_complete = pass_upload_complete,
    .upload_abort = pass_upload_abort,
    .sweep = pass_sweep,
    .health = pass_health,
    .free_bytes = pass_free_bytes,
    .advise = pass_advise,
};

static const struct mgw_filter_driver table = {
    .size = sizeof table, .create = far_create, .storage = &storage};

static const struct mgw_config_key keys[] = {
    {.size = sizeof keys[0],
     .key = "shared",
     .type = MGW_CONFIG_PATH,
     .help = "A file with a struct far_shared."},
};

static const struct mgw_plugin plugin = {
    .size = sizeof plugin,
    .abi_major = MGW_ABI_MAJOR,
    .kind = MGW_KIND_FILTER,
    .name = "far",
    .version = "1",
    .description = "Makes a store look far away, for tests.",
    .thread_model = MGW_THREADS_PARALLEL,
    .config_stride = sizeof keys[0],
    .config = keys,
    .config_count = sizeof keys / sizeof keys[0],
    .table = &table,
};

MGW_REGISTER(&plugin);
