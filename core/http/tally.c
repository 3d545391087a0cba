/* SPDX-License-Identifier: Apache-2.0
 *
 * See tally.h. A chained hash table that holds only accounts with something running. */
#include "core/http/tally.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 256 };

struct count {
    struct count *next;
    size_t count;
    char account[];
};

struct tally {
    pthread_mutex_t lock;
    size_t limit;
    struct count *buckets[BUCKETS];
};

struct tally *tally_new(size_t limit)
{
    struct tally *tally = calloc(1, sizeof *tally);
    if (tally) {
        pthread_mutex_init(&tally->lock, NULL);
        tally->limit = limit;
    }
    return tally;
}

void tally_free(struct tally *tally)
{
    if (!tally) {
        return;
    }
    for (size_t i = 0; i < BUCKETS; i++) {
        for (struct count *count = tally->buckets[i], *next; count; count = next) {
            next = count->next;
            free(count);
        }
    }
    pthread_mutex_destroy(&tally->lock);
    free(tally);
}

/* The place that points to ACCOUNT's entry, or where it would be. */
static struct count **tally_find(struct tally *tally, const char *account)
{
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (const char *at = account; *at; at++) {
        hash = (hash ^ (unsigned char)*at) * 16777619u;
    }
    struct count **place = &tally->buckets[hash % BUCKETS];
    while (*place && strcmp((*place)->account, account) != 0) {
        place = &(*place)->next;
    }
    return place;
}

bool tally_enter(struct tally *tally, const char *account)
{
    pthread_mutex_lock(&tally->lock);
    struct count **place = tally_find(tally, account);
    if (!*place) {
        size_t size = strlen(account) + 1;
        *place = calloc(1, sizeof **place + size);
        if (*place) {
            memcpy((*place)->account, account, size);
        }
    }
    bool room = *place && (*place)->count < tally->limit;
    if (room) {
        (*place)->count++;
    }
    pthread_mutex_unlock(&tally->lock);
    return room;
}

void tally_leave(struct tally *tally, const char *account)
{
    pthread_mutex_lock(&tally->lock);
    struct count **place = tally_find(tally, account);
    if (*place && --(*place)->count == 0) {
        struct count *gone = *place;
        *place = gone->next;
        free(gone);
    }
    pthread_mutex_unlock(&tally->lock);
}
