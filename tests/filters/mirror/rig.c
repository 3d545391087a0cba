/* SPDX-License-Identifier: Apache-2.0
 *
 * See rig.h. */
#include "tests/filters/mirror/rig.h"

#include "tests/support/scratch.h"

#include "core/config/config.h"

#include <errno.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

struct rig rig;

enum { OPEN_MAX = 16 };
static struct {
    struct config *config;
    struct registry *registry;
    struct store *store;
} opened[OPEN_MAX];

static void write_file(const char *name, const char *text)
{
    char path[160];
    snprintf(path, sizeof path, "%s/%s", rig.folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, 0600), 0);
}

static void descriptor(const char *name, const char *kind, const char *module)
{
    char file[64], text[512];
    snprintf(file, sizeof file, "plugins.d/%s.json", name);
    snprintf(text, sizeof text, "{\"name\": \"%s\", \"kind\": \"%s\", \"module\": \"%s\"}", name,
             kind, module);
    write_file(file, text);
}

int rig_setup(void **state)
{
    char path[96];
    (void)state;
    memset(&rig, 0, sizeof rig);
    strcpy(rig.folder, "/tmp/mediagw-mirror-XXXXXX");
    umask(022);
    assert_non_null(mkdtemp(rig.folder));
    snprintf(path, sizeof path, "%s/plugins.d", rig.folder);
    assert_int_equal(mkdir(path, 0755), 0);
    setenv("MEDIAGW_PLUGIN_PATH", path, 1);
    descriptor("fs", "storage", SHIPPED "/fs.so");
    descriptor("mirror", "filter", SHIPPED "/mirror.so");
    descriptor("memstore", "storage", MODULES "/memstore.so");
    descriptor("memrepo", "repository", MODULES "/memrepo.so");
    descriptor("switchable", "filter", MODULES "/switchable.so");
    rig.call = call_new("", NULL, 0);
    return rig.call ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st, (void)type, (void)at;
    return remove(path);
}

static void close_one(size_t i)
{
    store_free(opened[i].store);
    registry_free(opened[i].registry);
    config_free(opened[i].config);
    memset(&opened[i], 0, sizeof opened[i]);
}

int rig_teardown(void **state)
{
    (void)state;
    for (size_t i = 0; i < OPEN_MAX; i++) {
        close_one(i);
    }
    call_free(rig.call);
    return nftw(rig.folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

enum mgw_status rig_try_storage(const char *storage, uint32_t flags, struct store **store)
{
    char text[4096] = "{\"storage\": ", path[96];
    size_t i = 0;
    for (const char *at = storage, *mark; *at; at = mark) {
        size_t used = strlen(text);
        mark = strstr(at, "{folder}");
        mark = mark ? mark : at + strlen(at);
        snprintf(text + used, sizeof text - used, "%.*s%s", (int)(mark - at), at,
                 *mark ? rig.folder : "");
        mark += *mark ? strlen("{folder}") : 0;
    }
    strcat(text, ", \"repository\": {\"driver\": \"memrepo\"}, \"url_keys\": [{\"id\": \"1\", "
                 "\"secret\": \"0123456789abcdef0123456789abcdef\"}]}");
    write_file("config.json", text);
    while (i < OPEN_MAX && opened[i].registry) {
        i++;
    }
    assert_true(i < OPEN_MAX);
    rig.error = (struct mgw_error){.size = sizeof rig.error};
    snprintf(path, sizeof path, "%s/config.json", rig.folder);
    if (config_load(path, &opened[i].config, &rig.error) != MGW_OK ||
        registry_new(opened[i].config, &opened[i].registry, &rig.error) != MGW_OK) {
        fail_msg("%s", rig.error.text);
    }
    enum mgw_status status = registry_open_storage(opened[i].registry, opened[i].config, flags,
                                                   &opened[i].store, &rig.error);
    *store = opened[i].store;
    if (status != MGW_OK) {
        close_one(i);
    }
    return status;
}

enum mgw_status rig_try_open(const char *more, uint32_t flags)
{
    char text[2048];
    snprintf(text, sizeof text,
             "{\"driver\": \"fs\", \"root\": \"{folder}/a\", \"filters\": [{\"filter\": "
             "\"mirror\", \"retry\": \"100ms\", \"walk_every\": \"1s\", \"second\": {\"driver\": "
             "\"fs\", \"root\": \"{folder}/b\", \"filters\": [{\"filter\": \"switchable\", "
             "\"file\": \"{folder}/second\"}]}%s}, {\"filter\": \"switchable\", \"file\": "
             "\"{folder}/first\"}]}",
             more);
    return rig_try_storage(text, flags, &rig.mirror);
}

void rig_open(const char *more)
{
    if (rig_try_open(more, MGW_CREATE_INIT) != MGW_OK) {
        fail_msg("%s", rig.error.text);
    }
    rig_open_sides();
}

void rig_open_sides(void)
{
    assert_ok(rig_try_storage("{\"driver\": \"fs\", \"root\": \"{folder}/a\"}", MGW_CREATE_INIT,
                              &rig.side[FIRST]));
    assert_ok(rig_try_storage("{\"driver\": \"fs\", \"root\": \"{folder}/b\"}", MGW_CREATE_INIT,
                              &rig.side[SECOND]));
}

void rig_close(void)
{
    for (size_t i = 0; i < OPEN_MAX; i++) {
        close_one(i);
    }
    rig.mirror = rig.side[FIRST] = rig.side[SECOND] = NULL;
}

void rig_empty(int which)
{
    char path[96];
    snprintf(path, sizeof path, "%s/%s", rig.folder, which ? "b" : "a");
    assert_int_equal(nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

void rig_switch(int which, const char *lines)
{
    char path[96];
    if (lines) {
        write_file("switch.new", lines); /* whole or not at all, for who reads it just now */
        char from[96];
        snprintf(from, sizeof from, "%s/switch.new", rig.folder);
        snprintf(path, sizeof path, "%s/%s", rig.folder, which ? "second" : "first");
        assert_int_equal(rename(from, path), 0);
    } else {
        snprintf(path, sizeof path, "%s/%s", rig.folder, which ? "second" : "first");
        assert_true(unlink(path) == 0 || errno == ENOENT);
    }
}

static void mark_of(char path[160], int which, const char *verb)
{
    snprintf(path, 160, "%s/%s.%s", rig.folder, which ? "second" : "first", verb);
}

void rig_hold(int which, const char *verb)
{
    char line[64], path[160];
    mark_of(path, which, verb);
    assert_true(unlink(path) == 0 || errno == ENOENT);
    snprintf(line, sizeof line, "%s hold\n", verb);
    rig_switch(which, line);
}

static bool is_there(void *ctx)
{
    return access(ctx, F_OK) == 0;
}

void rig_held(int which, const char *verb)
{
    char path[160];
    mark_of(path, which, verb);
    assert_true(wait_for(is_there, path, 60000));
}

void rig_deadline(int64_t ms)
{
    call_free(rig.call);
    rig.call = call_new("", NULL, ms);
    assert_non_null(rig.call);
}

struct mgw_blob rig_blob(const char *key)
{
    return (struct mgw_blob){.size = sizeof(struct mgw_blob), .bucket = BUCKET, .key = key};
}

enum mgw_status rig_put_open(struct store *store, const char *key, const char *text, uint32_t flags,
                             struct store_writer **writer)
{
    static const char *const metadata[] = {"id", "7", NULL};
    struct mgw_blob blob = rig_blob(key);
    struct mgw_put how = {
        .size = sizeof how, .flags = flags, .content_type = "video/webm", .metadata = metadata};
    *writer = NULL;
    enum mgw_status status = store_put_begin(store, rig.call, &blob, &how, writer);
    if (status != MGW_OK) {
        return status;
    }
    status = store_put_write(*writer, rig.call, text, strlen(text));
    return status == MGW_OK ? store_put_prepare(*writer, rig.call) : status;
}

enum mgw_status rig_put(struct store *store, const char *key, const char *text)
{
    struct store_writer *writer;
    struct mgw_stat stat = {.size = sizeof stat};
    bool conditional = store_limits(store)->capabilities & MGW_STORAGE_IF_ABSENT;
    enum mgw_status status =
        rig_put_open(store, key, text, conditional ? MGW_PUT_IF_ABSENT : 0, &writer);
    if (status == MGW_OK) {
        status = store_put_commit(writer, rig.call, &stat);
    }
    if (status != MGW_OK && writer) {
        store_put_abort(writer, rig.call);
    }
    return status;
}

const char *rig_get(struct store *store, const char *key, enum mgw_status *status)
{
    static char bytes[4096];
    struct mgw_blob blob = rig_blob(key);
    struct mgw_stat stat = {.size = sizeof stat};
    struct store_reader *reader = NULL;
    size_t length = 0, got = 1;
    *status = store_open(store, rig.call, &blob, NULL, &reader, &stat);
    while (*status == MGW_OK && got && length < sizeof bytes - 1) {
        *status =
            store_read(reader, rig.call, length, bytes + length, sizeof bytes - 1 - length, &got);
        length += got;
    }
    store_close(reader);
    bytes[length] = '\0';
    return *status == MGW_OK ? bytes : NULL;
}

enum mgw_status rig_remove(struct store *store, const char *key)
{
    struct mgw_blob blob = rig_blob(key);
    return store_remove(store, rig.call, &blob);
}

void rig_assert_status(enum mgw_status is, enum mgw_status expected, const char *file, int line)
{
    if (is != expected) {
        print_error("%s, not %s: %s\n", status_name(is), status_name(expected),
                    call_text(rig.call));
        _fail(file, line);
    }
}

void rig_assert_text(struct store *store, const char *key, const char *text, const char *file,
                     int line)
{
    enum mgw_status status;
    const char *is = rig_get(store, key, &status);
    rig_assert_status(status, text ? MGW_OK : MGW_NOT_FOUND, file, line);
    if (text && strcmp(is, text) != 0) {
        print_error("\"%s\", not \"%s\"\n", is, text);
        _fail(file, line);
    }
}

void rig_assert_soon(struct store *store, const char *key, const char *text, const char *file,
                     int line)
{
    for (int64_t until = wait_now_ms() + 60000; wait_now_ms() < until; wait_ms(10)) {
        enum mgw_status status;
        const char *is = rig_get(store, key, &status);
        if (text ? is && strcmp(is, text) == 0 : status == MGW_NOT_FOUND) {
            return;
        }
    }
    rig_assert_text(store, key, text, file, line);
}

struct keys {
    char text[8192], cursor[2049];
    uint32_t count;
};

static bool add_key(void *ctx, const struct mgw_list_entry *entry)
{
    struct keys *keys = ctx;
    size_t used = strlen(keys->text);
    snprintf(keys->text + used, sizeof keys->text - used, "%s ", entry->key);
    snprintf(keys->cursor, sizeof keys->cursor, "%s", entry->cursor);
    keys->count++;
    return true;
}

const char *rig_list(struct store *store, uint32_t limit)
{
    static struct keys keys;
    memset(&keys, 0, sizeof keys);
    do {
        char cursor[2049];
        memcpy(cursor, keys.cursor, sizeof cursor);
        keys.count = 0;
        assert_ok(store_list(store, rig.call, BUCKET, "", cursor, limit, add_key, &keys));
    } while (keys.count == limit);
    return keys.text;
}
