/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/house/kit.h"

#include "tests/support/objects.h"

#include <fcntl.h>
#include <ftw.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *const chosen[] = {"MEDIAGW_TEST_STORAGE", "MEDIAGW_TEST_REPOSITORY"};
enum { CHOSEN = sizeof chosen / sizeof chosen[0] };

struct gateway *kit_source(const char *overlay)
{
    char *values[CHOSEN];
    for (size_t i = 0; i < CHOSEN; i++) {
        values[i] = getenv(chosen[i]) ? strdup(getenv(chosen[i])) : NULL;
        unsetenv(chosen[i]);
    }
    struct gateway *gateway = gateway_new(overlay);
    for (size_t i = 0; i < CHOSEN; i++) {
        if (values[i]) {
            setenv(chosen[i], values[i], 1);
        }
        free(values[i]);
    }
    return gateway;
}

struct server *kit_target(void)
{
    return server_new(NULL);
}

void kit_fill(struct gateway *gateway, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t length = i % 50 == 49 ? 1000000 + i : 1 + i * 7919 % 40000;
        char *query = keep_text("?sessionId=fill&takeIndex=%zu", i);
        struct http_answer *answer =
            api_post_raw(gateway->client, query, API_VIDEO, body_random(i, length), NULL);
        api_expect(answer, 201);
        if (i % 100 == 0) {
            keep_release();
        }
    }
}

json_t *kit_json(struct run run, int status)
{
    json_error_t error;
    json_t *json = json_loads(run.out, 0, &error);
    if (run.status != status || !json) {
        fail_msg("exit %d, not %d: %s%s", run.status, status, run.out, run.err);
    }
    return keep_json(json);
}

json_int_t kit_number(const json_t *json, const char *name)
{
    const json_t *number = json_object_get(json, name);
    if (!json_is_integer(number)) {
        fail_msg("no number \"%s\"", name);
    }
    return json_integer_value(number);
}

json_int_t kit_problems(const json_t *json, const char *problem)
{
    return kit_number(json_object_get(json, "problems"), problem);
}

void kit_finds_one(const json_t *report, const char *problem, const char *key)
{
    const json_t *found = json_object_get(report, "found");
    if (json_array_size(found) != 1 || kit_problems(report, problem) != 1) {
        fail_msg("%s", keep(json_dumps(report, JSON_INDENT(1))));
    }
    const json_t *one = json_array_get(found, 0);
    assert_string_equal(json_string_value(json_object_get(one, "problem")), problem);
    if (key) {
        assert_string_equal(json_string_value(json_object_get(one, "key")), key);
    }
}

/* ---- Files ---- */

static const char *wanted_key;
static char *found_path;

/* As the fs driver escapes names. */
static void decode(const char *name, char *out)
{
    for (; *name; name++) {
        unsigned byte = (unsigned char)*name;
        if (*name == '%' && sscanf(name, "%%%2x", &byte) == 1) {
            name += 2;
        }
        *out++ = (char)byte;
    }
    *out = '\0';
}

static int visit(const char *path, const struct stat *info, int type, struct FTW *walk)
{
    char key[1024];
    (void)info;
    if (type == FTW_F && strlen(path + walk->base) < sizeof key) {
        decode(path + walk->base, key);
        if (strcmp(key, wanted_key) == 0) {
            found_path = strdup(path);
            return 1;
        }
    }
    return 0;
}

char *kit_blob(const struct server *server, const char *key)
{
    wanted_key = key;
    found_path = NULL;
    nftw(server->blobs, visit, 16, FTW_PHYS);
    if (!found_path) {
        fail_msg("no file of %s below %s", key, server->blobs);
    }
    return keep(found_path);
}

char *kit_some_blob(const struct server *server, const char **key)
{
    *key = kit_sql_text(server, "SELECT key FROM rows WHERE status = 2 AND size_bytes > 1000 "
                                "ORDER BY id LIMIT 1");
    return kit_blob(server, *key);
}

/* ---- Bytes, in whatever store ---- */

struct kit_bytes kit_bytes(const struct server *server, const char *key)
{
    struct kit_bytes bytes = {.server = server};
    if (!server_is_s3(server)) {
        bytes.place = kit_blob(server, key);
        bytes.bytes = scratch_read(bytes.place, &bytes.length);
    } else {
        bytes.place = keep_text("media-recordings/%s", key);
        bytes.bytes = objects_read(server_storage(server), bytes.place, &bytes.length);
    }
    return bytes;
}

void kit_write(const struct kit_bytes *bytes)
{
    if (server_is_s3(bytes->server)) {
        objects_write(server_storage(bytes->server), bytes->place, bytes->bytes, bytes->length);
        return;
    }
    int fd = open(bytes->place, O_WRONLY | O_CLOEXEC);
    assert_int_equal(pwrite(fd, bytes->bytes, bytes->length, 0), bytes->length);
    close(fd);
}

void kit_remove(const struct kit_bytes *bytes)
{
    if (server_is_s3(bytes->server)) {
        objects_remove(server_storage(bytes->server), bytes->place);
    } else {
        assert_int_equal(unlink(bytes->place), 0);
    }
}

/* ---- Rows ---- */

static sqlite3 *open_database(const struct server *server)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open_v2(server->database, &db, SQLITE_OPEN_READWRITE, NULL),
                     SQLITE_OK);
    sqlite3_busy_timeout(db, 30000);
    return db;
}

void kit_sql(const struct server *server, const char *format, ...)
{
    va_list args;
    char *error = NULL;
    va_start(args, format);
    char *sql = NULL;
    assert_true(vasprintf(&sql, format, args) > 0);
    va_end(args);
    sqlite3 *db = open_database(server);
    if (sqlite3_exec(db, sql, NULL, NULL, &error) != SQLITE_OK) {
        fail_msg("%s: %s", sql, error);
    }
    free(sql);
    sqlite3_close(db);
}

char *kit_sql_text(const struct server *server, const char *sql)
{
    sqlite3 *db = open_database(server);
    sqlite3_stmt *statement = NULL;
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    char *text = keep_text("%s", (const char *)sqlite3_column_text(statement, 0));
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return text;
}
