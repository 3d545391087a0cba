/* SPDX-License-Identifier: Apache-2.0
 *
 * Making a service out of a store and a repository that the host wraps already (open.c), or out of
 * given instances. */
#ifndef MEDIA_SERVICE_H
#define MEDIA_SERVICE_H

#include "core/media/internal.h"

/* Takes STORE, ROWS and REGISTRY in every case. OPTIONS' own storage and repo are not looked at.
 * LISTEN (may be NULL) is what the node tells of itself, where OPTIONS names one. */
enum mgw_status service_new(struct store *store, struct rows *rows, struct registry *registry,
                            const struct mgw_media_options *options, const char *listen,
                            struct mgw_media **media, struct mgw_error *error);

#endif
