/* SPDX-License-Identifier: Apache-2.0
 *
 * See kit.h. */
#include "kit.h"

#include <dlfcn.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[64];
static char *paths[64];
static size_t path_count;

int kit_setup(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/sqlite-test-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *walk)
{
    (void)st, (void)type, (void)walk;
    return remove(path);
}

int kit_teardown(void **state)
{
    (void)state;
    bench_call();
    bench_forget_names();
    while (path_count > 0) {
        free(paths[--path_count]);
    }
    return nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

const char *kit_path(const char *name)
{
    size_t length = strlen(folder) + 1;
    for (size_t i = 0; i < path_count; i++) {
        if (strcmp(paths[i] + length, name) == 0) {
            return paths[i];
        }
    }
    assert_true(path_count < sizeof paths / sizeof paths[0]);
    assert_true(asprintf(&paths[path_count], "%s/%s", folder, name) > 0);
    return paths[path_count++];
}

const struct mgw_plugin *kit_load(const char *module)
{
    void *handle = dlopen(module, RTLD_NOW | RTLD_LOCAL);
    mgw_plugin_function *function;
    if (!handle) {
        fprintf(stderr, "%s\n", dlerror());
        exit(2);
    }
    *(void **)&function = dlsym(handle, MGW_PLUGIN_SYMBOL);
    return function();
}

const char *kit_migrate = "auto";

enum mgw_status kit_create(const struct mgw_plugin *plugin, const char *path, uint32_t flags,
                           void **instance)
{
    const struct mgw_repo_driver *driver = plugin->table;
    struct mgw_config_value values[] = {
        {.size = sizeof values[0], .key = "path", .type = MGW_CONFIG_PATH, .text = path},
        {.size = sizeof values[0],
         .key = "busy_timeout",
         .type = MGW_CONFIG_DURATION,
         .number = 20000},
        {.size = sizeof values[0], .key = "migrate", .type = MGW_CONFIG_ENUM, .text = kit_migrate},
    };
    struct mgw_config config = {.size = sizeof config,
                                .instance = "repository",
                                .flags = flags,
                                .stride = sizeof values[0],
                                .count = sizeof values / sizeof values[0],
                                .values = values};
    return driver->create(bench_call(), &config, &kit_host, instance);
}

void kit_open(const struct mgw_plugin *plugin, const char *path, uint32_t flags)
{
    bench.driver = plugin->table;
    assert_status(kit_create(plugin, path, flags, &bench.instance), MGW_OK);
}

void kit_close(void)
{
    bench.driver->destroy(bench.instance);
    bench.instance = NULL;
}

int kit_fork(int (*body)(void *), void *ctx)
{
    fflush(NULL);
    int pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        _exit(body(ctx));
    }
    return pid;
}

int kit_wait(int pid)
{
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

sqlite3 *kit_db(const char *path)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    return db;
}

int64_t kit_number(const char *path, const char *sql)
{
    sqlite3 *db = kit_db(path);
    sqlite3_stmt *statement;
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    int64_t number = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return number;
}

bool kit_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

int kit_mode(const char *path)
{
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    return (int)(st.st_mode & 07777);
}

uint64_t kit_sum(const char *path)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    uint64_t sum = 1469598103934665603u;
    for (int byte; (byte = fgetc(file)) != EOF;) {
        sum = (sum ^ (unsigned)byte) * 1099511628211u;
    }
    fclose(file);
    return sum;
}
