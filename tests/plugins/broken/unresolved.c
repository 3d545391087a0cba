/* SPDX-License-Identifier: Apache-2.0
 *
 * A module that wants a function of the core, which no plugin may. */
#include "broken.h"

extern int function_that_nobody_has(void);

static enum mgw_status wanting_health(struct mgw_call *call, void *instance)
{
    return function_that_nobody_has() ? MGW_OK : sound_health(call, instance);
}

static const struct mgw_storage_driver table = {.size = sizeof table,
                                                .create = sound_create,
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
                                                .health = wanting_health};
static const struct mgw_plugin plugin = {SOUND_FACE("unresolved", &table)};

MGW_REGISTER(&plugin);
