/* SPDX-License-Identifier: Apache-2.0
 *
 * Nothing is wrong with this one: what the others are compared with. Its table ends where version 1
 * of a younger header might, and its config has every type. */
#include "broken.h"

static const struct mgw_storage_driver table = {SOUND_TABLE, .list = sound_list};
static const struct mgw_config_key keys[] = {
    {.size = sizeof keys[0],
     .key = "text",
     .type = MGW_CONFIG_STRING,
     .fallback = "plain",
     .help = "A text."},
    {.size = sizeof keys[0], .key = "token", .type = MGW_CONFIG_SECRET, .help = "A secret."},
    {.size = sizeof keys[0], .key = "folder", .type = MGW_CONFIG_PATH, .help = "A path."},
    {.size = sizeof keys[0],
     .key = "retries",
     .type = MGW_CONFIG_INT,
     .fallback = "3",
     .min = 0,
     .max = 10,
     .help = "A number."},
    {.size = sizeof keys[0],
     .key = "part_size",
     .type = MGW_CONFIG_SIZE,
     .fallback = "8MiB",
     .help = "A size."},
    {.size = sizeof keys[0],
     .key = "timeout",
     .type = MGW_CONFIG_DURATION,
     .fallback = "1500ms",
     .help = "A duration."},
    {.size = sizeof keys[0],
     .key = "verify",
     .type = MGW_CONFIG_BOOL,
     .fallback = "true",
     .help = "A choice."},
    {.size = sizeof keys[0],
     .key = "style",
     .type = MGW_CONFIG_ENUM,
     .values = "path|virtual",
     .fallback = "path",
     .help = "A word."},
    {.size = sizeof keys[0], .key = "hosts", .type = MGW_CONFIG_LIST, .help = "A list."},
};
static const struct mgw_plugin plugin = {SOUND_FACE("sound", &table),
                                         .config_stride = sizeof keys[0], .config = keys,
                                         .config_count = sizeof keys / sizeof keys[0]};

MGW_REGISTER(&plugin);
