/* SPDX-License-Identifier: Apache-2.0
 *
 * A hundred thousand blobs (FS_TEST_BLOBS in the environment: another number) in bounded memory. */
#include "fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MEMORY_KIB (256 * 1024) /* a sanitizer keeps what was freed */
#else
#define MEMORY_KIB (4 * 1024)
#endif

static long peak_kib(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

/* Empty files under names that the driver would give; which shard they lie in, list() does not
 * ask. */
static void make_blobs(const struct store *store, unsigned count)
{
    char path[PATH_MAX];
    for (unsigned i = 0; i < count; i++) {
        snprintf(path, sizeof path, "%.4000s/buckets/bucket/%02x/blob-%08x", store->root, i % 256,
                 i);
        int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        assert_true(fd >= 0);
        close(fd);
    }
}

struct tally {
    unsigned char *seen;
    unsigned count, page, strange;
    char cursor[2049];
};

static bool tick(void *ctx, const struct mgw_list_entry *entry)
{
    struct tally *tally = ctx;
    unsigned number;
    tally->page++;
    snprintf(tally->cursor, sizeof tally->cursor, "%s", entry->cursor);
    if (sscanf(entry->key, "blob-%8x", &number) != 1 || number >= tally->count ||
        tally->seen[number]++) {
        tally->strange++;
    }
    return true;
}

static void a_long_list_takes_bounded_memory(void **state)
{
    const char *wanted = getenv("FS_TEST_BLOBS");
    unsigned count = wanted ? (unsigned)strtoul(wanted, NULL, 10) : 100000;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_blob blob = blob_of(kit_bucket(), "k");
    put_text(kit_bucket(), "k", "the bucket is made");
    assert_status(call, driver->remove(call, instance, &blob), MGW_OK);
    make_blobs(*state, count);
    AUTO_FREE unsigned char *seen = calloc(count, 1);
    assert_non_null(seen);
    memset(seen, 0, count);
    struct tally tally = {.seen = seen, .count = count};
    long before = peak_kib();
    int64_t start = kit_host.monotonic_ms();
    unsigned pages = 0;
    do {
        AUTO_CALL struct mgw_call *page = kit_call_new();
        char cursor[2049];
        memcpy(cursor, tally.cursor, sizeof cursor);
        tally.page = 0;
        assert_status(page,
                      driver->list(page, instance, kit_bucket(), "", cursor, 1000, tick, &tally),
                      MGW_OK);
        pages++;
    } while (tally.page == 1000);
    printf("%u blobs, %u pages, %lld ms, peak memory grew by %ld KiB\n", count, pages,
           (long long)(kit_host.monotonic_ms() - start), peak_kib() - before);
    assert_true(peak_kib() - before < MEMORY_KIB);
    assert_int_equal(tally.strange, 0);
    for (unsigned i = 0; i < count; i++) {
        assert_int_equal(seen[i], 1);
    }
}

const struct CMUnitTest large_tests[] = {
    cmocka_unit_test_setup_teardown(a_long_list_takes_bounded_memory, store_setup, store_teardown),
};
const size_t large_count = sizeof large_tests / sizeof large_tests[0];
