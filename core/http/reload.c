/* SPDX-License-Identifier: Apache-2.0
 *
 * See reload.h. */
#include "core/http/reload.h"

#include "core/base/cleanup.h"
#include "core/base/log.h"
#include "core/http/settings.h"

#include <string.h>

static enum mgw_status set_url_keys(const struct gateway *gateway, const struct config *config,
                                    struct mgw_error *error)
{
    size_t count = config->url_key_count;
    AUTO_FREE struct mgw_url_key *keys = calloc(count + 1, sizeof *keys);
    if (!keys) {
        return config_fault(config, error, "", "out of memory");
    }
    for (size_t i = 0; i < count; i++) {
        const struct config_url_key *from = &config->url_keys[i];
        keys[i] = (struct mgw_url_key){.size = sizeof keys[i],
                                       .id = from->id,
                                       .secret = from->secret,
                                       .secret_length = strlen(from->secret),
                                       .sign = from->sign};
    }
    return mgw_media_set_url_keys(gateway->media, keys, count, error);
}

void reload(struct gateway *gateway)
{
    struct mgw_error error = {.size = sizeof error};
    struct config *config = NULL;
    struct settings *settings = NULL;
    if (gateway->config->dev) {
        log_event(LOG_LEVEL_INFO, "SIGHUP: there is no config to read again");
        return;
    }
    enum mgw_status status = config_load(gateway->config->path, &config, &error);
    if (status == MGW_OK) {
        status = settings_new(config, &settings, &error);
    }
    if (status == MGW_OK) {
        status = set_url_keys(gateway, config, &error);
    }
    if (status != MGW_OK) {
        log_event(LOG_LEVEL_ERROR, "the config is not read again, the one before stays",
                  LOG_TEXT("reason", error.text));
        settings_release(settings);
        config_free(config);
        return;
    }
    const char *other = config_differs(gateway->config, config);
    settings_own(settings, config);
    settings_swap(gateway->settings, settings);
    log_event(LOG_LEVEL_INFO, "the config was read again");
    if (other) {
        log_event(LOG_LEVEL_WARN, "a changed key needs a restart", LOG_TEXT("key", other));
    }
}
