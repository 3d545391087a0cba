/* SPDX-License-Identifier: Apache-2.0
 *
 * See bench.h. */
#include "bench.h"

#include <dlfcn.h>
#include <ftw.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

struct bench bench;

/* ---- The host ---- */

static atomic_llong clock_offset;

static int64_t read_clock(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t host_wall_ms(void)
{
    return read_clock(CLOCK_REALTIME) + clock_offset;
}

static int64_t host_monotonic_ms(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

static void host_random(void *bytes, size_t length)
{
    if (getrandom(bytes, length, 0) != (ssize_t)length) {
        abort();
    }
}

MGW_PRINTF(3, 4)
static void host_log(const char *name, enum mgw_log_level level, const char *format, ...)
{
    if (level >= MGW_LOG_WARN) {
        va_list args;
        va_start(args, format);
        fprintf(stderr, "%s: ", name ? name : "-");
        vfprintf(stderr, format, args);
        fputc('\n', stderr);
        va_end(args);
    }
}

static const struct mgw_host host = {
    .size = sizeof host,
    .abi_major = MGW_ABI_MAJOR,
    .version = "conformance",
    .log = host_log,
    .random = host_random,
    .wall_ms = host_wall_ms,
    .monotonic_ms = host_monotonic_ms,
};

const struct mgw_host *bench_host(void)
{
    return &host;
}

void bench_set_clock_offset(int64_t ms)
{
    clock_offset = ms;
}

void bench_sleep(int64_t ms)
{
    nanosleep(
        &(struct timespec){.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000},
        NULL);
}

/* ---- Calls ---- */

struct own_call {
    struct mgw_call call;
    struct mgw_error error;
    bool cancelled;
    void *blocks[256];
    size_t count;
};
static _Thread_local struct own_call own;

static bool own_cancelled(const struct mgw_call *call)
{
    return ((const struct own_call *)(const void *)call)->cancelled;
}

static void *own_alloc(struct mgw_call *call, size_t bytes)
{
    struct own_call *at = (struct own_call *)(void *)call;
    assert_true(at->count < sizeof at->blocks / sizeof at->blocks[0]);
    return at->blocks[at->count++] = calloc(1, bytes ? bytes : 1);
}

struct mgw_call *bench_call(void)
{
    while (own.count > 0) {
        free(own.blocks[--own.count]);
    }
    own.error = (struct mgw_error){.size = sizeof own.error};
    own.cancelled = false;
    own.call = (struct mgw_call){.size = sizeof own.call,
                                 .request_id = "conformance",
                                 .account = "",
                                 .error = &own.error,
                                 .cancelled = own_cancelled,
                                 .alloc = own_alloc};
    return &own.call;
}

struct mgw_call *bench_call_timeout(int64_t ms)
{
    struct mgw_call *call = bench_call();
    call->deadline_ms = host_monotonic_ms() + ms;
    return call;
}

struct mgw_call *bench_call_cancelled(void)
{
    struct mgw_call *call = bench_call();
    own.cancelled = true;
    return call;
}

const char *bench_error(void)
{
    return own.error.text;
}

/* ---- The module and its configuration ---- */

static struct mgw_config_value values[32];
static size_t value_count;
static char folder[] = "/tmp/repo-conformance-XXXXXX";
static bool has_folder;

static char *read_line(const char *path)
{
    char *line = NULL;
    size_t size = 0;
    FILE *file = fopen(path, "re");
    if (!file) {
        fail_msg("%s cannot be read", path);
    }
    assert_true(getline(&line, &size, file) > 0);
    fclose(file);
    line[strcspn(line, "\n")] = '\0';
    return line;
}

/* The value's text with {tmp} replaced by a folder of this run, {run} by a name that no other has;
 * or, behind "@", the first line of a file. */
static char *expand(const char *text)
{
    static const char *const marks[] = {"{tmp}", "{run}"};
    if (text[0] == '@') {
        return read_line(text + 1);
    }
    const char *at = strstr(text, marks[0]), *with = folder;
    char *whole = NULL;
    if (at && !has_folder) {
        has_folder = mkdtemp(folder) != NULL;
        assert_true(has_folder);
    } else if (!at) {
        at = strstr(text, marks[1]);
        with = at ? bench_run() : with;
    }
    int length = at ? asprintf(&whole, "%.*s%s%s", (int)(at - text), text, with, at + 5)
                    : asprintf(&whole, "%s", text);
    assert_true(length >= 0);
    return whole;
}

/* A number with the units that config files know. */
static int64_t number_of(const char *text, uint32_t type)
{
    static const struct {
        const char *unit;
        int64_t factor;
    } units[] = {{"ms", 1},     {"s", 1000},      {"m", 60000}, {"h", 3600000},
                 {"KiB", 1024}, {"MiB", 1048576}, {"true", 1},  {"GiB", 1 << 30}};
    char *end;
    long long number = strtoll(text, &end, 10);
    if (type == MGW_CONFIG_BOOL) {
        return strcmp(text, "true") == 0;
    }
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (strcmp(end, units[i].unit) == 0) {
            return number * units[i].factor;
        }
    }
    return type == MGW_CONFIG_DURATION ? number * 1000 : number;
}

static void add_value(const struct mgw_config_key *key, const char *text)
{
    assert_true(value_count < sizeof values / sizeof values[0]);
    values[value_count++] = (struct mgw_config_value){
        .size = sizeof values[0],
        .key = key->key,
        .type = key->type,
        .text = expand(text),
        .number = number_of(text, key->type),
    };
}

static void configure(char **arguments, int count)
{
    for (size_t i = 0; i < bench.plugin->config_count; i++) {
        const struct mgw_config_key *key =
            (const void *)((const char *)bench.plugin->config + i * bench.plugin->config_stride);
        const char *text = key->fallback;
        for (int j = 0; j < count; j++) {
            size_t length = strlen(key->key);
            if (strncmp(arguments[j], key->key, length) == 0 && arguments[j][length] == '=') {
                text = arguments[j] + length + 1;
            }
        }
        if (text) {
            add_value(key, text);
        }
    }
}

static void *create(uint32_t flags)
{
    struct mgw_config config = {.size = sizeof config,
                                .instance = "repository",
                                .flags = flags,
                                .stride = sizeof values[0],
                                .count = value_count,
                                .values = values};
    void *instance = NULL;
    assert_status(bench.driver->create(bench_call(), &config, &host, &instance), MGW_OK);
    assert_non_null(instance);
    return instance;
}

void bench_open(const char *module, char **arguments, int count)
{
    void *handle = dlopen(module, RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        fail_msg("%s", dlerror());
    }
    mgw_plugin_function *function;
    *(void **)&function = dlsym(handle, MGW_PLUGIN_SYMBOL);
    assert_non_null(function);
    bench.plugin = function();
    assert_int_equal(bench.plugin->abi_major, MGW_ABI_MAJOR);
    assert_int_equal(bench.plugin->kind, MGW_KIND_REPOSITORY);
    bench.driver = bench.plugin->table;
    configure(arguments, count);
    bench.instance = create(MGW_CREATE_INIT);
    bench.limits = (struct mgw_repo_limits){.size = sizeof bench.limits};
    assert_status(bench.driver->describe(bench_call(), bench.instance, &bench.limits), MGW_OK);
}

void bench_reopen(void)
{
    bench.driver->destroy(bench.instance);
    bench.instance = create(0);
}

void *bench_second(void)
{
    return create(0);
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *walk)
{
    (void)st, (void)type, (void)walk;
    return remove(path);
}

void bench_close(void)
{
    bench.driver->destroy(bench.instance);
    for (size_t i = 0; i < value_count; i++) {
        free((char *)(uintptr_t)values[i].text);
    }
    bench_call();
    bench_forget_names();
    if (has_folder) {
        nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    }
}

/* ---- Names ---- */

static char *names[65536];
static atomic_size_t name_count;

static char run[24];

static void make_run(void)
{
    uint64_t random;
    host_random(&random, sizeof random);
    snprintf(run, sizeof run, "%llx", (unsigned long long)random | 1);
}

const char *bench_run(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_run);
    return run;
}

const char *bench_name(const char *what)
{
    static atomic_size_t number;
    size_t slot = name_count++;
    assert_true(slot < sizeof names / sizeof names[0]);
    assert_true(asprintf(&names[slot], "%s-%s-%05zu", what, bench_run(), number++) > 0);
    return names[slot];
}

void bench_forget_names(void)
{
    while (name_count > 0) {
        free(names[--name_count]);
    }
}
