/* SPDX-License-Identifier: Apache-2.0
 *
 * A filter whose layer below fails as a file says, read anew at each call, so that a test switches
 * it while another process uses it. Lines "VERB STATUS [after]": VERB is a callback's name, or
 * "all"; STATUS a number of enum mgw_status, or "wait": until the call is over, or "hold": until
 * the file says so no longer (FILE.VERB comes to be meanwhile). With "after" the verb is done
 * first. No file: everything is passed on. Any thread. */
#include "drivers/filters/common/pass.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

struct switchable {
    struct pass pass; /* first */
    char *file;
    bool read_only;
    struct mgw_stat
        done; /* what the commit that failed "after" would have answered: one at a time */
    char etag[257];
};

static bool over(const struct mgw_call *call)
{
    struct timespec now, step = {.tv_nsec = 2000000};
    nanosleep(&step, NULL);
    clock_gettime(CLOCK_MONOTONIC, &now);
    return call->cancelled(call) ||
           (call->deadline_ms &&
            (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 >= call->deadline_ms);
}

static enum mgw_status say(struct mgw_call *call, const char *verb, const char *status)
{
    if (strcmp(status, "wait") == 0) {
        while (!over(call)) {
        }
        return mgw_fail(call, MGW_TIMEOUT, "%s: nothing came", verb);
    }
    return mgw_fail(call, (enum mgw_status)atoi(status), "%s: switched off", verb);
}

/* FILE.VERB: a call is held in it. */
static void mark(const struct switchable *filter, const char *verb)
{
    char path[512];
    snprintf(path, sizeof path, "%s.%s", filter->file, verb);
    FILE *file = fopen(path, "we");
    if (file) {
        fclose(file);
    }
}

/* What the file says of VERB, before or AFTER it is done. */
static enum mgw_status switched(const struct switchable *filter, struct mgw_call *call,
                                const char *verb, bool after)
{
    char line[128], name[32], status[16], when[16];
    enum mgw_status answer = MGW_OK;
    FILE *file = fopen(filter->file, "re");
    bool held = false;
    while (file && answer == MGW_OK && fgets(line, sizeof line, file)) {
        *when = '\0';
        if (sscanf(line, "%31s %15s %15s", name, status, when) >= 2 &&
            (strcmp(name, verb) == 0 || strcmp(name, "all") == 0) &&
            (strcmp(when, "after") == 0) == after) {
            held = strcmp(status, "hold") == 0;
            answer = held ? MGW_OK : say(call, verb, status);
        }
    }
    if (file) {
        fclose(file);
    }
    if (held && !over(call)) {
        mark(filter, verb);
        return switched(filter, call, verb, after);
    }
    return answer;
}

/* RUN, unless the file forbids it. */
#define SWITCHED(filter, call, verb, run)                                                          \
    __extension__({                                                                                \
        enum mgw_status answer_ = switched(filter, call, verb, false);                             \
        answer_ = answer_ == MGW_OK ? (run) : answer_;                                             \
        answer_ == MGW_OK ? switched(filter, call, verb, true) : answer_;                          \
    })

static struct switchable *of(void *handle)
{
    return (void *)((struct pass_handle *)handle)->pass;
}

static enum mgw_status switchable_describe(struct mgw_call *call, void *instance,
                                           struct mgw_storage_limits *limits)
{
    enum mgw_status status = pass_describe(call, instance, limits);
    limits->capabilities |=
        ((struct switchable *)instance)->read_only ? (uint64_t)MGW_STORAGE_READ_ONLY : 0;
    return status;
}

static enum mgw_status switchable_put_begin(struct mgw_call *call, void *instance,
                                            const struct mgw_blob *blob, const struct mgw_put *put,
                                            void **writer)
{
    return SWITCHED(instance, call, "put_begin", pass_put_begin(call, instance, blob, put, writer));
}

static enum mgw_status switchable_put_write(struct mgw_call *call, void *writer, const void *bytes,
                                            size_t length)
{
    return SWITCHED(of(writer), call, "put_write", pass_put_write(call, writer, bytes, length));
}

static enum mgw_status switchable_put_prepare(struct mgw_call *call, void *writer)
{
    return SWITCHED(of(writer), call, "put_prepare", pass_put_prepare(call, writer));
}

/* "After" the commit the writer has ended below: a repeat answers what the first would have. */
static enum mgw_status switchable_put_commit(struct mgw_call *call, void *writer,
                                             struct mgw_stat *stat)
{
    struct pass_handle *handle = writer;
    struct switchable *filter = of(writer);
    struct mgw_storage_driver *lower = &filter->pass.lower;
    enum mgw_status status = switched(filter, call, "put_commit", false);
    if (status == MGW_OK && handle->lower) {
        status = lower->put_commit(call, handle->lower, stat);
        handle->lower = status == MGW_OK ? NULL : handle->lower;
        if (status == MGW_OK && switched(filter, call, "put_commit", true) != MGW_OK) {
            filter->done = *stat;
            snprintf(filter->etag, sizeof filter->etag, "%s", stat->etag);
            return switched(filter, call, "put_commit", true);
        }
    } else if (status == MGW_OK) {
        stat->bytes = filter->done.bytes;
        stat->modified_ms = filter->done.modified_ms;
        stat->etag = filter->etag;
    }
    if (status == MGW_OK) {
        free(handle);
    }
    return status;
}

static void switchable_put_abort(struct mgw_call *call, void *writer)
{
    struct pass_handle *handle = writer;
    if (handle->lower) {
        pass_put_abort(call, writer);
    } else {
        free(handle);
    }
}

static enum mgw_status switchable_open(struct mgw_call *call, void *instance,
                                       const struct mgw_blob *blob, const char *if_etag,
                                       void **reader, struct mgw_stat *stat)
{
    return SWITCHED(instance, call, "open", pass_open(call, instance, blob, if_etag, reader, stat));
}

static enum mgw_status switchable_read(struct mgw_call *call, void *reader, uint64_t offset,
                                       void *buffer, size_t length, size_t *got)
{
    return SWITCHED(of(reader), call, "read", pass_read(call, reader, offset, buffer, length, got));
}

static enum mgw_status switchable_stat(struct mgw_call *call, void *instance,
                                       const struct mgw_blob *blob, struct mgw_stat *stat)
{
    return SWITCHED(instance, call, "stat", pass_stat(call, instance, blob, stat));
}

static enum mgw_status switchable_remove(struct mgw_call *call, void *instance,
                                         const struct mgw_blob *blob)
{
    return SWITCHED(instance, call, "remove", pass_remove(call, instance, blob));
}

static enum mgw_status switchable_list(struct mgw_call *call, void *instance, const char *bucket,
                                       const char *prefix, const char *cursor, uint32_t limit,
                                       mgw_list_emit *emit, void *ctx)
{
    return SWITCHED(instance, call, "list",
                    pass_list(call, instance, bucket, prefix, cursor, limit, emit, ctx));
}

static enum mgw_status switchable_upload_create(struct mgw_call *call, void *instance,
                                                const struct mgw_blob *blob,
                                                const struct mgw_put *put, struct mgw_opaque *state)
{
    return SWITCHED(instance, call, "upload_create",
                    pass_upload_create(call, instance, blob, put, state));
}

static enum mgw_status switchable_upload_part(struct mgw_call *call, void *instance,
                                              const struct mgw_opaque *state,
                                              const struct mgw_part *part,
                                              const struct mgw_source *source, uint64_t fence,
                                              struct mgw_opaque *receipt)
{
    return SWITCHED(instance, call, "upload_part",
                    pass_upload_part(call, instance, state, part, source, fence, receipt));
}

static enum mgw_status switchable_upload_complete(struct mgw_call *call, void *instance,
                                                  const struct mgw_opaque *state,
                                                  const struct mgw_part *parts, size_t count,
                                                  size_t stride, uint64_t fence,
                                                  struct mgw_stat *stat)
{
    return SWITCHED(instance, call, "upload_complete",
                    pass_upload_complete(call, instance, state, parts, count, stride, fence, stat));
}

static enum mgw_status switchable_health(struct mgw_call *call, void *instance)
{
    return SWITCHED(instance, call, "health", pass_health(call, instance));
}

static enum mgw_status switchable_create(struct mgw_call *call, const struct mgw_config *config,
                                         const struct mgw_host *host,
                                         const struct mgw_storage *lower, void **instance)
{
    struct switchable *filter = calloc(1, sizeof *filter);
    (void)host;
    if (!filter || !(filter->file = strdup(mgw_config_get(config, "file")->text))) {
        free(filter);
        return mgw_fail(call, MGW_UNAVAILABLE, "out of memory");
    }
    filter->read_only = mgw_config_get(config, "read_only")->number;
    pass_init(&filter->pass, lower);
    *instance = filter;
    return MGW_OK;
}

static void switchable_destroy(void *instance)
{
    struct switchable *filter = instance;
    free(filter->file);
    free(filter);
}

static const struct mgw_storage_driver storage = {
    .size = sizeof storage,
    .destroy = switchable_destroy,
    .describe = switchable_describe,
    .put_begin = switchable_put_begin,
    .put_write = switchable_put_write,
    .put_prepare = switchable_put_prepare,
    .put_commit = switchable_put_commit,
    .put_abort = switchable_put_abort,
    .open = switchable_open,
    .read = switchable_read,
    .descriptor = pass_descriptor,
    .close = pass_close,
    .stat = switchable_stat,
    .remove = switchable_remove,
    .list = switchable_list,
    .copy = pass_copy,
    .presign = pass_presign,
    .plan = pass_plan,
    .upload_create = switchable_upload_create,
    .upload_part = switchable_upload_part,
    .upload_complete = switchable_upload_complete,
    .upload_abort = pass_upload_abort,
    .sweep = pass_sweep,
    .health = switchable_health,
    .free_bytes = pass_free_bytes,
    .advise = pass_advise,
};

static const struct mgw_filter_driver table = {
    .size = sizeof table, .create = switchable_create, .storage = &storage};

static const struct mgw_config_key keys[] = {
    {.size = sizeof keys[0],
     .key = "file",
     .type = MGW_CONFIG_PATH,
     .flags = MGW_CONFIG_REQUIRED,
     .help = "The file that says what fails."},
    {.size = sizeof keys[0],
     .key = "read_only",
     .type = MGW_CONFIG_BOOL,
     .fallback = "false",
     .help = "It says that it cannot write."},
};

static const struct mgw_plugin plugin = {
    .size = sizeof plugin,
    .abi_major = MGW_ABI_MAJOR,
    .kind = MGW_KIND_FILTER,
    .name = "switchable",
    .version = "1",
    .description = "Fails as a file says, for tests.",
    .thread_model = MGW_THREADS_PARALLEL,
    .config_stride = sizeof keys[0],
    .config = keys,
    .config_count = sizeof keys / sizeof keys[0],
    .table = &table,
};

MGW_REGISTER(&plugin);
