/* SPDX-License-Identifier: Apache-2.0
 *
 * A plugin's object, checked by the plugin's own table of keys; also by tables that are not
 * sound. */
#include "tests/config/scratch.h"

#include "core/config/config.h"
#include "core/config/values.h"

#define KEY(name, type_, ...)                                                                      \
    {                                                                                              \
        .size = sizeof(struct mgw_config_key), .key = name, .type = type_, .help = "Help.",        \
        __VA_ARGS__                                                                                \
    }

static const struct mgw_config_key keys[] = {
    KEY("root", MGW_CONFIG_PATH, .flags = MGW_CONFIG_REQUIRED),
    KEY("token", MGW_CONFIG_SECRET, .flags = 0),
    KEY("retries", MGW_CONFIG_INT, .fallback = "3", .min = 0, .max = 10),
    KEY("part_size", MGW_CONFIG_SIZE, .fallback = "8MiB"),
    KEY("timeout", MGW_CONFIG_DURATION, .fallback = "1500ms"),
    KEY("verify", MGW_CONFIG_BOOL, .fallback = "true"),
    KEY("style", MGW_CONFIG_ENUM, .values = "path|virtual", .fallback = "path"),
    KEY("hosts", MGW_CONFIG_LIST, .fallback = "[\"a\", \"b\"]"),
    KEY("region", MGW_CONFIG_STRING, .flags = 0),
};
enum { KEYS = sizeof keys / sizeof keys[0] };
static const char *const ignore[] = {"driver", NULL};

static enum mgw_status values_of(const char *json, const struct config *config,
                                 struct config_values **values, struct mgw_error *error)
{
    json_t *object = json_loads(json, 0, NULL);
    assert_non_null(object);
    memset(error, 0, sizeof *error);
    error->size = sizeof *error;
    enum mgw_status status = config_values_new(config, object, "/storage", ignore, keys, KEYS,
                                               sizeof keys[0], values, error);
    json_decref(object);
    return status;
}

static void values_and_defaults_are_typed(void **state)
{
    struct config_values *values;
    struct mgw_error error;
    (void)state;
    assert_int_equal(values_of("{\"driver\": \"x\", \"root\": \"blobs\", \"retries\": 10}", NULL,
                               &values, &error),
                     MGW_OK);
    const struct mgw_config *table = config_values_table(values, "storage", MGW_CREATE_INIT);
    assert_string_equal(table->instance, "storage");
    assert_int_equal(table->flags, MGW_CREATE_INIT);
    assert_int_equal(table->count, 7); /* token and region are absent */
    assert_string_equal(mgw_config_get(table, "root")->text, "blobs");
    assert_int_equal(mgw_config_get(table, "retries")->number, 10);
    assert_int_equal(mgw_config_get(table, "part_size")->number, 8 << 20);
    assert_int_equal(mgw_config_get(table, "timeout")->number, 1500);
    assert_int_equal(mgw_config_get(table, "verify")->number, 1);
    assert_string_equal(mgw_config_get(table, "style")->text, "path");
    assert_int_equal(mgw_config_get(table, "hosts")->list_count, 2);
    assert_string_equal(mgw_config_get(table, "hosts")->list[1], "b");
    assert_null(mgw_config_get(table, "token"));
    assert_null(mgw_config_get(table, "driver"));
    config_values_free(values);
}

static void a_relative_path_starts_from_the_config(void **state)
{
    struct config_values *values;
    struct mgw_error error = {.size = sizeof error};
    struct config *config = NULL;
    char expected[128];
    (void)state;
    const char *path = scratch_write(
        "config.json",
        "{\"storage\": {\"driver\": \"x\", \"root\": \"blobs\"}, \"repository\": {\"driver\": "
        "\"x\"}, \"url_keys\": [{\"id\": \"1\", \"secret\": "
        "\"0123456789abcdef0123456789abcdef\"}]}",
        0600);
    assert_int_equal(config_load(path, &config, &error), MGW_OK);
    assert_int_equal(config_values_new(config, config->storage, "/storage", ignore, keys, KEYS,
                                       sizeof keys[0], &values, &error),
                     MGW_OK);
    snprintf(expected, sizeof expected, "%s/blobs", config->directory);
    assert_string_equal(mgw_config_get(config_values_table(values, "s", 0), "root")->text,
                        expected);
    config_values_free(values);
    config_free(config);
}

static void wrong_values_are_refused_by_key(void **state)
{
    static const struct {
        const char *json, *refusal;
    } cases[] = {
        {"{\"rot\": \"x\"}", "key \"storage.rot\": unknown key; did you mean \"root\"?"},
        {"{\"driver\": \"x\"}", "key \"storage.root\": missing: it is required (Help.)"},
        {"{\"root\": 5}", "key \"storage.root\": expected a path, got 5"},
        {"{\"root\": \"\"}", "key \"storage.root\": expected a path, got \"\""},
        {"{\"root\": \"x\", \"token\": 123456}",
         "key \"storage.token\": expected text, got a number"},
        {"{\"root\": \"x\", \"retries\": 11}", "key \"storage.retries\": expected 0 to 10, got 11"},
        {"{\"root\": \"x\", \"style\": \"pat\"}",
         "key \"storage.style\": expected one of path|virtual, got \"pat\""},
        {"{\"root\": \"x\", \"style\": \"path|virtual\"}",
         "key \"storage.style\": expected one of path|virtual, got \"path|virtual\""},
        {"{\"root\": \"x\", \"hosts\": {}}",
         "key \"storage.hosts\": expected a list of texts, got an object"},
        {"{\"root\": \"x\", \"verify\": null}",
         "key \"storage.verify\": expected true or false, got null"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct config_values *values = NULL;
        struct mgw_error error;
        assert_int_equal(values_of(cases[i].json, NULL, &values, &error), MGW_INVALID);
        assert_string_equal(error.text, cases[i].refusal);
        assert_null(values);
    }
}

static void a_table_of_an_older_or_newer_header_is_read(void **state)
{
    struct future_key {
        struct mgw_config_key key;
        const char *appended;
    };
    static const struct future_key future[] = {
        {KEY("a", MGW_CONFIG_INT, .fallback = "1"), "new"},
        {KEY("b", MGW_CONFIG_INT, .fallback = "2"), "new"},
    };
    struct config_values *values;
    struct mgw_error error = {.size = sizeof error};
    json_t *object = json_object();
    (void)state;
    assert_int_equal(config_values_new(NULL, object, "", NULL, &future[0].key, 2, sizeof future[0],
                                       &values, &error),
                     MGW_OK);
    assert_int_equal(mgw_config_get(config_values_table(values, "s", 0), "b")->number, 2);
    config_values_free(values);
    json_decref(object);
}

static void a_table_that_is_not_sound_is_named(void **state)
{
    static const struct {
        struct mgw_config_key key;
        const char *fault;
    } cases[] = {
        {KEY("a", 77, .flags = 0), "the key \"a\" of its config table has an unknown type"},
        {KEY("A b", MGW_CONFIG_INT, .flags = 0),
         "key 1 of its config table has no name of [a-z0-9_]+"},
        {KEY("driver", MGW_CONFIG_INT, .flags = 0),
         "key 1 of its config table has no name of [a-z0-9_]+"},
        {KEY(NULL, MGW_CONFIG_INT, .flags = 0),
         "key 1 of its config table has no name of [a-z0-9_]+"},
        {KEY("a", MGW_CONFIG_ENUM, .flags = 0),
         "the key \"a\" of its config table is an enum without values"},
        {KEY("a", MGW_CONFIG_INT, .fallback = "x"),
         "the key \"a\" of its config table has a default that is not of its type"},
        {KEY("a", MGW_CONFIG_INT, .fallback = "11", .max = 10),
         "the key \"a\" of its config table has a default that is not of its type"},
        {KEY("a", MGW_CONFIG_INT, .min = 2, .max = 1),
         "the key \"a\" of its config table has a minimum above its maximum"},
        {KEY("a", MGW_CONFIG_INT, .fallback = "1", .flags = MGW_CONFIG_REQUIRED),
         "the key \"a\" of its config table is required and has a default"},
        {{.size = sizeof(struct mgw_config_key), .key = "a", .type = MGW_CONFIG_INT},
         "the key \"a\" of its config table has no help"},
        {{.size = sizeof(size_t), .key = "a", .type = MGW_CONFIG_INT, .help = "Help."},
         "key 1 of its config table has no name of [a-z0-9_]+"},
    };
    static const struct mgw_config_key twice[] = {KEY("a", MGW_CONFIG_INT, .flags = 0),
                                                  KEY("a", MGW_CONFIG_BOOL, .flags = 0)};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *fault = values_table_fault(&cases[i].key, 1, sizeof cases[i].key);
        assert_non_null(fault);
        assert_string_equal(fault, cases[i].fault);
        free(fault);
    }
    char *fault = values_table_fault(twice, 2, sizeof twice[0]);
    assert_string_equal(fault, "the key \"a\" of its config table stands twice");
    free(fault);
    fault = values_table_fault(twice, 1, 8);
    assert_string_equal(fault, "its config table has 1 keys of 8 bytes");
    free(fault);
    fault = values_table_fault(NULL, 3, sizeof twice[0]);
    assert_non_null(fault);
    free(fault);
    assert_null(values_table_fault(NULL, 0, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_and_defaults_are_typed),
        cmocka_unit_test(a_relative_path_starts_from_the_config),
        cmocka_unit_test(wrong_values_are_refused_by_key),
        cmocka_unit_test(a_table_of_an_older_or_newer_header_is_read),
        cmocka_unit_test(a_table_that_is_not_sound_is_named),
    };
    return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
