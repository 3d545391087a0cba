/* SPDX-License-Identifier: Apache-2.0
 *
 * Cursors of the fs driver's lists, in a real folder of a few blobs. The first byte is the page's
 * length; then lines: prefix, cursor. A cursor is refused, or the page behind it is a piece of the
 * whole list, without gap or repeat. */
#include "core/plugin/call.h"
#include "core/plugin/registry_inside.h"
#include "tests/fuzz/fuzz.h"

#include <ftw.h>

const struct mgw_plugin *mediagw_plugin(void);

enum { BLOBS = 12 };

struct page {
    char keys[BLOBS][MGW_KEY_MAX + 1];
    char cursors[BLOBS][256];
    size_t count;
};

static const struct mgw_storage_driver *driver;
static void *store;
static char folder[] = "/tmp/fuzz_fs_list.XXXXXX";
static struct page whole;

static int remove_one(const char *path, const struct stat *stat, int flag, struct FTW *at)
{
    (void)stat;
    (void)flag;
    (void)at;
    return remove(path);
}

static void teardown(void)
{
    driver->destroy(store);
    nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static bool keep(void *ctx, const struct mgw_list_entry *entry)
{
    struct page *page = ctx;
    PROMISE(page->count < BLOBS && strlen(entry->cursor) < sizeof page->cursors[0]);
    snprintf(page->keys[page->count], sizeof page->keys[0], "%s", entry->key);
    snprintf(page->cursors[page->count++], sizeof page->cursors[0], "%s", entry->cursor);
    return true;
}

static void put(struct mgw_call *call, const char *key)
{
    struct mgw_blob blob = {sizeof blob, "bucket", key};
    struct mgw_put how = {.size = sizeof how};
    struct mgw_stat stat = {.size = sizeof stat};
    void *writer;
    PROMISE(driver->put_begin(call, store, &blob, &how, &writer) == MGW_OK);
    PROMISE(driver->put_commit(call, writer, &stat) == MGW_OK);
}

static void setup(void)
{
    static const char *const keys[BLOBS - 2] = {"a",   "a/b", "a b", "..",       "A",
                                                "%41", "//",  "é",   "2026/1/x", "2026/1/y"};
    AUTO_CALL struct mgw_call *call = call_new("", "fuzz", 0);
    char other[MGW_KEY_MAX + 1];
    PROMISE(mkdtemp(folder));
    struct mgw_config_value values[5] = {
        {.size = sizeof values[0], .key = "root", .type = MGW_CONFIG_PATH, .text = folder},
        {.size = sizeof values[0], .key = "shared", .type = MGW_CONFIG_BOOL},
        {.size = sizeof values[0], .key = "tmpfile", .type = MGW_CONFIG_BOOL, .number = 1},
        {.size = sizeof values[0], .key = "xattr", .type = MGW_CONFIG_BOOL, .number = 0},
        {.size = sizeof values[0], .key = "openat2", .type = MGW_CONFIG_BOOL, .number = 1}};
    struct mgw_config config = {.size = sizeof config,
                                .instance = "storage",
                                .flags = MGW_CREATE_INIT,
                                .stride = sizeof values[0],
                                .count = 5,
                                .values = values};
    driver = mediagw_plugin()->table;
    if (driver->create(call, &config, &host_table, &store) != MGW_OK) {
        fprintf(stderr, "%s\n", call_text(call));
        abort();
    }
    atexit(teardown);
    for (size_t i = 0; i < BLOBS - 2; i++) {
        put(call, keys[i]);
    }
    for (char c = 'x'; c <= 'y'; c++) { /* too long for a file name */
        memset(other, c, MGW_KEY_MAX);
        other[MGW_KEY_MAX] = '\0';
        put(call, other);
    }
    PROMISE(driver->list(call, store, "bucket", "", "", 1000, keep, &whole) == MGW_OK);
    PROMISE(whole.count == BLOBS);
}

static size_t place(const char *key)
{
    size_t i = 0;
    while (strcmp(whole.keys[i], key) != 0) {
        PROMISE(++i < BLOBS);
    }
    return i;
}

/* PAGE is what stands in the whole list from the first entry behind CURSOR on. */
static void promise_piece(const struct page *page, const char *prefix, const char *cursor,
                          uint32_t limit)
{
    size_t at = 0, found = 0;
    while (at < BLOBS && *cursor && strcmp(whole.cursors[at], cursor) <= 0) {
        at++;
    }
    for (; at < BLOBS && found < limit; at++) {
        if (strncmp(whole.keys[at], prefix, strlen(prefix)) == 0) {
            PROMISE(found < page->count && place(page->keys[found]) == at);
            found++;
        }
    }
    PROMISE(found == page->count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!store) {
        setup();
    }
    if (size == 0) {
        return 0;
    }
    struct fuzz_rest rest = {data + 1, size - 1};
    AUTO_FREE char *prefix = fuzz_line(&rest), *cursor = fuzz_line(&rest);
    AUTO_CALL struct mgw_call *call = call_new("", "fuzz", 0);
    struct page page = {.count = 0};
    uint32_t limit = data[0] ? data[0] : 1;
    enum mgw_status status =
        driver->list(call, store, "bucket", prefix, cursor, limit, keep, &page);
    PROMISE(status == MGW_OK || (status == MGW_INVALID && page.count == 0));
    if (status == MGW_OK) {
        promise_piece(&page, prefix, cursor, limit);
    }
    return 0;
}
