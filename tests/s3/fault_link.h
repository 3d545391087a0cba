/* SPDX-License-Identifier: Apache-2.0
 *
 * One connection of the fault server, plain or TLS. */
#ifndef TESTS_S3_FAULT_LINK_H
#define TESTS_S3_FAULT_LINK_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>

struct link {
    int fd;
    SSL *ssl; /* NULL: plain */
};

/* A context with a new key and a certificate for NAME (a host's name, or 127.0.0.1), which is
 * written to CA_FILE. Ends the program where OpenSSL fails. */
SSL_CTX *link_context(const char *name, const char *ca_file);
/* CONTEXT NULL: plain. False: no handshake. */
bool link_open(struct link *link, int fd, SSL_CTX *context);
/* Bytes read, 0 at the end or upon a failure. */
size_t link_read(struct link *link, void *bytes, size_t length);
bool link_write(struct link *link, const void *bytes, size_t length);
/* RESET: with RST. */
void link_close(struct link *link, bool reset);

#endif
