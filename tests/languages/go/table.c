/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of a driver whose callbacks are Go's (gomem.go exports them), and the one symbol. */
#include "_cgo_export.h" /* made by cgo out of the //export lines of gomem.go */

static const struct mgw_storage_driver table = {
    .size = sizeof table,
    .create = gomem_create,
    .destroy = gomem_destroy,
    .describe = gomem_describe,
    .put_begin = gomem_put_begin,
    .put_write = gomem_put_write,
    .put_commit = gomem_put_commit,
    .put_abort = gomem_put_abort,
    .open = gomem_open,
    .read = gomem_read,
    .close = gomem_close,
    .stat = gomem_stat,
    .remove = gomem_remove,
    .list = gomem_list,
    .health = gomem_health,
};

static const struct mgw_plugin plugin = {
    .size = sizeof plugin,
    .abi_major = MGW_ABI_MAJOR,
    .kind = MGW_KIND_STORAGE,
    .name = "gomem",
    .version = "1",
    .description = "Keeps blobs in memory, written in Go, for tests.",
    .thread_model = MGW_THREADS_PARALLEL,
    .table = &table,
};

MGW_REGISTER(&plugin);
