/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/s3creds/bench.h"

#include "core/base/clock.h"
#include "core/plugin/call.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

extern char **environ;

static _Atomic int64_t passed_ms;
static _Atomic bool running;
static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;
static char log_text[65536];
static size_t log_length;
static _Atomic bool leaked;

MGW_PRINTF(3, 4)
static void host_log(const char *instance, enum mgw_log_level level, const char *format, ...)
{
    (void)instance;
    (void)level;
    va_list args;
    va_start(args, format);
    pthread_mutex_lock(&log_lock);
    size_t room = sizeof log_text - log_length - 2;
    int length = vsnprintf(log_text + log_length, room, format, args);
    log_length += (size_t)length < room ? (size_t)length : room - 1;
    log_text[log_length++] = '\n';
    log_text[log_length] = '\0';
    leaked = leaked || strstr(log_text, HUSH);
    pthread_mutex_unlock(&log_lock);
    va_end(args);
}

static int64_t host_wall_ms(void)
{
    return START_MS + passed_ms;
}

/* Stands still, so that no pause ends by itself on a slow machine. */
static int64_t host_monotonic_ms(void)
{
    return (running ? clock_mono_ms() : START_MS) + passed_ms;
}

const struct mgw_host bench_host = {.size = sizeof bench_host,
                                    .abi_major = MGW_ABI_MAJOR,
                                    .version = "test",
                                    .log = host_log,
                                    .wall_ms = host_wall_ms,
                                    .monotonic_ms = host_monotonic_ms};

void bench_run_clock(void)
{
    running = true;
}

void bench_pass(int64_t ms)
{
    passed_ms += ms;
}

unsigned int bench_logged(const char *text)
{
    unsigned int count = 0;
    pthread_mutex_lock(&log_lock);
    for (const char *at = log_text; (at = strstr(at, text)); at++) {
        count++;
    }
    pthread_mutex_unlock(&log_lock);
    return count;
}

void bench_env(const char *name, const char *value)
{
    assert_int_equal(value ? setenv(name, value, 1) : unsetenv(name), 0);
}

static void clear_environment(void)
{
    for (size_t i = 0; environ[i];) {
        if (strncmp(environ[i], "AWS_", 4) != 0) {
            i++;
            continue;
        }
        char name[256];
        snprintf(name, sizeof name, "%.*s", (int)strcspn(environ[i], "="), environ[i]);
        unsetenv(name);
    }
    unsetenv("http_proxy");
}

int bench_setup(void **state)
{
    struct bench *bench = calloc(1, sizeof *bench);
    assert_non_null(bench);
    clear_environment();
    bench_env("AWS_EC2_METADATA_DISABLED", "true");
    bench_env("AWS_METADATA_SERVICE_TIMEOUT", "60");
    bench->home = strdup("s3creds-XXXXXX");
    assert_non_null(mkdtemp(bench->home));
    bench_env("HOME", bench->home);
    bench->endpoint = endpoint_new();
    log_length = 0;
    log_text[0] = '\0';
    passed_ms = 0;
    running = false;
    ENDPOINT(bench->endpoint, bench->endpoint->expires_at_ms = START_MS + 60 * MINUTE_MS);
    *state = bench;
    return 0;
}

int bench_teardown(void **state)
{
    struct bench *bench = *state;
    creds_free(bench->creds);
    call_free(bench->call);
    endpoint_free(bench->endpoint);
    char command[256];
    snprintf(command, sizeof command, "rm -rf '%s'", bench->home);
    int status = system(command);
    free(bench->home);
    free(bench);
    if (leaked) {
        fprintf(stderr, "a secret was logged or told\n");
    }
    return status == 0 && !leaked ? 0 : -1;
}

const char *bench_file(struct bench *bench, const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof path, "%s/.aws", bench->home);
    mkdir(path, 0700);
    snprintf(path, sizeof path, "%s/%s", bench->home, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    fclose(file);
    if (!bench->call) {
        bench->call = call_new("", "test", 0);
        assert_non_null(bench->call);
    }
    return call_strdup(bench->call, path);
}

static void new_call(struct bench *bench)
{
    struct mgw_call *old = bench->call;
    bench->call = call_new("", "test", 0);
    assert_non_null(bench->call);
    call_free(old);
}

const char *bench_text(const struct bench *bench)
{
    leaked = leaked || strstr(bench->call->error->text, HUSH);
    return bench->call->error->text;
}

enum mgw_status bench_open(struct bench *bench, ...)
{
    struct mgw_config_value values[8];
    size_t count = 0;
    va_list args;
    va_start(args, bench);
    for (const char *key; (key = va_arg(args, const char *)); count++) {
        assert_true(count < COUNT(values));
        values[count] = (struct mgw_config_value){.size = sizeof *values,
                                                  .key = key,
                                                  .type = MGW_CONFIG_SECRET,
                                                  .text = va_arg(args, const char *)};
    }
    va_end(args);
    struct mgw_config config = {.size = sizeof config,
                                .instance = "storage",
                                .stride = sizeof *values,
                                .count = count,
                                .values = values};
    new_call(bench);
    creds_free(bench->creds);
    bench->creds = NULL;
    enum mgw_status status = creds_new(bench->call, &config, &bench_host, &bench->creds);
    bench_text(bench);
    return status;
}

enum mgw_status bench_get(struct bench *bench)
{
    new_call(bench);
    bench->got = (struct credential){0};
    enum mgw_status status = creds_get(bench->call, bench->creds, &bench->got);
    bench_text(bench);
    return status;
}
