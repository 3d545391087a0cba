/* SPDX-License-Identifier: Apache-2.0
 *
 * A storage plugin without list. */
#include "broken.h"

static const struct mgw_storage_driver table = {SOUND_TABLE};
static const struct mgw_plugin plugin = {SOUND_FACE("no_list", &table)};

/* Only what is missing is wrong with it. */
enum mgw_status (*const unused_list)(struct mgw_call *, void *, const char *, const char *,
                                     const char *, uint32_t, mgw_list_emit *, void *) = sound_list;

MGW_REGISTER(&plugin);
