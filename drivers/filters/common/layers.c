/* SPDX-License-Identifier: Apache-2.0
 *
 * See layers.h. */
#include "drivers/filters/common/layers.h"

#include <string.h>

enum mgw_status layers_look(struct mgw_call *call, const struct mgw_storage *lower,
                            struct mgw_storage_limits *limits)
{
    *limits = (struct mgw_storage_limits){.size = sizeof *limits};
    enum mgw_status status = lower->driver->describe(call, lower->instance, limits);
    if (!limits->layers) {
        limits->layers = "";
    }
    return status;
}

bool layers_have(const char *layers, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = layers; at && *at; at += strspn(at, " ")) {
        size_t word = strcspn(at, " ");
        if (word == length && strncmp(at, name, length) == 0) {
            return true;
        }
        at += word;
    }
    return false;
}
