/* SPDX-License-Identifier: Apache-2.0
 *
 * A plugin with a thread model that does not exist. */
#include "broken.h"

static const struct mgw_storage_driver table = {SOUND_TABLE, .list = sound_list};
static const struct mgw_plugin plugin = {SOUND_FACE("bad_threads", &table), .thread_model = 7};

MGW_REGISTER(&plugin);
