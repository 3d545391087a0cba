/* SPDX-License-Identifier: Apache-2.0
 *
 * A plugin without a table of callbacks. */
#include <mediagw/plugin.h>

static const struct mgw_plugin plugin = {.size = sizeof plugin,
                                         .abi_major = MGW_ABI_MAJOR,
                                         .kind = MGW_KIND_STORAGE,
                                         .name = "no_table",
                                         .version = "1",
                                         .description = "Broken on purpose."};

MGW_REGISTER(&plugin);
