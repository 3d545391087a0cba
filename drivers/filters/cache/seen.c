/* SPDX-License-Identifier: Apache-2.0
 *
 * See seen.h. A name has one place; two that share it push each other out. */
#include "seen.h"

#include <pthread.h>
#include <string.h>

enum { PLACES = 8192 };

struct place {
    struct name name;
    struct version version;
    int64_t asked_ms;
    uint64_t generation;
    bool filled;
};
struct seen {
    pthread_mutex_t lock;
    int64_t trust_ms;
    uint64_t generation; /* of all places */
    struct place places[PLACES];
};

struct seen *seen_new(int64_t trust_ms)
{
    struct seen *seen = calloc(1, sizeof *seen);
    if (seen) {
        pthread_mutex_init(&seen->lock, NULL);
        seen->trust_ms = trust_ms;
    }
    return seen;
}

void seen_free(struct seen *seen)
{
    if (seen) {
        pthread_mutex_destroy(&seen->lock);
        free(seen);
    }
}

static struct place *place_of(struct seen *seen, const struct name *name)
{
    return &seen->places[(name->hash[0] | (unsigned)name->hash[1] << 8) % PLACES];
}

static bool holds(const struct place *place, const struct name *name)
{
    return place->filled && memcmp(place->name.hash, name->hash, NAME_HASH) == 0;
}

uint64_t seen_ticket(struct seen *seen, const struct name *name)
{
    if (!seen) {
        return 0;
    }
    pthread_mutex_lock(&seen->lock);
    uint64_t ticket = seen->generation + place_of(seen, name)->generation; /* both only grow */
    pthread_mutex_unlock(&seen->lock);
    return ticket;
}

void seen_put(struct seen *seen, const struct name *name, const struct version *version,
              int64_t asked_ms, uint64_t ticket)
{
    if (!seen) {
        return;
    }
    pthread_mutex_lock(&seen->lock);
    struct place *place = place_of(seen, name);
    bool newer = !holds(place, name) || place->asked_ms <= asked_ms;
    if (seen->generation + place->generation == ticket && newer) {
        place->name = *name;
        place->version = *version;
        place->asked_ms = asked_ms;
        place->filled = true;
    }
    pthread_mutex_unlock(&seen->lock);
}

bool seen_trusts(struct seen *seen, const struct name *name, const struct version *version,
                 int64_t now_ms)
{
    if (!seen) {
        return false;
    }
    pthread_mutex_lock(&seen->lock);
    const struct place *place = place_of(seen, name);
    bool trusts = holds(place, name) && memcmp(&place->version, version, sizeof *version) == 0 &&
                  now_ms - place->asked_ms < seen->trust_ms;
    pthread_mutex_unlock(&seen->lock);
    return trusts;
}

void seen_forget(struct seen *seen, const struct name *name)
{
    if (seen) {
        pthread_mutex_lock(&seen->lock);
        place_of(seen, name)->generation++;
        place_of(seen, name)->filled = false;
        pthread_mutex_unlock(&seen->lock);
    }
}

void seen_forget_all(struct seen *seen)
{
    if (seen) {
        pthread_mutex_lock(&seen->lock);
        seen->generation++;
        for (size_t i = 0; i < PLACES; i++) {
            seen->places[i].filled = false;
        }
        pthread_mutex_unlock(&seen->lock);
    }
}
