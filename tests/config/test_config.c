/* SPDX-License-Identifier: Apache-2.0
 *
 * A config that is right, read into the struct. */
#include "tests/config/scratch.h"

#include "core/base/log.h"
#include "core/config/config.h"
#include "core/config/override.h"

static const char least[] =
    "{\"storage\": {\"driver\": \"fs\", \"root\": \"blobs\"},\n"
    " \"repository\": {\"driver\": \"sqlite\", \"path\": \"media.db\"},\n"
    " \"url_keys\": [{\"id\": \"2026-11\", \"secret\": \"0123456789abcdef0123456789abcdef\"}]}";

static struct config *load(const char *text)
{
    struct mgw_error error = {.size = sizeof error};
    struct config *config = NULL;
    if (config_load(scratch_write("config.json", text, 0600), &config, &error) != MGW_OK) {
        fail_msg("%s", error.text);
    }
    return config;
}

static void what_is_absent_has_its_default(void **state)
{
    (void)state;
    struct config *config = load(least);
    assert_false(config->dev);
    assert_string_equal(config->listen, "127.0.0.1:8080");
    assert_null(config->public_url);
    assert_string_equal(config->media.default_bucket, "media-recordings");
    assert_int_equal(config->media.signed_url_ttl_sec, 3600);
    assert_int_equal(config->media.max_signed_url_ttl_sec, 604800);
    assert_int_equal(config->media.max_upload_bytes, (uint64_t)5 << 30);
    assert_string_equal(config->media.mime_types[2], "image/*");
    assert_null(config->media.mime_types[3]);
    assert_int_equal(config->media.idempotency_ttl_ms, 86400000);
    assert_null(config->cors.origins);
    assert_int_equal(config->limits.connections, 4096);
    assert_int_equal(config->limits.header_deadline_ms, 15000);
    assert_int_equal(config->limits.min_rate, 1024);
    assert_int_equal(config->limits.drain_delay_ms, 0);
    assert_false(config->log.json);
    assert_int_equal(config->log.level, LOG_LEVEL_INFO);
    assert_true(config->log.access);
    assert_null(config->plugins.path);
    config_free(config);
}

static void what_is_given_is_read_in_its_units(void **state)
{
    (void)state;
    struct config *config =
        load("{\"storage\": {\"driver\": \"fs\"}, \"repository\": {\"driver\": \"x\"},"
             "\"url_keys\": [{\"id\": \"a\", \"secret\": \"0123456789abcdef0123456789abcdef\"},"
             "{\"id\": \"b\", \"secret\": \"fedcba9876543210fedcba9876543210\", \"sign\": true}],"
             "\"listen\": \"[::1]:0\", \"public_url\": \"https://media.example.com/base//\","
             "\"media\": {\"max_upload_bytes\": \"64KiB\", \"signed_url_ttl_sec\": \"5m\","
             "\"mime_types\": [\"video/mp4\"], \"min_free_bytes\": 7},"
             "\"limits\": {\"idle_sec\": 1.5, \"header_deadline_sec\": \"250ms\", \"workers\": 3},"
             "\"cors\": {\"origins\": [\"*\"]},"
             "\"log\": {\"format\": \"json\", \"level\": \"warn\", \"access\": false},"
             "\"plugins\": {\"path\": [\"a\", \"/b\"]}}");
    assert_string_equal(config->public_url, "https://media.example.com/base");
    assert_int_equal(config->media.max_upload_bytes, 65536);
    assert_int_equal(config->media.signed_url_ttl_sec, 300);
    assert_int_equal(config->media.min_free_bytes, 7);
    assert_string_equal(config->media.mime_types[0], "video/mp4");
    assert_null(config->media.mime_types[1]);
    assert_int_equal(config->limits.idle_ms, 1500);
    assert_int_equal(config->limits.header_deadline_ms, 250);
    assert_int_equal(config->limits.workers, 3);
    assert_string_equal(config->cors.origins[0], "*");
    assert_true(config->log.json);
    assert_int_equal(config->log.level, LOG_LEVEL_WARN);
    assert_false(config->log.access);
    assert_int_equal(config->url_key_count, 2);
    assert_false(config->url_keys[0].sign);
    assert_true(config->url_keys[1].sign);
    assert_string_equal(config->plugins.path[1], "/b");
    config_free(config);
}

static void the_only_url_key_signs(void **state)
{
    (void)state;
    struct config *config = load(least);
    assert_int_equal(config->url_key_count, 1);
    assert_string_equal(config->url_keys[0].id, "2026-11");
    assert_true(config->url_keys[0].sign);
    config_free(config);
}

static void variables_and_files_are_put_in(void **state)
{
    (void)state;
    setenv("MEDIAGW_TEST_BUCKET", "from-env", 1);
    setenv("MEDIAGW_TEST_FOLDER", scratch_folder, 1);
    scratch_write("secret.txt", "0123456789abcdef0123456789abcdef\r\n", 0600);
    struct config *config =
        load("{\"storage\": {\"driver\": \"fs\", \"root\": \"/x/${MEDIAGW_TEST_BUCKET}/$${y}\","
             "\"deep\": {\"a\": [\"${MEDIAGW_TEST_BUCKET}\"], \"file\": \"kept\", \"b\": 1}},"
             "\"repository\": {\"driver\": \"x\", \"conninfo\": "
             "{\"file\": \"${MEDIAGW_TEST_FOLDER}/secret.txt\"}},"
             "\"media\": {\"default_bucket\": \"${MEDIAGW_TEST_BUCKET}\"},"
             "\"url_keys\": [{\"id\": \"1\", \"secret\": {\"file\": \"secret.txt\"}}]}");
    assert_string_equal(config->media.default_bucket, "from-env");
    assert_string_equal(json_string_value(json_object_get(config->storage, "root")),
                        "/x/from-env/${y}");
    json_t *deep = json_object_get(config->storage, "deep");
    assert_string_equal(json_string_value(json_array_get(json_object_get(deep, "a"), 0)),
                        "from-env");
    assert_string_equal(json_string_value(json_object_get(deep, "file")), "kept");
    assert_string_equal(config->url_keys[0].secret, "0123456789abcdef0123456789abcdef");
    assert_string_equal(json_string_value(json_object_get(config->repository, "conninfo")),
                        "0123456789abcdef0123456789abcdef");
    config_free(config);
}

static int warnings;
static void count_warnings(int level, const char *line)
{
    warnings += level == LOG_LEVEL_WARN && strstr(line, "secret.txt");
}

static void a_secret_file_that_everybody_reads_is_warned_of(void **state)
{
    static const char text[] =
        "{\"storage\": {\"driver\": \"fs\"}, \"repository\": {\"driver\": \"x\"},"
        "\"url_keys\": [{\"id\": \"1\", \"secret\": {\"file\": \"secret.txt\"}}]}";
    (void)state;
    log_redirect(count_warnings);
    scratch_write("secret.txt", "0123456789abcdef0123456789abcdef", 0600);
    config_free(load(text));
    assert_int_equal(warnings, 0);
    scratch_write("secret.txt", "0123456789abcdef0123456789abcdef", 0644);
    config_free(load(text));
    assert_int_equal(warnings, 1);
    log_redirect(NULL);
}

static void a_pointer_is_located_also_behind_odd_text(void **state)
{
    int line, column;
    (void)state;
    struct config *config =
        load("{\"storage\": {\"driver\": \"fs\", \"a\\\"}\": \"[{,]\\\\\", \"n\": [1, -2.5e3, "
             "true,\n   {\"x/y\": null}]},\n\t\"repository\": {\"driver\": \"x\"},"
             "\"url_keys\": [{\"id\": \"1\", \"secret\": \"0123456789abcdef0123456789abcdef\"}]}");
    config_locate(config, "/storage/n/3/x~1y", &line, &column);
    assert_int_equal(line, 2);
    assert_int_equal(column, 5);
    config_locate(config, "/repository", &line, &column);
    assert_int_equal(line, 3);
    assert_int_equal(column, 2);
    config_locate(config, "/storage/absent", &line, &column);
    assert_int_equal(line, 1);
    assert_int_equal(column, 2);
    config_free(config);
}

static void who_is_believed_is_read(void **state)
{
    (void)state;
    scratch_write("keys.json", "{\"keys\": []}\n", 0644);
    struct config *config =
        load("{\"storage\": {\"driver\": \"fs\"}, \"repository\": {\"driver\": \"x\"},"
             "\"url_keys\": [{\"id\": \"1\", \"secret\": \"0123456789abcdef0123456789abcdef\"}],"
             "\"listen\": \"unix:/run/x.sock\", \"trusted_proxies\": [\"10.0.0.0/8\", \"unix\"],"
             "\"auth\": {\"jwt\": [{\"alg\": \"RS256\", \"jwks\": {\"file\": \"keys.json\"},"
             " \"issuer\": \"https://id.example.com\", \"audience\": null},"
             " {\"alg\": \"HS256\", \"secret\": \"0123456789abcdef0123456789abcdef\","
             " \"issuer\": null, \"audience\": \"mediagw\", \"account_claim\": \"sub\"}],"
             "\"cookie\": \"session\", \"proxy\": {\"from\": [\"unix\"], \"account_header\": "
             "\"X-Account\"}}}");
    assert_int_equal(config->auth.jwt_count, 2);
    assert_string_equal(config->auth.jwt[0].jwks, "{\"keys\": []}");
    assert_string_equal(config->auth.jwt[0].issuer, "https://id.example.com");
    assert_null(config->auth.jwt[0].audience);
    assert_string_equal(config->auth.jwt[0].account_claim, "account_id");
    assert_null(config->auth.jwt[1].issuer);
    assert_string_equal(config->auth.jwt[1].audience, "mediagw");
    assert_string_equal(config->auth.jwt[1].account_claim, "sub");
    assert_string_equal(config->auth.cookie, "session");
    assert_string_equal(config->auth.proxy.account_header, "X-Account");
    assert_null(config->auth.proxy.secret);
    assert_int_equal(config->auth.proxy.from.count, 1);
    assert_int_equal(config->auth.proxy.from.named_unix, 1);
    assert_int_equal(config->trusted_proxies.count, 2);
    assert_true(config_listens_on_loopback(config));
    config_free(config);
}

static void what_a_restart_is_needed_for_is_told(void **state)
{
    (void)state;
    struct config *one = load(least);
    char text[1024];
    snprintf(text, sizeof text, "{\"cors\": {\"origins\": [\"*\"]}, %s", least + 1);
    struct config *other = load(text);
    assert_null(config_differs(one, other));
    config_free(other);
    snprintf(text, sizeof text, "{\"limits\": {\"workers\": 3}, %s", least + 1);
    other = load(text);
    assert_string_equal(config_differs(one, other), "limits");
    assert_string_equal(config_differs(other, one), "limits");
    config_free(other);
    config_free(one);
}

static void listen_can_be_overridden(void **state)
{
    struct mgw_error error = {.size = sizeof error};
    (void)state;
    struct config *config = load(least);
    assert_int_equal(config_override_listen(config, "0.0.0.0:99", &error), MGW_OK);
    assert_string_equal(config->listen, "0.0.0.0:99");
    assert_false(config_listens_on_loopback(config));
    assert_int_equal(config_override_listen(config, "nonsense", &error), MGW_INVALID);
    assert_string_equal(config->listen, "0.0.0.0:99");
    config_free(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_absent_has_its_default),
        cmocka_unit_test(what_is_given_is_read_in_its_units),
        cmocka_unit_test(the_only_url_key_signs),
        cmocka_unit_test(variables_and_files_are_put_in),
        cmocka_unit_test(a_secret_file_that_everybody_reads_is_warned_of),
        cmocka_unit_test(a_pointer_is_located_also_behind_odd_text),
        cmocka_unit_test(who_is_believed_is_read),
        cmocka_unit_test(what_a_restart_is_needed_for_is_told),
        cmocka_unit_test(listen_can_be_overridden),
    };
    return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
