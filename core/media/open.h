/* SPDX-License-Identifier: Apache-2.0
 *
 * A service out of a read configuration: what `mediagw` and mgw_media_new_from_config do. */
#ifndef MEDIA_OPEN_H
#define MEDIA_OPEN_H

#include "core/config/config.h"

#include <mediagw/media.h>

#define MEDIA_JOIN                                                                                 \
    (1u << 31) /* flag: as a node among others, by the config's node_id or a made-up one */

/* FLAGS: MGW_MEDIA_INIT, MEDIA_JOIN. CONFIG may be freed afterwards. Joined, the reaper runs in a
 * thread of its own. */
enum mgw_status media_open(const struct config *config, uint32_t flags, struct mgw_media **media,
                           struct mgw_error *error);

#endif
