/* SPDX-License-Identifier: Apache-2.0
 *
 * See growth.h. Caches may fill in the first batches; a leak shows in all of them. */
#include "core/kit/growth.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <malloc.h>
#include <stdbool.h>
#include <unistd.h>

enum { BATCHES = 3, LEAST_BYTES = 16 };

/* The sanitizers' allocators count by themselves. */
size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

struct holding {
    size_t bytes, descriptors, threads;
};

static size_t entries(const char *path)
{
    size_t count = 0;
    DIR *folder = opendir(path);
    assert_non_null(folder);
    while (readdir(folder)) {
        count++;
    }
    closedir(folder);
    return count;
}

static size_t allocated(void)
{
    if (__sanitizer_get_current_allocated_bytes) {
        return __sanitizer_get_current_allocated_bytes();
    }
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

/* A thread that has been joined, or a descriptor that it closes, may be gone a moment later. */
static struct holding look(const struct holding *expected)
{
    struct holding now = {0};
    for (int i = 0; i < 100; i++) {
        now = (struct holding){.descriptors = entries("/proc/self/fd"),
                               .threads = entries("/proc/self/task")};
        if (!expected ||
            (now.descriptors <= expected->descriptors && now.threads <= expected->threads)) {
            break;
        }
        usleep(10000);
    }
    now.bytes = allocated();
    return now;
}

void growth_check(void (*work)(void *ctx), void *ctx, size_t rounds)
{
    struct holding at[BATCHES + 1];
    size_t memory = 0, descriptors = 0, threads = 0, bytes = 0;
    for (size_t i = 0; i < rounds; i++) {
        work(ctx);
    }
    at[0] = look(NULL);
    for (size_t batch = 1; batch <= BATCHES; batch++) {
        for (size_t i = 0; i < rounds; i++) {
            work(ctx);
        }
        const struct holding *was = &at[batch - 1];
        at[batch] = look(was);
        bytes = at[batch].bytes > was->bytes ? at[batch].bytes - was->bytes : 0;
        memory += bytes >= rounds * LEAST_BYTES;
        descriptors += at[batch].descriptors >= was->descriptors + rounds;
        threads += at[batch].threads >= was->threads + rounds;
    }
    if (memory == BATCHES) {
        print_error("expected no memory to be left, got %zu bytes more after each %zu rounds\n",
                    bytes, rounds);
    }
    if (descriptors == BATCHES || threads == BATCHES) {
        print_error("expected no %s to be left, got %zu more after %zu rounds\n",
                    threads == BATCHES ? "thread" : "descriptor",
                    threads == BATCHES ? at[BATCHES].threads - at[0].threads
                                       : at[BATCHES].descriptors - at[0].descriptors,
                    rounds * BATCHES);
    }
    assert_false(memory == BATCHES || descriptors == BATCHES || threads == BATCHES);
}
