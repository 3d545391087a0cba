/* SPDX-License-Identifier: Apache-2.0
 *
 * The filter encrypt over what a store might hold. The first byte chooses: the rest is the blob
 * below; or steps of four bytes (what, three of where) that change a good one, or read of it. What
 * opens has the size that was written, and what is read is what was written, or nothing. */
#include "drivers/filters/encrypt/format.h"
#include "tests/fuzz/fuzz.h"
#include "tests/plugins/memstore/memstore.h"

#include <mediagw/media.h>
#include <openssl/sha.h>
#include <time.h>

enum { LENGTH = 2 * FORMAT_SEGMENT + 777, SLACK = 64, AT_SUM = 88, SUM = 8 };

static const char keys[] = "a:mJ3FnZ0cV1m0uV9zvY8kq3hXl5r6Yt2bQw1eDsKpB7o=";
static const struct mgw_blob blob = {sizeof blob, "bucket", "key"};

static struct {
    struct memstore *store;
    struct mgw_storage below;
    const struct mgw_storage_driver *filter;
    void *instance;
    unsigned char plain[LENGTH];
    unsigned char *sealed; /* what was made of it */
    size_t sealed_length;
    unsigned char *altered; /* with room for some more */
    size_t altered_length;
} rig;

static void no_log(const char *name, enum mgw_log_level level, const char *format, ...)
{
    (void)name;
    (void)level;
    (void)format;
}

/* The same in every run, so that an input is one. */
static void fixed_random(void *bytes, size_t length)
{
    memset(bytes, 0x5a, length);
}

static int64_t wall_ms(void)
{
    return (int64_t)time(NULL) * 1000;
}

static const struct mgw_host host = {.size = sizeof host,
                                     .abi_major = MGW_ABI_MAJOR,
                                     .version = "fuzz",
                                     .log = no_log,
                                     .random = fixed_random,
                                     .wall_ms = wall_ms,
                                     .monotonic_ms = wall_ms};

static void put(struct mgw_call *call, const struct mgw_storage_driver *driver, void *instance,
                const void *bytes, size_t length)
{
    struct mgw_put how = {.size = sizeof how};
    struct mgw_stat stat = {.size = sizeof stat};
    void *writer = NULL;
    PROMISE(driver->put_begin(call, instance, &blob, &how, &writer) == MGW_OK);
    PROMISE(driver->put_write(call, writer, bytes, length) == MGW_OK);
    PROMISE(driver->put_commit(call, writer, &stat) == MGW_OK);
    PROMISE(stat.bytes == length);
}

static void take_sealed(struct mgw_call *call)
{
    const struct mgw_storage_driver *driver = rig.below.driver;
    struct mgw_stat stat = {.size = sizeof stat};
    void *reader = NULL;
    PROMISE(driver->open(call, rig.below.instance, &blob, NULL, &reader, &stat) == MGW_OK);
    rig.sealed = malloc(stat.bytes);
    rig.altered = malloc(stat.bytes + SLACK);
    PROMISE(rig.sealed && rig.altered);
    while (rig.sealed_length < stat.bytes) {
        size_t got = 0;
        PROMISE(driver->read(call, reader, rig.sealed_length, rig.sealed + rig.sealed_length,
                             stat.bytes - rig.sealed_length, &got) == MGW_OK);
        rig.sealed_length += got;
    }
    driver->close(reader);
}

static void setup(struct mgw_call *call)
{
    struct mgw_config_value value = {
        .size = sizeof value, .key = "keys", .type = MGW_CONFIG_SECRET, .text = keys};
    struct mgw_config config = {.size = sizeof config,
                                .instance = "storage",
                                .stride = sizeof value,
                                .count = 1,
                                .values = &value};
    extern mgw_plugin_function mediagw_plugin; /* the filter's, which is linked in */
    const struct mgw_filter_driver *table = mediagw_plugin()->table;
    rig.store = memstore_new();
    PROMISE(rig.store != NULL);
    rig.below = memstore_storage(rig.store);
    PROMISE(table->create(call, &config, &host, &rig.below, &rig.instance) == MGW_OK);
    rig.filter = table->storage;
    for (size_t i = 0; i < LENGTH; i++) {
        rig.plain[i] = (unsigned char)(i * 2654435761u >> 13);
    }
    put(call, rig.filter, rig.instance, rig.plain, LENGTH);
    take_sealed(call);
}

/* One change to the blob below. */
static void alter(unsigned what, size_t where)
{
    unsigned char *bytes = rig.altered;
    size_t length = rig.altered_length, at = length ? where % length : 0;
    if (what == 0 && length) {
        bytes[at] ^= (unsigned char)(1u << where % 8);
    } else if (what == 1) {
        rig.altered_length = at;
    } else if (what == 2 && length < rig.sealed_length + SLACK) {
        memmove(bytes + at + 1, bytes + at, length - at);
        bytes[at] = (unsigned char)where;
        rig.altered_length++;
    } else if (what == 3 &&
               length >= 2 * (size_t)FORMAT_SEALED) { /* a segment in another's place */
        memcpy(bytes + where % 2 * FORMAT_SEALED, bytes + (where + 1) % 2 * FORMAT_SEALED,
               FORMAT_SEALED);
    } else if (what == 4 && length >= FORMAT_TRAILER) { /* the trailer, and its sum made right */
        unsigned char *trailer = bytes + length - FORMAT_TRAILER, sum[SHA256_DIGEST_LENGTH];
        trailer[where % AT_SUM] ^= (unsigned char)(1u << where / AT_SUM % 8);
        SHA256(trailer, AT_SUM, sum);
        memcpy(trailer + AT_SUM, sum, SUM);
    } else if (what == 5 && length > 0) {
        memmove(bytes + at, bytes + at + 1, length - at - 1);
        rig.altered_length--;
    }
}

static void read_some(struct mgw_call *call, void *reader, size_t where, bool advise)
{
    static unsigned char into[2 * FORMAT_SEGMENT];
    size_t offset = where % (LENGTH + 100), length = where / 7 % sizeof into + 1, got = 0;
    if (advise) {
        rig.filter->advise(call, reader, offset, length);
    }
    memset(into, 0xaa, length);
    enum mgw_status status = rig.filter->read(call, reader, offset, into, length, &got);
    PROMISE(got <= length);
    PROMISE(status == MGW_OK || status == MGW_CORRUPT || (status == MGW_RANGE && offset > LENGTH));
    PROMISE(status == MGW_OK || got == 0);
    PROMISE(got == 0 || (offset + got <= LENGTH && memcmp(into, rig.plain + offset, got) == 0));
    PROMISE(status != MGW_OK || got > 0 || offset == LENGTH);
}

static void judge(struct mgw_call *call, struct fuzz_rest rest, bool may_open)
{
    struct mgw_stat stat = {.size = sizeof stat};
    void *reader = NULL;
    put(call, rig.below.driver, rig.below.instance, rig.altered, rig.altered_length);
    enum mgw_status status = rig.filter->open(call, rig.instance, &blob, NULL, &reader, &stat);
    PROMISE(status == MGW_CORRUPT || status == MGW_DENIED || (status == MGW_OK && may_open));
    if (status != MGW_OK) {
        return;
    }
    PROMISE(stat.bytes == LENGTH);
    read_some(call, reader, 0, false);
    for (; rest.size >= 4; rest.data += 4, rest.size -= 4) {
        if (rest.data[0] % 8 >= 6) {
            size_t where = (size_t)rest.data[1] << 16 | (size_t)rest.data[2] << 8 | rest.data[3];
            read_some(call, reader, where, rest.data[0] % 8 == 7);
        }
    }
    rig.filter->close(reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mgw_call *call = mgw_call_new("acme", "fuzz", 0);
    PROMISE(call != NULL);
    if (!rig.store) {
        setup(call);
    }
    struct fuzz_rest rest = {data + 1, size ? size - 1 : 0};
    if (size == 0 || data[0] % 2 == 0) {
        rig.altered_length = rest.size < rig.sealed_length ? rest.size : rig.sealed_length;
        memcpy(rig.altered, data + (size > 0), rig.altered_length);
        judge(call, (struct fuzz_rest){NULL, 0}, false);
    } else {
        memcpy(rig.altered, rig.sealed, rig.sealed_length);
        rig.altered_length = rig.sealed_length;
        for (size_t i = 0; i + 4 <= rest.size; i += 4) {
            const uint8_t *step = rest.data + i;
            alter(step[0] % 8, (size_t)step[1] << 16 | (size_t)step[2] << 8 | step[3]);
        }
        judge(call, rest, true);
    }
    mgw_call_free(call);
    return 0;
}
