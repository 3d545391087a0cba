/* SPDX-License-Identifier: Apache-2.0
 *
 * The plugin "fs": blobs as files of one folder. Durable (a commit has been synced, file and
 * folder), safe among threads, processes and, where the file system is shared, machines. */
#include "fs.h"

#include "list.h"
#include "read.h"
#include "root.h"
#include "sweep.h"
#include "upload.h"
#include "write.h"

#include <string.h>

static bool flag(const struct mgw_config *config, const char *key)
{
    const struct mgw_config_value *value = mgw_config_get(config, key);
    return value && value->number;
}

static void fs_destroy(void *instance)
{
    struct fs *fs = instance;
    if (fs->root >= 0) {
        close(fs->root);
    }
    if (fs->tmp >= 0) {
        close(fs->tmp);
    }
    free(fs->path);
    free(fs);
}

static enum mgw_status fs_create(struct mgw_call *call, const struct mgw_config *config,
                                 const struct mgw_host *host, void **instance)
{
    const struct mgw_config_value *root = mgw_config_get(config, "root");
    if (!root || !root->text || !*root->text) {
        return mgw_fail(call, MGW_INVALID, "root: give the folder that holds the blobs");
    }
    struct fs *fs = calloc(1, sizeof *fs);
    if (!fs || !(fs->path = strdup(root->text))) {
        free(fs);
        return fs_no_memory(call);
    }
    for (size_t length = strlen(fs->path); length > 1 && fs->path[length - 1] == '/'; length--) {
        fs->path[length - 1] = '\0';
    }
    fs->host = host;
    fs->root = fs->tmp = -1;
    fs->shared = flag(config, "shared");
    /* what was made with O_TMPFILE gets its name through /proc */
    fs->use_tmpfile = flag(config, "tmpfile") && access("/proc/self/fd", X_OK) == 0;
    fs->use_xattr = flag(config, "xattr");
    fs->use_openat2 = flag(config, "openat2");
    enum mgw_status status = root_open(call, fs, config->flags & MGW_CREATE_INIT);
    if (status != MGW_OK) {
        fs_destroy(fs);
        return status;
    }
    *instance = fs;
    return MGW_OK;
}

static enum mgw_status fs_describe(struct mgw_call *call, void *instance,
                                   struct mgw_storage_limits *limits)
{
    const struct fs *fs = instance;
    limits->capabilities = MGW_STORAGE_LOCAL_FD | MGW_STORAGE_INLINE_READ | MGW_STORAGE_IF_ABSENT |
                           MGW_STORAGE_RESUMABLE;
    limits->capabilities |= fs->shared ? (uint64_t)MGW_STORAGE_SHARED : 0;
    if (MGW_HAS(limits, store_id)) {
        limits->store_id = fs_strdup(call, fs->id);
        return limits->store_id ? MGW_OK : fs_no_memory(call);
    }
    return MGW_OK;
}

static enum mgw_status fs_health(struct mgw_call *call, void *instance)
{
    return root_health(call, instance);
}

static enum mgw_status fs_free_bytes(struct mgw_call *call, void *instance, uint64_t *bytes)
{
    return root_free_bytes(call, instance, bytes);
}

static const struct mgw_storage_driver driver = {
    .size = sizeof driver,
    .create = fs_create,
    .destroy = fs_destroy,
    .describe = fs_describe,
    .put_begin = write_begin,
    .put_write = write_bytes,
    .put_prepare = write_prepare,
    .put_commit = write_commit,
    .put_abort = write_abort,
    .open = read_open,
    .read = read_bytes,
    .descriptor = read_descriptor,
    .close = read_close,
    .stat = read_stat,
    .remove = read_remove,
    .list = list_page,
    .plan = upload_plan,
    .upload_create = upload_create,
    .upload_part = upload_part,
    .upload_complete = upload_complete,
    .upload_abort = upload_abort,
    .sweep = sweep,
    .health = fs_health,
    .free_bytes = fs_free_bytes,
};

static const struct mgw_config_key keys[] = {
    {.size = sizeof keys[0],
     .key = "root",
     .type = MGW_CONFIG_PATH,
     .flags = MGW_CONFIG_REQUIRED,
     .help = "The folder that holds the blobs; `mediagw init` makes it."},
    {.size = sizeof keys[0],
     .key = "shared",
     .type = MGW_CONFIG_BOOL,
     .fallback = "false",
     .help = "Every node of the gateway sees this folder (NFS, a cluster file system)."},
    {.size = sizeof keys[0],
     .key = "tmpfile",
     .type = MGW_CONFIG_BOOL,
     .fallback = "true",
     .help = "Use O_TMPFILE where the file system has it; else temporary files have names."},
    {.size = sizeof keys[0],
     .key = "xattr",
     .type = MGW_CONFIG_BOOL,
     .fallback = "true",
     .help = "Keep a blob's properties in extended attributes where they fit; else in a file "
             "beside it."},
    {.size = sizeof keys[0],
     .key = "openat2",
     .type = MGW_CONFIG_BOOL,
     .fallback = "true",
     .help = "Open files with openat2 where the kernel has it; else folder by folder."},
};

static const struct mgw_plugin plugin = {
    .size = sizeof plugin,
    .abi_major = MGW_ABI_MAJOR,
    .kind = MGW_KIND_STORAGE,
    .name = "fs",
    .version = "0.1.0",
    .description = "Blobs as files of a folder on a disk.",
    .thread_model = MGW_THREADS_PARALLEL,
    .config_stride = sizeof keys[0],
    .config = keys,
    .config_count = sizeof keys / sizeof keys[0],
    .table = &driver,
};

MGW_REGISTER(&plugin);
