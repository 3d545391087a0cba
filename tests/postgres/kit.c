/* SPDX-License-Identifier: Apache-2.0
 *
 * See kit.h. */
#include "kit.h"

#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *folder = "postgresql";
static char schema[64];
static char *kept[64];
static size_t kept_count;

void kit_server(const char *name)
{
    folder = name;
}

static char *keep(char *text)
{
    assert_non_null(text);
    assert_true(kept_count < sizeof kept / sizeof kept[0]);
    return kept[kept_count++] = text;
}

/* ---- The host ---- */

static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;
static char log_text[1 << 16];
static size_t log_length;

MGW_PRINTF(3, 4)
static void keep_log(const char *name, enum mgw_log_level level, const char *format, ...)
{
    (void)name, (void)level;
    va_list args;
    va_start(args, format);
    pthread_mutex_lock(&log_lock);
    size_t room = sizeof log_text - log_length;
    int length = vsnprintf(log_text + log_length, room, format, args);
    log_length += (size_t)length < room ? (size_t)length : room - 1;
    if (log_length + 1 < sizeof log_text) {
        log_text[log_length++] = '\n';
        log_text[log_length] = '\0';
    }
    pthread_mutex_unlock(&log_lock);
    va_end(args);
}

const char *kit_log(void)
{
    return log_text;
}

static const struct mgw_host *host(void)
{
    static struct mgw_host own;
    if (own.size == 0) {
        own = *&kit_host;
        own.log = keep_log;
    }
    return &own;
}

/* ---- Instances ---- */

const struct mgw_plugin *kit_load(const char *module)
{
    void *handle = dlopen(module, RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        fprintf(stderr, "%s\n", dlerror());
        exit(1);
    }
    mgw_plugin_function *function;
    *(void **)&function = dlsym(handle, MGW_PLUGIN_SYMBOL);
    const struct mgw_plugin *plugin = function();
    bench.driver = plugin->table;
    return plugin;
}

static int64_t or_else(int64_t given, int64_t fallback)
{
    return given ? given : fallback;
}

enum mgw_status kit_create(const struct mgw_plugin *plugin, const struct kit_config *given,
                           void **instance)
{
    char *conninfo = NULL;
    assert_true(asprintf(&conninfo, "%s %s", given->whole ? given->whole : kit_line("conninfo"),
                         given->conninfo ? given->conninfo : "") >= 0);
#define TEXT(name, value)                                                                          \
    {                                                                                              \
        .size = sizeof(struct mgw_config_value), .key = (name), .text = (value)                    \
    }
#define NUMBER(name, value)                                                                        \
    {                                                                                              \
        .size = sizeof(struct mgw_config_value), .key = (name), .number = (value)                  \
    }
    const struct mgw_config_value values[] = {
        TEXT("conninfo", conninfo),
        TEXT("schema", given->schema ? given->schema : schema),
        TEXT("migrate", given->migrate ? given->migrate : "auto"),
        TEXT("prepare", "auto"),
        NUMBER("pool_size", or_else(given->pool_size, 4)),
        NUMBER("connect_timeout", or_else(given->connect_ms, 5000)),
        NUMBER("statement_timeout", or_else(given->statement_ms, 30000)),
        NUMBER("patience", or_else(given->patience_ms, 3000)),
    };
    struct mgw_config config = {.size = sizeof config,
                                .instance = "repository",
                                .flags = given->flags,
                                .stride = sizeof values[0],
                                .count = sizeof values / sizeof values[0],
                                .values = values};
    *instance = NULL;
    const struct mgw_repo_driver *driver = plugin->table;
    enum mgw_status status = driver->create(bench_call(), &config, host(), instance);
    free(conninfo);
    return status;
}

void kit_open(const struct mgw_plugin *plugin, const struct kit_config *config)
{
    struct kit_config init = *config;
    init.flags |= MGW_CREATE_INIT;
    bench.driver = plugin->table;
    assert_status(kit_create(plugin, &init, &bench.instance), MGW_OK);
}

void kit_close(void)
{
    if (bench.instance) {
        bench.driver->destroy(bench.instance);
        bench.instance = NULL;
    }
}

int kit_setup(void **state)
{
    static unsigned count;
    (void)state;
    log_length = 0;
    log_text[0] = '\0';
    snprintf(schema, sizeof schema, "kit_%s_%d_%u", bench_run(), (int)getpid(), count++);
    return 0;
}

const char *kit_schema(void)
{
    return schema;
}

int kit_teardown(void **state)
{
    (void)state;
    char sql[128];
    kit_close();
    snprintf(sql, sizeof sql, "DROP SCHEMA IF EXISTS \"%s\" CASCADE", schema);
    kit_run(sql);
    bench_call();
    bench_forget_names();
    while (kept_count > 0) {
        free(kept[--kept_count]);
    }
    return 0;
}

/* ---- The server ---- */

const char *kit_line(const char *name)
{
    char path[256], *line = NULL;
    size_t size = 0;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "re");
    if (!file || getline(&line, &size, file) <= 0) {
        fail_msg("%s: cannot be read", path);
    }
    fclose(file);
    line[strcspn(line, "\n")] = '\0';
    return keep(line);
}

int kit_port(void)
{
    return atoi(kit_line("port"));
}

static void no_notice(void *ctx, const char *message)
{
    (void)ctx, (void)message;
}

static PGresult *ask(const char *sql, PGconn **conn)
{
    char conninfo[512];
    snprintf(conninfo, sizeof conninfo, "%s dbname=mediagw", kit_line("conninfo.admin"));
    *conn = PQconnectdb(conninfo);
    PQsetNoticeProcessor(*conn, no_notice, NULL);
    PGresult *result = PQexec(*conn, sql);
    if (PQresultStatus(result) != PGRES_COMMAND_OK && PQresultStatus(result) != PGRES_TUPLES_OK) {
        fail_msg("%s: %s", sql, PQerrorMessage(*conn));
    }
    return result;
}

void kit_run(const char *sql)
{
    PGconn *conn;
    PQclear(ask(sql, &conn));
    PQfinish(conn);
}

long kit_number(const char *sql)
{
    PGconn *conn;
    PGresult *result = ask(sql, &conn);
    assert_int_equal(PQntuples(result), 1);
    long number = atol(PQgetvalue(result, 0, 0));
    PQclear(result);
    PQfinish(conn);
    return number;
}

/* ---- Processes ---- */

int kit_fork(int (*body)(void *), void *ctx)
{
    int pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        _exit(body(ctx));
    }
    assert_true(pid > 0);
    return pid;
}

int kit_wait(int pid)
{
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int control(void *ctx)
{
    const char *const *words = ctx;
    execl(POSTGRES_SERVER, POSTGRES_SERVER, words[0], folder, words[1], (char *)NULL);
    return 127;
}

void kit_control(const char *verb, const char *more)
{
    const char *words[] = {verb, more};
    assert_int_equal(kit_wait(kit_fork(control, words)), 0);
}
