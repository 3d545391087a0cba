/* SPDX-License-Identifier: Apache-2.0
 *
 * A plugin with another name than its descriptor's. */
#include "broken.h"

static const struct mgw_storage_driver table = {SOUND_TABLE, .list = sound_list};
static const struct mgw_plugin plugin = {SOUND_FACE("somebody_else", &table)};

MGW_REGISTER(&plugin);
