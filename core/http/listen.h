/* SPDX-License-Identifier: Apache-2.0
 *
 * The listening socket out of the config's "127.0.0.1:8080", "[::1]:8080", ":8080" or
 * "unix:/path". */
#ifndef HTTP_LISTEN_H
#define HTTP_LISTEN_H

#include <stdbool.h>
#include <stdint.h>

#include <sys/stat.h>

#define LISTEN_NAME_SIZE 128

struct listener {
    int fd;
    uint16_t port;                  /* the real one; 0 of a unix socket */
    char address[LISTEN_NAME_SIZE]; /* "127.0.0.1:8080", "unix:/path", as bound */
    struct stat file;               /* of a unix socket */
};

/* False with one line in *ERROR (to be freed; NULL: memory is short). */
bool listen_open(const char *where, struct listener *listener, char **error);
/* Closes it; a unix socket's file goes too, unless another process has put its own there. */
void listen_close(struct listener *listener);
/* listen_unix.c: the same for the PATH of a unix socket. Errno and *WHY say what is wrong. */
bool listen_unix_open(const char *path, struct listener *listener, const char **why);
void listen_unix_remove(const struct listener *listener);

#endif
