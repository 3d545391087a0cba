/* SPDX-License-Identifier: Apache-2.0
 *
 * memstore as a plugin. */
#include "memstore.h"

static const struct mgw_config_key keys[] = {
    {.size = sizeof keys[0],
     .key = "capacity",
     .type = MGW_CONFIG_SIZE,
     .help = "Bytes that the store holds before it is full."},
    {.size = sizeof keys[0],
     .key = "delay",
     .type = MGW_CONFIG_DURATION,
     .max = 3600000,
     .help = "How much longer every call takes."},
    {.size = sizeof keys[0],
     .key = "read_delay",
     .type = MGW_CONFIG_DURATION,
     .max = 3600000,
     .help = "How much longer every read takes."},
    {.size = sizeof keys[0],
     .key = "presign",
     .type = MGW_CONFIG_BOOL,
     .help = "Whether it presigns, to a host that does not exist."},
    {.size = sizeof keys[0],
     .key = "marker",
     .type = MGW_CONFIG_BOOL,
     .help = "Whether it has an id; without one it goes with any repository."},
};

static const struct mgw_plugin plugin = {
    .size = sizeof plugin,
    .abi_major = MGW_ABI_MAJOR,
    .kind = MGW_KIND_STORAGE,
    .name = "memstore",
    .version = "1",
    .description = "Blobs in memory, for tests.",
    .thread_model = MGW_THREADS_PARALLEL,
    .config_stride = sizeof keys[0],
    .config = keys,
    .config_count = sizeof keys / sizeof keys[0],
    .table = &memstore_table,
};

MGW_REGISTER(&plugin);
