/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/crash/ledger.h"

#include <pthread.h>
#include <stdlib.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct ledger_entry *all;
static size_t count;
static size_t capacity;

size_t ledger_add(const struct ledger_entry *entry)
{
    pthread_mutex_lock(&lock);
    if (count == capacity) {
        capacity = capacity * 2 + 256;
        all = realloc(all, capacity * sizeof *all);
        if (!all) {
            abort();
        }
    }
    all[count] = *entry;
    size_t number = count++;
    pthread_mutex_unlock(&lock);
    return number;
}

struct ledger_entry ledger_get(size_t number)
{
    pthread_mutex_lock(&lock);
    struct ledger_entry entry = all[number];
    pthread_mutex_unlock(&lock);
    return entry;
}

void ledger_set(size_t number, const struct ledger_entry *entry)
{
    pthread_mutex_lock(&lock);
    all[number] = *entry;
    pthread_mutex_unlock(&lock);
}

size_t ledger_count(void)
{
    pthread_mutex_lock(&lock);
    size_t now = count;
    pthread_mutex_unlock(&lock);
    return now;
}

size_t ledger_count_state(enum ledger_state state)
{
    size_t found = 0;
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < count; i++) {
        found += all[i].state == state;
    }
    pthread_mutex_unlock(&lock);
    return found;
}

bool ledger_wants_round(unsigned round, unsigned rounds)
{
    return round < rounds || (round < 10 * rounds && ledger_count_state(LEDGER_KEPT) < rounds);
}

bool ledger_pick(enum ledger_state state, enum ledger_state next, unsigned before_round,
                 uint64_t random, size_t *number)
{
    bool found = false;
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < 20 && count > 0 && !found; i++) {
        *number = (size_t)((random + i * 7919) % count);
        found = all[*number].state == state && all[*number].round < before_round;
    }
    if (found) {
        all[*number].state = next;
    }
    pthread_mutex_unlock(&lock);
    return found;
}

void ledger_free(void)
{
    free(all);
    all = NULL;
    count = capacity = 0;
}
