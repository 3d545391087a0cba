/* SPDX-License-Identifier: Apache-2.0
 *
 * A slot is found by the digest of all that its key was derived from, so that a new day, region or
 * secret needs no thought: its key takes the place of the oldest. */
#include "sign_key.h"

#include "text.h"

#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

/* Regions and services of one store, times the turn of a day and of a credential. */
#define SLOTS 16

struct slot {
    unsigned char origin[SIGN_KEY_SIZE];
    unsigned char key[SIGN_KEY_SIZE];
};

struct sign_key_table {
    pthread_mutex_t lock;
    struct slot slots[SLOTS];
    size_t used, next;
};

struct sign_key_table *sign_key_table_new(void)
{
    struct sign_key_table *table = calloc(1, sizeof *table);
    if (table && pthread_mutex_init(&table->lock, NULL) != 0) {
        free(table);
        return NULL;
    }
    return table;
}

void sign_key_table_free(struct sign_key_table *table)
{
    if (table) {
        pthread_mutex_destroy(&table->lock);
        OPENSSL_cleanse(table, sizeof *table);
        free(table);
    }
}

bool sign_key_hmac(const unsigned char *key, size_t key_length, const char *text, size_t length,
                   unsigned char out[SIGN_KEY_SIZE])
{
    unsigned int written = 0;
    return key_length <= INT_MAX &&
           HMAC(EVP_sha256(), key, (int)key_length, (const unsigned char *)text, length, out,
                &written) &&
           written == SIGN_KEY_SIZE;
}

static bool digest_origin(const char *const parts[4], unsigned char origin[SIGN_KEY_SIZE])
{
    EVP_MD_CTX *hash = EVP_MD_CTX_new();
    bool ok = hash && EVP_DigestInit_ex(hash, EVP_sha256(), NULL);
    for (size_t i = 0; ok && i < 4; i++) {
        ok = EVP_DigestUpdate(hash, parts[i], strlen(parts[i]) + 1); /* with the NUL as its end */
    }
    ok = ok && EVP_DigestFinal_ex(hash, origin, NULL);
    EVP_MD_CTX_free(hash);
    return ok;
}

static bool derive(const char *secret, const char *day, const char *region, const char *service,
                   unsigned char key[SIGN_KEY_SIZE])
{
    size_t size = strlen("AWS4") + strlen(secret) + 1;
    char *first = OPENSSL_malloc(size);
    if (!first) {
        return false;
    }
    snprintf(first, size, "AWS4%s", secret);
    unsigned char day_key[SIGN_KEY_SIZE], region_key[SIGN_KEY_SIZE], service_key[SIGN_KEY_SIZE];
    bool ok =
        sign_key_hmac((const unsigned char *)first, size - 1, day, strlen(day), day_key) &&
        sign_key_hmac(day_key, sizeof day_key, region, strlen(region), region_key) &&
        sign_key_hmac(region_key, sizeof region_key, service, strlen(service), service_key) &&
        sign_key_hmac(service_key, sizeof service_key, "aws4_request", strlen("aws4_request"), key);
    OPENSSL_clear_free(first, size);
    OPENSSL_cleanse(day_key, sizeof day_key);
    OPENSSL_cleanse(region_key, sizeof region_key);
    OPENSSL_cleanse(service_key, sizeof service_key);
    return ok;
}

static bool find(struct sign_key_table *table, const unsigned char origin[SIGN_KEY_SIZE],
                 unsigned char key[SIGN_KEY_SIZE])
{
    bool found = false;
    pthread_mutex_lock(&table->lock);
    for (size_t i = 0; !found && i < table->used; i++) {
        found = CRYPTO_memcmp(table->slots[i].origin, origin, SIGN_KEY_SIZE) == 0;
        if (found) {
            memcpy(key, table->slots[i].key, SIGN_KEY_SIZE);
        }
    }
    pthread_mutex_unlock(&table->lock);
    return found;
}

static void keep(struct sign_key_table *table, const unsigned char origin[SIGN_KEY_SIZE],
                 const unsigned char key[SIGN_KEY_SIZE])
{
    pthread_mutex_lock(&table->lock);
    struct slot *slot = &table->slots[table->next];
    memcpy(slot->origin, origin, SIGN_KEY_SIZE);
    memcpy(slot->key, key, SIGN_KEY_SIZE);
    table->next = (table->next + 1) % SLOTS;
    table->used += table->used < SLOTS;
    pthread_mutex_unlock(&table->lock);
}

bool sign_key_get(struct sign_key_table *table, const char *secret, const char *day,
                  const char *region, const char *service, unsigned char key[SIGN_KEY_SIZE])
{
    unsigned char origin[SIGN_KEY_SIZE];
    if (!digest_origin((const char *const[]){secret, day, region, service}, origin)) {
        return false;
    }
    if (find(table, origin, key)) {
        return true;
    }
    if (!derive(secret, day, region, service, key)) {
        return false;
    }
    keep(table, origin, key);
    return true;
}
