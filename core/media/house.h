/* SPDX-License-Identifier: Apache-2.0
 *
 * A store and the repository that belongs to it, as a config names them: what a service lives in,
 * and what the commands work on that move or check one. */
#ifndef MEDIA_HOUSE_H
#define MEDIA_HOUSE_H

#include "core/config/config.h"
#include "core/plugin/registry.h"

struct house {
    struct registry *registry;
    struct store *store;
    struct rows *rows;
};

/* FLAGS: MGW_CREATE_*. On failure nothing is left, and HOUSE is empty. */
enum mgw_status house_open(const struct config *config, uint32_t flags, struct house *house,
                           struct mgw_error *error);
void house_close(struct house *house);
#define AUTO_HOUSE AUTO(house_close)

/* A repository belongs to one store, and remembers its id: MGW_INVALID where it knows another. One
 * that knows none learns it where LEARN, else stays as it is. */
enum mgw_status house_marry(struct store *store, struct rows *rows, struct mgw_call *call,
                            bool learn);
/* The id that ROWS remembers, to be freed; NULL with MGW_OK: none. */
enum mgw_status house_known_store(struct rows *rows, struct mgw_call *call, char **id);

#endif
