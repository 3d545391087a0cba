/* SPDX-License-Identifier: Apache-2.0
 *
 * What `config schema` and `config show` say, held to the table of keys. */
#include "tests/config/scratch.h"

#include "core/config/config.h"
#include "core/config/schema.h"
#include "core/config/value.h"

/* The schema's object for the keys of SECTION ("auth.jwt[]"), borrowed. */
static json_t *section_of(json_t *schema, const char *section)
{
    char copy[128];
    snprintf(copy, sizeof copy, "%s", section);
    for (char *word = strtok(copy, "."); word; word = strtok(NULL, ".")) {
        size_t length = strlen(word);
        bool list = length > 2 && strcmp(word + length - 2, "[]") == 0;
        if (list) {
            word[length - 2] = '\0';
        }
        schema = json_object_get(json_object_get(schema, "properties"), word);
        schema = list ? json_object_get(schema, "items") : schema;
    }
    return schema;
}

static void every_key_of_the_table_is_in_the_schema(void **state)
{
    (void)state;
    json_t *schema = config_schema();
    assert_string_equal(json_string_value(json_object_get(schema, "$schema")),
                        "https://json-schema.org/draft/2020-12/schema");
    for (size_t i = 0; i < schema_count; i++) {
        const struct schema_key *key = &schema_keys[i];
        json_t *section = section_of(schema, key->section);
        json_t *found = json_object_get(json_object_get(section, "properties"), key->key);
        if (!found) {
            fail_msg("%s.%s is not in the schema", key->section, key->key);
        }
        assert_true(json_is_false(json_object_get(section, "additionalProperties")));
        assert_string_equal(json_string_value(json_object_get(found, "description")), key->help);
        json_t *fallback = key->fallback ? value_fallback(key->type, key->fallback) : NULL;
        assert_true(!fallback ? !json_object_get(found, "default")
                              : json_equal(json_object_get(found, "default"), fallback));
        json_decref(fallback);
        json_t *required = json_object_get(section, "required"), *name;
        size_t j;
        bool is_required = false;
        json_array_foreach(required, j, name)
        {
            is_required = is_required || strcmp(json_string_value(name), key->key) == 0;
        }
        assert_int_equal(is_required, (key->flags & SCHEMA_REQUIRED) != 0);
    }
    json_decref(schema);
}

/* Walks what the schema knows, and asks the reader itself about each key. */
static size_t count_keys(json_t *object)
{
    const char *name;
    json_t *key;
    size_t count = 0;
    json_object_foreach(json_object_get(object, "properties"), name, key)
    {
        bool section = json_object_get(key, "properties") != NULL;
        count += section ? 0 : 1;
        count += count_keys(section ? key : json_object_get(key, "items"));
    }
    return count;
}

static void the_schema_has_no_key_that_the_table_lacks(void **state)
{
    (void)state;
    json_t *schema = config_schema();
    assert_int_equal(count_keys(schema), schema_count);
    json_decref(schema);
}

/* Each reference of the schema leads somewhere. */
static void check_references(const json_t *defs, json_t *value)
{
    const char *name;
    json_t *part;
    size_t i;
    const char *to = json_string_value(json_object_get(value, "$ref"));
    if (to) {
        assert_int_equal(strncmp(to, "#/$defs/", 8), 0);
        assert_non_null(json_object_get(defs, to + 8));
    }
    json_object_foreach(value, name, part)
    {
        check_references(defs, part);
    }
    json_array_foreach(value, i, part)
    {
        check_references(defs, part);
    }
}

static void the_schemas_references_lead_somewhere(void **state)
{
    (void)state;
    json_t *schema = config_schema();
    check_references(json_object_get(schema, "$defs"), schema);
    json_decref(schema);
}

static json_t *show(const char *text)
{
    struct mgw_error error = {.size = sizeof error};
    struct config *config = NULL;
    if (config_load(scratch_write("config.json", text, 0600), &config, &error) != MGW_OK) {
        fail_msg("%s", error.text);
    }
    static const struct mgw_config_key keys[] = {
        {.size = sizeof keys[0], .key = "root", .type = MGW_CONFIG_PATH, .help = "h"},
        {.size = sizeof keys[0], .key = "password", .type = MGW_CONFIG_SECRET, .help = "h"},
        {.size = sizeof keys[0], .key = "endpoint", .type = MGW_CONFIG_STRING, .help = "h"},
        {.size = sizeof keys[0],
         .key = "shared",
         .type = MGW_CONFIG_BOOL,
         .fallback = "false",
         .help = "h"},
    };
    json_t *shown = config_show(config);
    config_show_plugin(config, json_object_get(shown, "storage"), "/storage", keys, 4,
                       sizeof keys[0]);
    config_free(config);
    return shown;
}

static void nothing_secret_is_shown(void **state)
{
    (void)state;
    scratch_write("secret.txt", "hunter2-hunter2-hunter2-hunter2-hunter2\n", 0600);
    scratch_write("keys.json", "{\"keys\": [{\"kty\": \"oct\", \"k\": \"hunter2\"}]}", 0600);
    setenv("MEDIAGW_TEST_SECRET", "hunter2-hunter2-hunter2-hunter2", 1);
    json_t *shown =
        show("{\"storage\": {\"driver\": \"fs\", \"root\": \"r\", \"password\": \"hunter2\","
             " \"endpoint\": \"http://me:hunter2@host/path\"},"
             "\"repository\": {\"driver\": \"x\"},"
             "\"url_keys\": [{\"id\": \"1\", \"secret\": {\"file\": \"secret.txt\"}}],"
             "\"auth\": {\"jwt\": [{\"alg\": \"HS256\", \"jwks\": {\"file\": \"keys.json\"},"
             "  \"issuer\": null, \"audience\": null}, {\"alg\": \"HS256\", \"issuer\": null,"
             "  \"audience\": null, \"secret\": \"hunter2-${MEDIAGW_TEST_SECRET}\"}],"
             " \"proxy\": {\"from\": [\"::1\"], \"account_header\": \"A\", \"secret_header\": "
             "\"B\", \"secret\": \"hunter2-${MEDIAGW_TEST_SECRET}\"}}}");
    char *text = json_dumps(shown, 0);
    assert_null(strstr(text, "hunter2"));
    assert_non_null(strstr(text, "\"secret\": \"***\""));
    assert_non_null(strstr(text, "http://***@host/path"));
    free(text);
    json_decref(shown);
}

static void defaults_and_files_are_shown(void **state)
{
    (void)state;
    scratch_write("key.pem", "-----BEGIN", 0600);
    json_t *shown =
        show("{\"storage\": {\"driver\": \"fs\", \"root\": \"r\"}, \"repository\": {\"driver\": "
             "\"x\"}, \"limits\": {\"workers\": 3},"
             "\"url_keys\": [{\"id\": \"1\", \"secret\": \"0123456789abcdef0123456789abcdef\"}],"
             "\"auth\": {\"jwt\": [{\"alg\": \"ES256\", \"pem\": {\"file\": \"key.pem\"},"
             "  \"issuer\": \"i\", \"audience\": null}]}}");
    json_t *limits = json_object_get(shown, "limits");
    assert_int_equal(json_integer_value(json_object_get(limits, "workers")), 3);
    assert_int_equal(json_integer_value(json_object_get(limits, "queue")), 1024);
    assert_string_equal(json_string_value(json_object_get(shown, "listen")), "127.0.0.1:8080");
    json_t *key = json_array_get(json_object_get(shown, "url_keys"), 0);
    assert_true(json_is_true(json_object_get(key, "sign")));
    json_t *jwt = json_array_get(json_object_get(json_object_get(shown, "auth"), "jwt"), 0);
    assert_string_equal(json_string_value(json_object_get(jwt, "account_claim")), "account_id");
    assert_true(json_is_null(json_object_get(jwt, "audience")));
    const char *file = json_string_value(json_object_get(json_object_get(jwt, "pem"), "file"));
    assert_non_null(file);
    assert_non_null(strstr(file, "/key.pem"));
    json_t *storage = json_object_get(shown, "storage");
    assert_string_equal(json_string_value(json_object_get(storage, "root")), "r");
    assert_true(json_is_false(json_object_get(storage, "shared")));
    assert_null(json_object_get(json_object_get(shown, "auth"), "proxy"));
    assert_null(json_object_get(shown, "cors"));
    json_decref(shown);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key_of_the_table_is_in_the_schema),
        cmocka_unit_test(the_schema_has_no_key_that_the_table_lacks),
        cmocka_unit_test(the_schemas_references_lead_somewhere),
        cmocka_unit_test(nothing_secret_is_shown),
        cmocka_unit_test(defaults_and_files_are_shown),
    };
    return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
