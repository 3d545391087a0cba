/* SPDX-License-Identifier: Apache-2.0
 *
 * A plugin whose config table has a default that is not of its type. */
#include "broken.h"

static const struct mgw_storage_driver table = {SOUND_TABLE, .list = sound_list};
static const struct mgw_config_key keys[] = {
    {.size = sizeof keys[0],
     .key = "retries",
     .type = MGW_CONFIG_INT,
     .fallback = "many",
     .help = "How often."},
};
static const struct mgw_plugin plugin = {SOUND_FACE("bad_config", &table),
                                         .config_stride = sizeof keys[0], .config = keys,
                                         .config_count = 1};

MGW_REGISTER(&plugin);
