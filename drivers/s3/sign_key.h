/* SPDX-License-Identifier: Apache-2.0
 *
 * Signing keys: HMAC over day, region, service and secret, remembered in a table of fixed size. A
 * secret itself is not kept, only a digest of what the key was made from. Any thread. */
#ifndef S3_SIGN_KEY_H
#define S3_SIGN_KEY_H

#include <stdbool.h>
#include <stddef.h>

#define SIGN_KEY_SIZE 32

struct sign_key_table;
struct sign_key_table *sign_key_table_new(void);
void sign_key_table_free(struct sign_key_table *table);

/* DAY as YYYYMMDD. The caller cleanses KEY. False: memory or OpenSSL failed. */
bool sign_key_get(struct sign_key_table *table, const char *secret, const char *day,
                  const char *region, const char *service, unsigned char key[SIGN_KEY_SIZE]);
bool sign_key_hmac(const unsigned char *key, size_t key_length, const char *text, size_t length,
                   unsigned char out[SIGN_KEY_SIZE]);

#endif
