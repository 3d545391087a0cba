/* SPDX-License-Identifier: Apache-2.0
 *
 * A sound plugin, built with AddressSanitizer. */
#include "broken.h"

static const struct mgw_storage_driver table = {SOUND_TABLE, .list = sound_list};
static const struct mgw_plugin plugin = {SOUND_FACE("sanitized", &table)};

MGW_REGISTER(&plugin);
