/* SPDX-License-Identifier: Apache-2.0
 *
 * See open.h. */
#include "core/media/open.h"

#include "core/base/cleanup.h"
#include "core/media/house.h"
#include "core/media/node.h"
#include "core/media/service.h"
#include "core/plugin/watch.h"

#include <string.h>

static struct mgw_media_options to_options(const struct config *config, struct mgw_url_key *keys,
                                           const char *node_id)
{
    for (size_t i = 0; i < config->url_key_count; i++) {
        keys[i] = (struct mgw_url_key){
            .size = sizeof keys[i],
            .id = config->url_keys[i].id,
            .secret = config->url_keys[i].secret,
            .secret_length = strlen(config->url_keys[i].secret),
            .sign = config->url_keys[i].sign,
        };
    }
    const char *delivery = config->media.delivery;
    return (struct mgw_media_options){
        .size = sizeof(struct mgw_media_options),
        .default_bucket = config->media.default_bucket,
        .signed_url_ttl_sec = config->media.signed_url_ttl_sec,
        .max_signed_url_ttl_sec = config->media.max_signed_url_ttl_sec,
        .max_upload_bytes = config->media.max_upload_bytes,
        .mime_types = (const char *const *)config->media.mime_types,
        .public_url = config->public_url,
        .url_keys = keys,
        .url_key_count = config->url_key_count,
        .lease_ms = config->media.lease_ms,
        /* A command that looks in for a moment leaves the rounds to the gateways. */
        .reap_interval_ms = node_id ? config->media.reap_interval_ms : MGW_ABSENT,
        .idempotency_ttl_ms = config->media.idempotency_ttl_ms,
        .min_free_bytes = config->media.min_free_bytes,
        .delivery =
            delivery && strcmp(delivery, "proxy") == 0 ? MGW_DELIVERY_PROXY : MGW_DELIVERY_AUTO,
        .direct_ttl_sec = config->media.direct_ttl_sec,
        .node_id = node_id,
    };
}

enum mgw_status media_open(const struct config *config, uint32_t flags, struct mgw_media **media,
                           struct mgw_error *error)
{
    struct house house = {0};
    AUTO_FREE struct mgw_url_key *keys = calloc(config->url_key_count + 1, sizeof *keys);
    AUTO_FREE char *made = node_make_id();
    if (!keys || !made) {
        return MGW_IO;
    }
    enum mgw_status status =
        house_open(config, flags & MGW_MEDIA_INIT ? MGW_CREATE_INIT : 0, &house, error);
    if (status != MGW_OK) {
        return status;
    }
    const char *id = config->node_id ? config->node_id : made;
    watch_set_most(config->limits.workers / 2);
    struct mgw_media_options options = to_options(config, keys, flags & MEDIA_JOIN ? id : NULL);
    return service_new(house.store, house.rows, house.registry, &options, config->listen, media,
                       error);
}

enum mgw_status mgw_media_new_from_config(const char *config_path, const char *data_dir,
                                          uint32_t flags, struct mgw_media **media,
                                          struct mgw_error *error)
{
    struct mgw_error unused = {.size = sizeof unused};
    error = error ? error : &unused;
    struct config *config = NULL;
    enum mgw_status status = config_path ? config_load(config_path, &config, error)
                                         : config_dev(data_dir, &config, error);
    if (status == MGW_OK) {
        flags = (flags & MGW_MEDIA_INIT) | MEDIA_JOIN | (config_path ? 0 : MGW_MEDIA_INIT);
        status = media_open(config, flags, media, error);
        config_free(config);
    }
    return status;
}
