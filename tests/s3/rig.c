/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/s3/rig.h"
#include "tests/s3/rig_config.h"

#include <openssl/sha.h>
#include <stdio.h>

static const struct mgw_plugin *plugin;

const char *kit_bucket(void)
{
    return RIG_BUCKET;
}

int rig_setup(void **state)
{
    (void)state;
    fault_start(NULL);
    return 0;
}

int rig_teardown(void **state)
{
    (void)state;
    if (instance) {
        driver->destroy(instance);
        instance = NULL;
    }
    kit_free_config();
    fault_stop();
    return 0;
}

static enum mgw_status create(struct mgw_call *call, char *const *arguments, int count)
{
    kit_free_config();
    kit_configure(plugin, arguments, count);
    kit_config.flags = 0;
    return driver->create(call, &kit_config, &kit_host, &instance);
}

enum mgw_status rig_try_open(struct mgw_call *call, ...)
{
    char *arguments[32];
    int count = 0;
    va_list more;
    va_start(more, call);
    for (char *at = va_arg(more, char *); at && count < 32; at = va_arg(more, char *)) {
        arguments[count++] = at;
    }
    va_end(more);
    return create(call, arguments, count);
}

void rig_open(const char *first, ...)
{
    AUTO_CALL struct mgw_call *call = kit_call_new();
    char endpoint[64];
    snprintf(endpoint, sizeof endpoint, "endpoint=http://127.0.0.1:%u", fault_port());
    char *arguments[32] = {endpoint,
                           (char[]){"region=us-east-1"},
                           (char[]){"path_style=path"},
                           (char[]){"retries=3"},
                           (char[]){"access_key=" RIG_KEY},
                           (char[]){"secret_key=" RIG_SECRET},
                           (char[]){"part_size=5MiB"},
                           (char[]){"spool_dir=."}};
    int count = 8;
    va_list more;
    va_start(more, first);
    for (const char *at = first; at && count < 32; at = va_arg(more, const char *)) {
        arguments[count++] = (char *)(uintptr_t)at;
    }
    va_end(more);
    assert_status(call, create(call, arguments, count), MGW_OK);
}

enum mgw_status rig_put(struct mgw_call *call, const char *key, const char *text)
{
    struct mgw_stat stat = {.size = sizeof stat};
    return try_put(call, RIG_BUCKET, key, NULL, text, strlen(text), &stat);
}

enum mgw_status rig_stat(struct mgw_call *call, const char *key, struct mgw_stat *stat)
{
    struct mgw_blob blob = blob_of(RIG_BUCKET, key);
    *stat = (struct mgw_stat){.size = sizeof *stat};
    return driver->stat(call, instance, &blob, stat);
}

static bool count_one(void *ctx, const struct mgw_list_entry *entry)
{
    (void)entry;
    ++*(int *)ctx;
    return true;
}

int rig_list(struct mgw_call *call)
{
    int count = 0;
    enum mgw_status status =
        driver->list(call, instance, RIG_BUCKET, "", "", 1000, count_one, &count);
    return status == MGW_OK ? count : -1 - (int)status;
}

void rig_assert_says(const struct mgw_call *call, const char *words, const char *file, int line)
{
    static const char *const secrets[] = {RIG_SECRET, "Signature=", "AWS4-HMAC", RIG_KEY};
    const char *text = call->error->text;
    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++) {
        if (strstr(text, secrets[i])) {
            print_error("a secret in: %s\n", text);
            _fail(file, line);
        }
    }
    if (!strstr(text, words)) {
        print_error("\"%s\" is not in: %s\n", words, text);
        _fail(file, line);
    }
}

void rig_assert_sent(const char *line, size_t n, const void *body, size_t length)
{
    unsigned char digest[SHA256_DIGEST_LENGTH];
    char hex[2 * SHA256_DIGEST_LENGTH + 1];
    const struct fault_request *request = fault_request(line, n);
    assert_non_null(request);
    assert_int_equal(request->length, length);
    assert_memory_equal(request->body, body, length);
    SHA256(body, length, digest);
    for (size_t i = 0; i < sizeof digest; i++) {
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    }
    const char *said = fault_header(request, "x-amz-content-sha256");
    assert_non_null(said);
    assert_string_equal(said, hex);
}

int64_t rig_now_ms(void)
{
    return kit_host.monotonic_ms();
}

int rig_main(int argc, char **argv, const struct CMUnitTest *tests, size_t count)
{
    plugin = argc == 2 ? kit_load(argv[1]) : NULL;
    if (!plugin) {
        fprintf(stderr, "usage: %s MODULE\n", argv[0]);
        return 2;
    }
    driver = plugin->table;
    return _cmocka_run_group_tests("s3", tests, count, NULL, NULL);
}
