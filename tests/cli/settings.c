/* SPDX-License-Identifier: Apache-2.0
 *
 * Which gateway the command talks to and as whom, where its client lies, and what it says of
 * itself. */
#include "tests/cli/kit.h"
#include "tests/support/check.h"
#include "tests/support/keep.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* client.json with TEXT and MODE; the environment says nothing else. */
static char *client_file(const char *text, mode_t mode)
{
    char *home = kit_path("home");
    char *path = keep_text("%s/mediagw/client.json", home);
    assert_int_equal(mkdir(home, 0700), 0);
    assert_int_equal(mkdir(keep_text("%s/mediagw", home), 0700), 0);
    scratch_write(path, text);
    assert_int_equal(chmod(path, mode), 0);
    setenv("XDG_CONFIG_HOME", home, 1);
    unsetenv("MEDIAGW_KEY");
    return path;
}

static int end(void **state)
{
    setenv("XDG_CONFIG_HOME", gw->server->dir, 1);
    unsetenv("http_proxy");
    unsetenv("MEDIAGW_ACCOUNT");
    return kit_end(state);
}
#define SETTINGS_TEST(function) cmocka_unit_test_teardown(function, end)

static char *url(void)
{
    return keep_text("http://127.0.0.1:%u", gw->server->port);
}

static void without_a_key_the_advice_says_how_to_give_one(void **state)
{
    (void)state;
    unsetenv("MEDIAGW_KEY");
    struct run run = run_mediagw("ls", NULL);
    kit_exit(&run, 1);
    kit_says(&run, "HTTP 401");
    kit_says(&run, "--key-file");
}

static void a_key_file_goes_before_the_environment(void **state)
{
    (void)state;
    char *file = kit_path("key");
    scratch_write(file, keep_text("  %s\n", gw->token));
    setenv("MEDIAGW_KEY", "mgw_wrong", 1);
    struct run run = run_mediagw("ls", NULL);
    kit_exit(&run, 1);
    run = run_mediagw("ls", "--key-file", file, NULL);
    kit_exit(&run, 0);
}

static void there_is_no_option_that_takes_a_key(void **state)
{
    (void)state;
    struct run run = run_mediagw("ls", "--key=mgw_secret", NULL);
    kit_exit(&run, 2);
}

static void keys_that_are_none_are_refused_and_not_shown(void **state)
{
    (void)state;
    static const char *const keys[] = {"mgw_two words", "mgw_line\nX-Injected: yes", "mgw_\x01"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        setenv("MEDIAGW_KEY", keys[i], 1);
        struct run run = run_mediagw("ls", NULL);
        kit_exit(&run, 2);
        assert_null(strstr(run.err, "mgw_"));
    }
    char *file = kit_path("key");
    scratch_write(file, "\n");
    struct run run = run_mediagw("ls", "--key-file", file, NULL);
    kit_exit(&run, 2);
    run = run_mediagw("ls", "--key-file", kit_path("missing"), NULL);
    kit_exit(&run, 2);
    kit_says(&run, "missing");
}

static void client_json_gives_url_and_key(void **state)
{
    (void)state;
    client_file(keep_text("{\"url\": \"%s/\", \"key\": \"%s\"}", url(), gw->token), 0600);
    unsetenv("MEDIAGW_URL");
    struct run run = run_mediagw("ls", NULL);
    kit_exit(&run, 0);
    run = run_mediagw("ls", "--url", url(), NULL);
    kit_exit(&run, 0);
}

static void the_key_of_client_json_goes_to_its_own_url_alone(void **state)
{
    (void)state;
    struct proxy *proxy = KIT_PROXY({0});
    client_file(keep_text("{\"url\": \"%s\", \"key\": \"%s\"}", url(), gw->token), 0600);
    struct run run = run_mediagw("ls", NULL);
    kit_exit(&run, 1);
    kit_says(&run, "HTTP 401");
    assert_int_equal(proxy_saw(proxy, "GET /api/media"), 1);
    assert_int_equal(proxy_saw(proxy, "mgw_"), 0);
}

static void a_client_json_that_others_may_read_is_refused(void **state)
{
    (void)state;
    static const mode_t modes[] = {0644, 0640, 0602};
    for (size_t i = 0; i < 3; i++) {
        char *path = client_file(keep_text("{\"key\": \"%s\"}", gw->token), modes[i]);
        struct run run = run_mediagw("ls", NULL);
        kit_exit(&run, 2);
        kit_says(&run, path);
        kit_says(&run, "chmod 600");
    }
}

static void a_client_json_that_is_wrong_is_refused_by_place_and_nearest_key(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } cases[] = {{"{\"ulr\": \"http://127.0.0.1\"}", "did you mean \"url\""},
                 {"{\"url\": 5}", "expected a string"},
                 {"[]", "no object"},
                 {"{\n\"url\": \"x\",\n}", "client.json:3:"},
                 {"{\"url\": \"http://a\", \"url\": \"http://b\"}", "duplicate"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        client_file(cases[i].text, 0600);
        struct run run = run_mediagw("ls", NULL);
        kit_exit(&run, 2);
        kit_says(&run, cases[i].says);
    }
}

static void urls_that_are_none_are_refused_and_no_password_is_shown(void **state)
{
    (void)state;
    static const char *const urls[] = {"ftp://127.0.0.1/",         "file:///etc/passwd",
                                       "127.0.0.1:8080",           "http://me:hushhush@127.0.0.1/",
                                       "http://127.0.0.1/?a=b",    "http://127.0.0.1/#a",
                                       "http://127.0.0.1:99999/x", ""};
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        struct run run = run_mediagw("ls", "--url", urls[i], NULL);
        kit_exit(&run, 2);
        assert_null(strstr(run.err, "hushhush"));
    }
}

static void a_gateway_that_is_not_there_is_said_at_once(void **state)
{
    (void)state;
    int64_t begun = wait_now_ms();
    struct run run =
        run_mediagw("put", "--url", "http://127.0.0.1:1", kit_file("a.webm", small), NULL);
    kit_exit(&run, 1);
    kit_says(&run, "--url");
    assert_true(wait_now_ms() - begun < 3000 * slowness());
}

static void a_silent_gateway_is_given_up_after_the_timeout(void **state)
{
    (void)state;
    KIT_PROXY({.silent = true});
    int64_t begun = wait_now_ms();
    struct run run = run_mediagw("ls", "--timeout", "1", "--retries", "0", NULL);
    kit_exit(&run, 1);
    assert_in_range(wait_now_ms() - begun, 1000, 10000 * slowness());
}

static void loopback_goes_past_any_proxy(void **state)
{
    (void)state;
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    struct run run = run_mediagw("ls", NULL);
    kit_exit(&run, 0);
}

static void netrc_is_not_read(void **state)
{
    (void)state;
    char *home = kit_path("home");
    assert_int_equal(mkdir(home, 0700), 0);
    scratch_write(keep_text("%s/.netrc", home), "machine 127.0.0.1 login me password hushhush\n");
    struct proxy *proxy = KIT_PROXY({0});
    unsetenv("MEDIAGW_KEY");
    struct run run = kit_shell("HOME='%s' \"$mediagw\" ls", home);
    kit_exit(&run, 1);
    assert_int_equal(proxy_saw(proxy, "Authorization"), 0);
}

static void the_account_of_a_gateway_without_a_config_may_be_named(void **state)
{
    (void)state;
    struct server *dev = server_new_dev();
    server_start(dev);
    unsetenv("MEDIAGW_KEY");
    setenv("MEDIAGW_URL", keep_text("http://127.0.0.1:%u", dev->port), 1);
    setenv("MEDIAGW_ACCOUNT", "them", 1);
    struct run put = run_mediagw("put", "--account", "us", kit_file("a.webm", small), NULL);
    kit_exit(&put, 0);
    char *id = kit_line(&put);
    char *path = kit_path("b.webm");
    struct run theirs = run_mediagw("get", id, "-o", path, NULL);
    struct run ours = run_mediagw("get", id, "-o", path, "--account", "us", NULL);
    struct run wrong = run_mediagw("ls", "--account", "a b", NULL);
    int status = server_stop(dev);
    kit_exit(&theirs, 1);
    kit_exit(&ours, 0);
    kit_is(path, small);
    kit_exit(&wrong, 2);
    server_free(dev);
    assert_int_equal(status, 0);
}

static void every_command_explains_itself(void **state)
{
    (void)state;
    static const char *const names[] = {"put", "get", "ls", "rm"};
    static const char *const words[] = {"--url",      "--key-file", "MEDIAGW_KEY", "client.json",
                                        "Exit codes", "--json",     "--quiet"};
    for (size_t i = 0; i < 4; i++) {
        struct run run = run_mediagw(names[i], "--help", NULL);
        kit_exit(&run, 0);
        assert_non_null(strstr(run.out, keep_text("usage: mediagw %s ", names[i])));
        for (size_t j = 0; j < sizeof words / sizeof *words; j++) {
            assert_non_null(strstr(run.out, words[j]));
        }
        for (const char *at = run.out; *at; at += strcspn(at, "\n") + 1) {
            assert_true(strcspn(at, "\n") <= 100);
        }
    }
    struct run all = run_mediagw("--help", NULL);
    assert_non_null(strstr(all.out, "  put "));
}

static void the_serving_process_loads_only_what_its_config_names(void **state)
{
    (void)state;
    struct run run = kit_shell("cat /proc/%d/maps", (int)gw->server->pid);
    assert_int_equal(run.status, 0);
    assert_non_null(strstr(run.out, "libmicrohttpd"));
    assert_non_null(strstr(run.out, "plugins/fs.so"));
    static const char *const others[] = {"libcurl", "libxml2", "libpq", "s3.so", "postgres.so"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_null(strstr(run.out, others[i]));
    }
}

static void the_client_is_found_after_the_prefix_has_moved(void **state)
{
    (void)state;
    char *prefix = kit_path("prefix");
    struct run run =
        kit_shell("set -e; from=\"$(dirname \"$(dirname \"$mediagw\")\")\"\n"
                  "mkdir '%s'; cp -r \"$from/bin\" \"$from/libexec\" '%s'\n"
                  "'%s/bin/mediagw' ls >/dev/null\n"
                  "mv '%s' '%s-moved'; '%s-moved/bin/mediagw' ls >/dev/null\n"
                  "ln -s '%s-moved/bin/mediagw' '%s-link'; '%s-link' ls >/dev/null",
                  prefix, prefix, prefix, prefix, prefix, prefix, prefix, prefix, prefix);
    kit_exit(&run, 0);
    run = kit_shell("rm -r '%s-moved/libexec'; '%s-moved/bin/mediagw' ls", prefix, prefix);
    kit_exit(&run, 1);
    kit_says(&run, "mediagw-client");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SETTINGS_TEST(without_a_key_the_advice_says_how_to_give_one),
        SETTINGS_TEST(a_key_file_goes_before_the_environment),
        SETTINGS_TEST(there_is_no_option_that_takes_a_key),
        SETTINGS_TEST(keys_that_are_none_are_refused_and_not_shown),
        SETTINGS_TEST(client_json_gives_url_and_key),
        SETTINGS_TEST(the_key_of_client_json_goes_to_its_own_url_alone),
        SETTINGS_TEST(a_client_json_that_others_may_read_is_refused),
        SETTINGS_TEST(a_client_json_that_is_wrong_is_refused_by_place_and_nearest_key),
        SETTINGS_TEST(urls_that_are_none_are_refused_and_no_password_is_shown),
        SETTINGS_TEST(a_gateway_that_is_not_there_is_said_at_once),
        SETTINGS_TEST(a_silent_gateway_is_given_up_after_the_timeout),
        SETTINGS_TEST(loopback_goes_past_any_proxy),
        SETTINGS_TEST(netrc_is_not_read),
        SETTINGS_TEST(the_account_of_a_gateway_without_a_config_may_be_named),
        SETTINGS_TEST(every_command_explains_itself),
        SETTINGS_TEST(the_serving_process_loads_only_what_its_config_names),
        SETTINGS_TEST(the_client_is_found_after_the_prefix_has_moved),
    };
    return cmocka_run_group_tests(tests, kit_start, kit_stop);
}
