/* SPDX-License-Identifier: Apache-2.0
 *
 * nginx as a floor: two workers, an access log as the gateway writes one, files behind secure_link,
 * and constants. */
#ifndef TESTS_BENCH_NGINX_H
#define TESTS_BENCH_NGINX_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct nginx {
    pid_t pid; /* its workers are its children */
    uint16_t port;
    char *dir;
};

/* Answers /constant/N, N from 0, with CONSTANTS[N]. Ends the program where it does not start. DIR
 * is kept by reference. */
void nginx_start(struct nginx *nginx, char *dir, const char *const *constants, size_t count);
void nginx_stop(struct nginx *nginx);
/* Puts a file below /files/ and answers its target, signed for ten hours; to be freed. */
char *nginx_file(const struct nginx *nginx, const char *name, const char *bytes, size_t length,
                 uint64_t total);

#endif
