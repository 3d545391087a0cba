/* SPDX-License-Identifier: Apache-2.0
 *
 * A plugin that cannot work without a feature that no host has. */
#include "broken.h"

static const struct mgw_storage_driver table = {SOUND_TABLE, .list = sound_list};
static const struct mgw_plugin plugin = {SOUND_FACE("strange_feature", &table),
                                         .features = 1ull << 62, .features_required = 1ull << 62};

MGW_REGISTER(&plugin);
