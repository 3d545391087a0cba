/* SPDX-License-Identifier: Apache-2.0
 *
 * A driver whose create answers OK and makes nothing. */
#include "broken.h"

static enum mgw_status none_create(struct mgw_call *call, const struct mgw_config *config,
                                   const struct mgw_host *host, void **instance)
{
    void *unused;
    (void)instance;
    return sound_create(call, config, host, &unused);
}

static const struct mgw_storage_driver table = {.size = sizeof table,
                                                .create = none_create,
                                                .destroy = sound_destroy,
                                                .describe = sound_describe,
                                                .put_begin = sound_put_begin,
                                                .put_write = sound_put_write,
                                                .put_commit = sound_put_commit,
                                                .put_abort = sound_put_abort,
                                                .open = sound_open,
                                                .read = sound_read,
                                                .close = sound_close,
                                                .stat = sound_stat,
                                                .remove = sound_remove,
                                                .list = sound_list,
                                                .health = sound_health};
static const struct mgw_plugin plugin = {SOUND_FACE("no_instance", &table)};

MGW_REGISTER(&plugin);
