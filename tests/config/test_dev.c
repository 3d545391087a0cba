/* SPDX-License-Identifier: Apache-2.0
 *
 * Dev mode: what is made under DATA, and who may get at it. */
#include "tests/config/scratch.h"

#include "core/config/config.h"

#include <pthread.h>

static char data[128];

static struct config *dev(void)
{
    struct mgw_error error = {.size = sizeof error};
    struct config *config = NULL;
    if (config_dev(data, &config, &error) != MGW_OK) {
        fail_msg("%s", error.text);
    }
    return config;
}

static mode_t mode_of(const char *name)
{
    struct stat st;
    char path[256];
    snprintf(path, sizeof path, "%s/%s", data, name);
    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 07777;
}

static void folder_and_key_are_the_owners_alone(void **state)
{
    (void)state;
    umask(0);
    snprintf(data, sizeof data, "%s/one/two", scratch_folder);
    struct config *config = dev();
    assert_true(config->dev);
    assert_int_equal(mode_of("."), 0700);
    assert_int_equal(mode_of(".."), 0700);
    assert_int_equal(mode_of("url.key"), 0600);
    assert_string_equal(config->listen, "127.0.0.1:8080");
    assert_string_equal(json_string_value(json_object_get(config->storage, "driver")), "fs");
    assert_int_equal(strlen(config->url_keys[0].secret), 64);
    assert_true(config->url_keys[0].sign);
    config_free(config);
    umask(022);
}

static void the_key_is_kept(void **state)
{
    (void)state;
    struct config *first = dev(), *second = dev();
    assert_string_equal(first->url_keys[0].secret, second->url_keys[0].secret);
    config_free(first);
    config_free(second);
}

static void *start(void *out)
{
    *(struct config **)out = dev();
    return NULL;
}

static void many_starts_at_once_agree_on_one_key(void **state)
{
    enum { STARTS = 16 };
    pthread_t threads[STARTS];
    struct config *configs[STARTS];
    (void)state;
    snprintf(data, sizeof data, "%s/race", scratch_folder);
    for (int i = 0; i < STARTS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, start, &configs[i]), 0);
    }
    for (int i = 0; i < STARTS; i++) {
        pthread_join(threads[i], NULL);
        assert_string_equal(configs[i]->url_keys[0].secret, configs[0]->url_keys[0].secret);
    }
    for (int i = 0; i < STARTS; i++) {
        config_free(configs[i]);
    }
}

static void a_key_or_folder_that_others_get_at_is_refused(void **state)
{
    struct mgw_error error = {.size = sizeof error};
    struct config *config = NULL;
    char path[256];
    (void)state;
    snprintf(data, sizeof data, "%s/open", scratch_folder);
    config_free(dev());
    snprintf(path, sizeof path, "%s/url.key", data);
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(config_dev(data, &config, &error), MGW_INVALID);
    assert_non_null(strstr(error.text, "url.key: others may get at it (mode 0640)"));
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(chmod(data, 0777), 0);
    assert_int_equal(config_dev(data, &config, &error), MGW_INVALID);
    assert_non_null(strstr(error.text, "open: others may get at it (mode 0777)"));
    assert_int_equal(chmod(data, 0700), 0);
}

static void a_short_key_is_refused(void **state)
{
    struct mgw_error error = {.size = sizeof error};
    struct config *config = NULL;
    (void)state;
    snprintf(data, sizeof data, "%s", scratch_folder);
    scratch_write("url.key", "short\n", 0600);
    assert_int_equal(config_dev(data, &config, &error), MGW_INVALID);
    assert_non_null(strstr(error.text, "32 bytes"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(folder_and_key_are_the_owners_alone),
        cmocka_unit_test(the_key_is_kept),
        cmocka_unit_test(many_starts_at_once_agree_on_one_key),
        cmocka_unit_test(a_key_or_folder_that_others_get_at_is_refused),
        cmocka_unit_test(a_short_key_is_refused),
    };
    return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
