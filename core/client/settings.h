/* SPDX-License-Identifier: Apache-2.0
 *
 * Which gateway, and as whom: from the options, else the environment (MEDIAGW_URL, MEDIAGW_KEY,
 * MEDIAGW_ACCOUNT), else client.json. The key of client.json goes to the gateway that the file
 * names, and to no other. */
#ifndef CLIENT_SETTINGS_H
#define CLIENT_SETTINGS_H

#include <stdbool.h>

#define SETTINGS_DEFAULT_URL "http://127.0.0.1:8080"

struct options;

struct settings {
    char *url;     /* without a slash at its end */
    char *key;     /* NULL: none */
    char *account; /* NULL: none */
};

/* False: it has said what is wrong. */
bool settings_read(const struct options *options, struct settings *settings);
void settings_free(struct settings *settings);

#endif
