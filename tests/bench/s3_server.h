/* SPDX-License-Identifier: Apache-2.0
 *
 * A real S3 server beside the gateway (tests/s3), and what plain clients ask of it: presigned
 * requests, as the gateway's own store makes them. */
#ifndef TESTS_BENCH_S3_SERVER_H
#define TESTS_BENCH_S3_SERVER_H

#include "core/media/house.h"
#include "tests/bench/subject.h"

struct s3_server {
    const char *name;       /* "minio", "rgw" */
    char *dir;              /* everything of the server */
    struct subject gateway; /* with this server as its storage, and the bytes through it */
    struct house house;     /* the same store, for presigning */
    uint16_t port;
};

/* False, the reason on standard error, where it does not start. */
bool s3_server_start(struct s3_server *server, const char *name);
/* Ends both and removes what they have written; not 0 where the gateway did not end well. */
int s3_server_stop(struct s3_server *server);

struct s3_url {
    char *url;
    char *headers; /* to be sent, lines that end in CRLF */
};
/* A PUT of LENGTH bytes of object KEY, once. Ends the program where it cannot be. */
struct s3_url s3_presign_put(const struct s3_server *server, const char *key, uint64_t length);
/* A GET of a recording's object. */
struct s3_url s3_presign_get(const struct s3_server *server, const char *bucket, const char *key);
void s3_url_release(struct s3_url *url);
/* The PUT as a request of client.h; BYTES stays the caller's. */
struct request s3_put(const struct s3_server *server, const char *key, const char *bytes,
                      size_t length);
/* Object KEY goes. */
void s3_remove(const struct s3_server *server, const char *key);

#endif
