/* SPDX-License-Identifier: Apache-2.0
 *
 * A storage plugin that says it is a repository. */
#include "broken.h"

static const struct mgw_storage_driver table = {SOUND_TABLE, .list = sound_list};
static const struct mgw_plugin plugin = {.size = sizeof plugin,
                                         .abi_major = MGW_ABI_MAJOR,
                                         .kind = MGW_KIND_REPOSITORY,
                                         .name = "wrong_kind",
                                         .version = "1",
                                         .description = "Broken on purpose.",
                                         .table = &table};

MGW_REGISTER(&plugin);
