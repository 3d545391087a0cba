/* SPDX-License-Identifier: Apache-2.0
 *
 * What a running gateway reads again on SIGHUP, as one snapshot: whose tokens and proxies are
 * believed, trusted proxies, CORS origins. A request takes the snapshot of its start and keeps it
 * to its end. Constant after settings_new; any thread. */
#ifndef HTTP_SETTINGS_H
#define HTTP_SETTINGS_H

#include "core/config/config.h"

struct jwt;
struct settings;

/* Out of CONFIG, which must outlive them (settings_own: is released with them). MGW_INVALID with
 * one line that names file, line, column and key. */
enum mgw_status settings_new(const struct config *config, struct settings **settings,
                             struct mgw_error *error);
void settings_own(struct settings *settings, struct config *config);
const struct config *settings_config(const struct settings *settings);
/* NULL: no issuer is configured. */
struct jwt *settings_jwt(const struct settings *settings);
/* One user less; the last one releases. NULL is nothing. */
void settings_release(struct settings *settings);

/* The place that holds the snapshot in force. */
struct settings_now;
/* Takes SETTINGS. NULL when memory is short. */
struct settings_now *settings_now_new(struct settings *settings);
void settings_now_free(struct settings_now *now);
/* The snapshot in force, to be released. */
struct settings *settings_take(struct settings_now *now);
/* Takes NEXT: requests from now on have it. */
void settings_swap(struct settings_now *now, struct settings *next);

#endif
