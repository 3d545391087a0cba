/* SPDX-License-Identifier: Apache-2.0
 *
 * See ledger.h. Writers hold the lock shared, the one who counts holds it alone: then nothing is
 * half written, and every file that begins with "tmp-" is a leftover. */
#include "ledger.h"

#include "evict.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define LEDGER_FILE "ledger"
#define LEDGER_MARK "mediagw cache 1"

struct shared {
    char mark[16];
    _Atomic uint64_t used;
};
struct ledger {
    struct shared *shared;
    pthread_mutex_t evicting;
};

/* The folder's own lock, which is there also where somebody emptied it. */
static int lock_take(const struct cache *cache, int how)
{
    AUTO_CLOSE int fd = openat(cache->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int locked;
    do {
        locked = fd < 0 ? -1 : flock(fd, how);
    } while (fd >= 0 && locked != 0 && errno == EINTR);
    return locked == 0 ? cache_take_fd(&fd) : -1;
}

/* With the lock: the count is what is there, after the least lately used have gone. */
static void count(struct cache *cache, uint64_t most)
{
    uint64_t used = evict_to(cache, most);
    atomic_store(&cache->ledger->shared->used, used);
}

static enum mgw_status check_mark(struct mgw_call *call, const struct cache *cache, int fd)
{
    char mark[sizeof LEDGER_MARK] = "";
    struct stat stat;
    if (fstat(fd, &stat) != 0 || !S_ISREG(stat.st_mode)) {
        return mgw_fail(call, MGW_INVALID, "%s/" LEDGER_FILE " is no regular file", cache->path);
    }
    if (stat.st_size == 0) {
        if (!evict_is_empty(cache, LEDGER_FILE)) {
            unlinkat(cache->dir, LEDGER_FILE, 0);
            return mgw_fail(call, MGW_INVALID,
                            "%s is not empty and no cache's folder: name an empty one",
                            cache->path);
        }
        if (ftruncate(fd, sizeof(struct shared)) != 0 ||
            pwrite(fd, LEDGER_MARK, sizeof mark, 0) != (ssize_t)sizeof mark) {
            return mgw_fail(call, MGW_NO_SPACE, "writing %s/" LEDGER_FILE ": %s", cache->path,
                            strerror(errno));
        }
        return MGW_OK;
    }
    if (stat.st_size < (off_t)sizeof(struct shared) ||
        pread(fd, mark, sizeof mark, 0) != (ssize_t)sizeof mark ||
        memcmp(mark, LEDGER_MARK, sizeof mark) != 0) {
        return mgw_fail(call, MGW_INVALID,
                        "%s/" LEDGER_FILE " is no ledger of this filter's: empty the folder, or "
                        "name another",
                        cache->path);
    }
    return MGW_OK;
}

enum mgw_status ledger_open(struct mgw_call *call, struct cache *cache)
{
    AUTO_CLOSE int fd =
        openat(cache->dir, LEDGER_FILE, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
        return mgw_fail(call, MGW_DENIED, "%s cannot be written: %s", cache->path, strerror(errno));
    }
    AUTO_CLOSE int lock = lock_take(cache, LOCK_EX);
    if (lock < 0) {
        return mgw_fail(call, MGW_UNAVAILABLE, "locking %s: %s", cache->path, strerror(errno));
    }
    enum mgw_status status = check_mark(call, cache, fd);
    if (status != MGW_OK) {
        return status;
    }
    struct ledger *ledger = calloc(1, sizeof *ledger);
    if (!ledger) {
        return cache_no_memory(call);
    }
    void *shared = mmap(NULL, sizeof(struct shared), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (shared == MAP_FAILED) {
        free(ledger);
        return mgw_fail(call, MGW_UNAVAILABLE, "mapping %s/" LEDGER_FILE ": %s", cache->path,
                        strerror(errno));
    }
    ledger->shared = shared;
    pthread_mutex_init(&ledger->evicting, NULL);
    cache->ledger = ledger;
    count(cache, cache->max);
    return MGW_OK;
}

void ledger_close(struct ledger *ledger)
{
    if (ledger) {
        munmap(ledger->shared, sizeof *ledger->shared);
        pthread_mutex_destroy(&ledger->evicting);
        free(ledger);
    }
}

uint64_t ledger_used(const struct ledger *ledger)
{
    return atomic_load(&ledger->shared->used);
}

static bool is_full(const struct cache *cache, uint64_t bytes)
{
    uint64_t used = ledger_used(cache->ledger);
    return used > cache->max || bytes > cache->max - used;
}

/* One thread of a process at a time: the others do without rather than wait. */
static void make_room(struct cache *cache, uint64_t bytes)
{
    uint64_t tenth = cache->max / 10, room = bytes > tenth ? bytes : tenth;
    if (room > cache->max || pthread_mutex_trylock(&cache->ledger->evicting) != 0) {
        return;
    }
    AUTO_CLOSE int lock = lock_take(cache, LOCK_EX);
    if (lock >= 0 && is_full(cache, bytes)) {
        count(cache, cache->max - room);
    }
    pthread_mutex_unlock(&cache->ledger->evicting);
}

bool ledger_reserve(struct cache *cache, uint64_t bytes, struct reservation *reservation)
{
    if (is_full(cache, bytes)) {
        make_room(cache, bytes);
    }
    *reservation = (struct reservation){.lock = -1, .bytes = bytes};
    AUTO_CLOSE int lock = is_full(cache, bytes) ? -1 : lock_take(cache, LOCK_SH | LOCK_NB);
    if (lock < 0) {
        return false;
    }
    struct shared *shared = cache->ledger->shared;
    uint64_t used = atomic_load(&shared->used);
    do {
        if (used > cache->max || bytes > cache->max - used) {
            return false;
        }
    } while (!atomic_compare_exchange_weak(&shared->used, &used, used + bytes));
    reservation->lock = cache_take_fd(&lock);
    return true;
}

void ledger_settle(struct cache *cache, struct reservation *reservation, uint64_t used)
{
    struct shared *shared = cache->ledger->shared;
    if (used > reservation->bytes) {
        atomic_fetch_add(&shared->used, used - reservation->bytes);
    } else {
        atomic_fetch_sub(&shared->used, reservation->bytes - used);
    }
    close(reservation->lock); /* and only now may another count */
    reservation->lock = -1;
}
