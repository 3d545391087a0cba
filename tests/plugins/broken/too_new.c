/* SPDX-License-Identifier: Apache-2.0
 *
 * Built against an ABI of the future. */
#include "broken.h"

static const struct mgw_storage_driver table = {SOUND_TABLE, .list = sound_list};
static const struct mgw_plugin plugin = {.size = sizeof plugin,
                                         .abi_major = MGW_ABI_MAJOR + 1,
                                         .kind = MGW_KIND_STORAGE,
                                         .name = "too_new",
                                         .version = "9",
                                         .description = "Broken on purpose.",
                                         .table = &table};

MGW_REGISTER(&plugin);
