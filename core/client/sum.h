/* SPDX-License-Identifier: Apache-2.0
 *
 * SHA-256 as bytes pass, and its text forms: a row's checksum, and RFC 9530's digest fields. */
#ifndef CLIENT_SUM_H
#define CLIENT_SUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sum;

/* NULL: out of memory. */
struct sum *sum_new(void);
void sum_free(struct sum *sum);
static inline void sum_cleanup(struct sum **sum)
{
    sum_free(*sum);
}
#define AUTO_SUM __attribute__((cleanup(sum_cleanup)))
void sum_restart(struct sum *sum);
void sum_add(struct sum *sum, const void *bytes, size_t length);
/* Once: then sum_restart. */
void sum_end(struct sum *sum, uint8_t sha256[32]);

/* A row's "sha256:<hex>"; false for NULL and for anything else. */
bool sum_of_checksum(const char *checksum, uint8_t sha256[32]);
#define SUM_FIELD_SIZE 56
/* "sha-256=:<base64>:" */
void sum_field(const uint8_t sha256[32], char out[SUM_FIELD_SIZE]);
/* The SHA-256 of a digest field; false where it (or NULL) holds none. */
bool sum_of_field(const char *field, uint8_t sha256[32]);

#endif
