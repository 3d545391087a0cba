/* SPDX-License-Identifier: Apache-2.0
 *
 * memrepo, which wants the host to lock, and ends the process where two threads are inside. */
#include "tests/plugins/memrepo/memrepo.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

static struct mgw_repo_driver table;
static atomic_int inside;

static void stay_alone(void)
{
    if (++inside > 1) {
        abort();
    }
    usleep(200);
    inside--;
}

static enum mgw_status serial_get(struct mgw_call *call, void *instance, const char *id,
                                  mgw_row_emit *emit, void *ctx)
{
    stay_alone();
    return memrepo_driver()->get(call, instance, id, emit, ctx);
}

static enum mgw_status serial_apply(struct mgw_call *call, void *instance,
                                    const struct mgw_change *changes, size_t change_stride,
                                    struct mgw_change_result *results, size_t result_stride,
                                    size_t count)
{
    stay_alone();
    return memrepo_driver()->apply(call, instance, changes, change_stride, results, result_stride,
                                   count);
}

static const struct mgw_plugin plugin = {
    .size = sizeof plugin,
    .abi_major = MGW_ABI_MAJOR,
    .kind = MGW_KIND_REPOSITORY,
    .name = "serial_repo",
    .version = "1",
    .description = "Rows in memory, for one thread at a time.",
    .thread_model = MGW_THREADS_SERIALIZE_PLUGIN,
    .table = &table,
};

__attribute__((constructor)) static void make_table(void)
{
    table = *memrepo_driver();
    table.get = serial_get;
    table.apply = serial_apply;
}

MGW_REGISTER(&plugin);
