/* SPDX-License-Identifier: Apache-2.0
 *
 * A storage plugin with plan but without the rest of resumable uploads. */
#include "broken.h"

static enum mgw_status half_plan(struct mgw_call *call, void *instance, const struct mgw_put *put,
                                 struct mgw_upload_plan *plan)
{
    (void)instance, (void)put, (void)plan;
    return mgw_fail(call, MGW_UNSUPPORTED, "broken");
}

static const struct mgw_storage_driver table = {SOUND_TABLE, .list = sound_list, .plan = half_plan};
static const struct mgw_plugin plugin = {SOUND_FACE("half_upload", &table)};

MGW_REGISTER(&plugin);
