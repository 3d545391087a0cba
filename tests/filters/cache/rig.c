/* SPDX-License-Identifier: Apache-2.0
 *
 * See rig.h. */
#include "tests/filters/cache/rig.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

struct rig rig;

int rig_setup(void **state)
{
    char path[160];
    if (bench_setup(state) != 0) {
        return -1;
    }
    snprintf(rig.cache, sizeof rig.cache, "%s/cache", bench.folder);
    snprintf(path, sizeof path, "%s/far", bench.folder);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (mkdir(rig.cache, 0700) != 0 || fd < 0 || ftruncate(fd, sizeof *rig.far) != 0) {
        return -1;
    }
    rig.far = mmap(NULL, sizeof *rig.far, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    bench_descriptor("fs", "storage", SHIPPED "/fs.so");
    bench_descriptor("cache", "filter", SHIPPED "/cache.so");
    bench_descriptor("encrypt", "filter", SHIPPED "/encrypt.so");
    bench_descriptor("far", "filter", MODULES "/far.so");
    bench_descriptor("passfilter", "filter", MODULES "/passfilter.so");
    return rig.far == MAP_FAILED ? -1 : 0;
}

int rig_teardown(void **state)
{
    munmap(rig.far, sizeof *rig.far);
    return bench_teardown(state);
}

static enum mgw_status open_stack(const char *filters, uint32_t flags, struct store **store)
{
    char text[1024];
    snprintf(text, sizeof text, "{\"driver\": \"fs\", \"root\": \"blobs\", \"filters\": [%s]}",
             filters);
    bench_open(text);
    return registry_open_storage(bench.registry, bench.config, flags, store, &bench.error);
}

struct store *rig_open(const char *filters)
{
    struct store *store = NULL;
    if (open_stack(filters, MGW_CREATE_INIT, &store) != MGW_OK) {
        fail_msg("%s", bench.error.text);
    }
    return store;
}

enum mgw_status rig_refused(const char *filters)
{
    struct store *store = NULL;
    store_free(rig_open("")); /* what is refused is not the store below */
    enum mgw_status status = open_stack(filters, 0, &store);
    assert_null(store);
    return status;
}

void rig_forget_counts(void)
{
    rig.far->opens = rig.far->stats = rig.far->reads = rig.far->bytes = 0;
}

void rig_fill(unsigned seed, uint64_t offset, unsigned char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        uint64_t at = (offset + i) / 8;
        uint64_t word = (at + 1) * 0x9e3779b97f4a7c15u + seed * 0xbf58476d1ce4e5b9u;
        word ^= word >> 29;
        bytes[i] = (unsigned char)(word >> (8 * ((offset + i) % 8)));
    }
}

static struct mgw_blob blob_of(const char *key)
{
    return (struct mgw_blob){.size = sizeof(struct mgw_blob), .bucket = "bucket", .key = key};
}

void rig_put(struct store *store, const char *key, unsigned seed, uint64_t bytes)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    const char *const metadata[] = {"id", key, NULL};
    struct mgw_put how = {.size = sizeof how, .content_type = "video/webm", .metadata = metadata};
    struct mgw_stat stat = {.size = sizeof stat};
    struct mgw_blob blob = blob_of(key);
    struct store_writer *writer = NULL;
    AUTO_FREE unsigned char *piece = malloc(MIB);
    assert_int_equal(store_put_begin(store, call, &blob, &how, &writer), MGW_OK);
    for (uint64_t at = 0; at < bytes;) {
        size_t length = bytes - at < MIB ? (size_t)(bytes - at) : MIB;
        rig_fill(seed, at, piece, length);
        assert_int_equal(store_put_write(writer, call, piece, length), MGW_OK);
        at += length;
    }
    assert_int_equal(store_put_commit(writer, call, &stat), MGW_OK);
}

struct store_reader *rig_reader(struct store *store, struct mgw_call *call, const char *key)
{
    struct mgw_stat stat = {.size = sizeof stat};
    struct mgw_blob blob = blob_of(key);
    struct store_reader *reader = NULL;
    if (store_open(store, call, &blob, NULL, &reader, &stat) != MGW_OK) {
        fail_msg("%s: %s", key, call_text(call));
    }
    assert_string_equal(stat.content_type, "video/webm");
    assert_string_equal(stat.metadata[0], "id");
    assert_string_equal(stat.metadata[1], key);
    assert_null(stat.metadata[2]);
    return reader;
}

enum mgw_status rig_read(struct store_reader *reader, struct mgw_call *call, unsigned seed,
                         uint64_t offset, uint64_t length, size_t step)
{
    AUTO_FREE unsigned char *bytes = malloc(step), *right = malloc(step);
    for (uint64_t done = 0; done < length;) {
        size_t got = 0, want = length - done < step ? (size_t)(length - done) : step;
        enum mgw_status status = store_read(reader, call, offset + done, bytes, want, &got);
        if (status != MGW_OK) {
            return status;
        }
        assert_true(got > 0);
        rig_fill(seed, offset + done, right, got);
        if (memcmp(bytes, right, got) != 0) {
            fail_msg("wrong bytes from %llu on", (unsigned long long)(offset + done));
        }
        done += got;
    }
    return MGW_OK;
}

void rig_check(struct store *store, const char *key, unsigned seed, uint64_t bytes)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    struct store_reader *reader = rig_reader(store, call, key);
    if (rig_read(reader, call, seed, 0, bytes, 100000) != MGW_OK) {
        fail_msg("%s: %s", key, call_text(call));
    }
    store_close(reader);
}

bool rig_is_local(struct store *store, const char *key, unsigned seed, uint64_t bytes)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    struct store_reader *reader = rig_reader(store, call, key);
    struct mgw_local_file file = {.size = sizeof file, .fd = -1};
    enum mgw_status status = store_descriptor(reader, call, &file);
    store_close(reader);
    if (status == MGW_UNSUPPORTED) {
        return false;
    }
    assert_int_equal(status, MGW_OK);
    AUTO_FREE unsigned char *found = malloc(bytes), *right = malloc(bytes);
    rig_fill(seed, 0, right, bytes);
    assert_int_equal(pread(file.fd, found, bytes, (off_t)file.offset), bytes);
    close(file.fd);
    assert_memory_equal(found, right, bytes);
    return true;
}

enum mgw_status rig_remove(struct store *store, const char *key)
{
    AUTO_CALL struct mgw_call *call = call_new("", NULL, 0);
    struct mgw_blob blob = blob_of(key);
    return store_remove(store, call, &blob);
}

static struct rig_files found;

static int look(const char *path, const struct stat *stat, int type, struct FTW *at)
{
    if (type == FTW_F && at->level == 2) {
        found.count++;
        found.bytes += (uint64_t)stat->st_blocks * 512;
        snprintf(found.path, sizeof found.path, "%s", path);
    }
    return 0;
}

struct rig_files rig_files(void)
{
    found = (struct rig_files){0};
    int dir = open(rig.cache, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(flock(dir, LOCK_SH), 0);
    assert_int_equal(nftw(rig.cache, look, 16, FTW_PHYS), 0);
    close(dir);
    return found;
}
