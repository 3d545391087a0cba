/* SPDX-License-Identifier: Apache-2.0
 *
 * The listening socket out of the config's "127.0.0.1:8080", "[::1]:8080" or ":8080". */
#ifndef HTTP_LISTEN_H
#define HTTP_LISTEN_H

#include <stdbool.h>
#include <stdint.h>

#define LISTEN_NAME_SIZE 80

struct listener {
    int fd;
    uint16_t port;                  /* the real one */
    char address[LISTEN_NAME_SIZE]; /* "127.0.0.1:8080", as bound */
};

/* False with one line in *ERROR (to be freed; NULL: memory is short). */
bool listen_open(const char *where, struct listener *listener, char **error);

#endif
