/* SPDX-License-Identifier: Apache-2.0
 *
 * An instance as its plugin made it, without the host's view around it (store.h, rows.h): for the
 * conformance kit, which judges what a plugin itself answers. Start-up only, one thread. */
#ifndef PLUGIN_BARE_H
#define PLUGIN_BARE_H

#include "core/plugin/registry.h"

#include <mediagw/repo.h>

struct layers; /* store_inside.h */

struct bare {
    const struct mgw_plugin *plugin;
    struct mgw_storage storage; /* a driver's or filter's own table and instance */
    struct mgw_repo repo;
    struct layers *layers; /* what a filter stands on, wrapped; NULL: nothing */
};

/* KIND says what is opened: the config's repository, the driver of its storage, or the outermost
 * filter of its storage, whose layers below are opened as the gateway opens them. All of them get
 * HOST. On MGW_OK bare_close follows, when no call is under way. */
enum mgw_status bare_open(struct registry *registry, const struct config *config, uint32_t kind,
                          uint32_t flags, const struct mgw_host *host, struct bare *bare,
                          struct mgw_error *error);
void bare_close(struct bare *bare);
/* The layer right below a filter; NULL: there is none. */
const struct mgw_storage *bare_lower(const struct bare *bare);

#endif
