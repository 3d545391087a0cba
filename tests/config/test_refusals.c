/* SPDX-License-Identifier: Apache-2.0
 *
 * What a config file is refused for, with the line, the column and the words of it. */
#include "tests/config/scratch.h"

#include "core/config/config.h"

#define REST                                                                                       \
    "\"storage\": {\"driver\": \"fs\"}, \"repository\": {\"driver\": \"sqlite\"}, \"url_keys\": "  \
    "[{\"id\": \"1\", \"secret\": \"0123456789abcdef0123456789abcdef\", \"sign\": true}]"

static const struct {
    const char *what;
    const char *text;
    const char *refusal; /* behind the file's path */
} cases[] = {
    {"unknown key at the top", "{\"lisen\": \":80\", " REST "}",
     ":1:2: key \"lisen\": unknown key; did you mean \"listen\"?"},
    {"unknown key in a section", "{\n  \"limits\": {\n    \"conections\": 5\n  }, " REST "}",
     ":3:5: key \"limits.conections\": unknown key; did you mean \"connections\"?"},
    {"unknown key that resembles nothing", "{\"zzzzzzzzzz\": 1, " REST "}",
     ":1:2: key \"zzzzzzzzzz\": unknown key"},
    {"columns count characters, not bytes",
     "{\"public_url\": \"http://ä.example\", \"x\": 1, " REST "}", ":1:36: key \"x\": unknown key"},
    {"a key given twice", "{\"listen\": \":80\",\n \"listen\": \":81\", " REST "}",
     ":2:2: key \"listen\": given twice"},
    {"text where a number belongs", "{\"limits\": {\"connections\": \"many\"}, " REST "}",
     ":1:13: key \"limits.connections\": expected a whole number, got \"many\""},
    {"a fraction where a whole number belongs", "{\"limits\": {\"workers\": 1.5}, " REST "}",
     ":1:13: key \"limits.workers\": expected a whole number, got 1.5"},
    {"a number out of range", "{\"limits\": {\"workers\": 0}, " REST "}",
     ":1:13: key \"limits.workers\": expected 1 to 4096, got 0"},
    {"a size without a known unit", "{\"media\": {\"max_upload_bytes\": \"5GB\"}, " REST "}",
     ":1:12: key \"media.max_upload_bytes\": expected a size such as 65536 or \"64KiB\", got "
     "\"5GB\""},
    {"a size that overflows", "{\"media\": {\"max_upload_bytes\": \"9999999999999TiB\"}, " REST "}",
     ":1:12: key \"media.max_upload_bytes\": expected a size such as 65536 or \"64KiB\", got "
     "\"9999999999999TiB\""},
    {"a negative size", "{\"media\": {\"min_free_bytes\": -1}, " REST "}",
     ":1:12: key \"media.min_free_bytes\": expected a size such as 65536 or \"64KiB\", got -1"},
    {"a duration in an unknown unit", "{\"limits\": {\"idle_sec\": \"5y\"}, " REST "}",
     ":1:13: key \"limits.idle_sec\": expected a duration such as 30 (seconds), \"1500ms\" or "
     "\"5m\", got \"5y\""},
    {"a duration out of range", "{\"limits\": {\"idle_sec\": \"2h\"}, " REST "}",
     ":1:13: key \"limits.idle_sec\": expected 100 to 3600000 ms, got \"2h\""},
    {"a word that is none of the choices", "{\"log\": {\"format\": \"xml\"}, " REST "}",
     ":1:10: key \"log.format\": expected one of logfmt|json, got \"xml\""},
    {"text where true or false belongs", "{\"log\": {\"access\": \"yes\"}, " REST "}",
     ":1:10: key \"log.access\": expected true or false, got \"yes\""},
    {"text where a list belongs", "{\"cors\": {\"origins\": \"*\"}, " REST "}",
     ":1:11: key \"cors.origins\": expected a list of texts, got \"*\""},
    {"a list with a number in it", "{\"cors\": {\"origins\": [1]}, " REST "}",
     ":1:11: key \"cors.origins\": expected a list of texts, got a list"},
    {"a section that is no object", "{\"limits\": [], " REST "}",
     ":1:2: key \"limits\": expected an object"},
    {"no storage", "{\"repository\": {\"driver\": \"x\"}}",
     ":1:1: key \"storage\": missing: an object such as {\"driver\": \"fs\", …} is required"},
    {"storage without a driver", "{\"storage\": {\"root\": \"x\"}}",
     ":1:2: key \"storage\": \"driver\" is missing: it names the plugin, such as \"fs\""},
    {"no url_keys", "{\"storage\": {\"driver\": \"fs\"}, \"repository\": {\"driver\": \"x\"}}",
     ":1:1: key \"url_keys\": missing: signed URLs need a secret of 32 bytes or more that every "
     "node knows; add \"url_keys\": [{\"id\": \"1\", \"secret\": \"<from: openssl rand -hex 32>\", "
     "\"sign\": true}]"},
    {"an unset variable", "{\"public_url\": \"${MEDIAGW_TEST_UNSET}\", " REST "}",
     ":1:2: key \"public_url\": the environment variable MEDIAGW_TEST_UNSET is not set"},
    {"a variable without an end", "{\"public_url\": \"${HOME\", " REST "}",
     ":1:2: key \"public_url\": \"${\" without a variable's name and \"}\" ($${ is a plain ${)"},
    {"an unset variable deep in a driver's keys",
     "{\"storage\": {\"driver\": \"s3\",\n \"keys\": [\"a\", \"${MEDIAGW_TEST_UNSET}\"]}}",
     ":2:16: key \"storage.keys[1]\": the environment variable MEDIAGW_TEST_UNSET is not set"},
    {"a listen without a port", "{\"listen\": \"localhost\", " REST "}",
     ":1:2: key \"listen\": expected ADDRESS:PORT such as \"127.0.0.1:8080\", \"[::1]:8080\" or "
     "\":8080\", or \"unix:/run/mediagw.sock\" (at most 107 bytes of path), got \"localhost\""},
    {"a port that is too high", "{\"listen\": \":65536\", " REST "}",
     ":1:2: key \"listen\": expected ADDRESS:PORT such as \"127.0.0.1:8080\", \"[::1]:8080\" or "
     "\":8080\", or \"unix:/run/mediagw.sock\" (at most 107 bytes of path), got \":65536\""},
    {"a public_url of another scheme", "{\"public_url\": \"ftp://x\", " REST "}",
     ":1:2: key \"public_url\": expected a URL such as \"https://media.example.com\", without "
     "query, user or fragment"},
    {"a public_url with userinfo", "{\"public_url\": \"http://a:b@x\", " REST "}",
     ":1:2: key \"public_url\": expected a URL such as \"https://media.example.com\", without "
     "query, user or fragment"},
    {"a star beside other origins", "{\"cors\": {\"origins\": [\"https://a.b\", \"*\"]}, " REST "}",
     ":1:38: key \"cors.origins[1]\": \"*\" must stand alone"},
    {"an origin with a path", "{\"cors\": {\"origins\": [\"https://a.b/\"]}, " REST "}",
     ":1:23: key \"cors.origins[0]\": expected an origin such as \"https://app.example.com\", "
     "without a path, got \"https://a.b/\""},
    {"the null origin", "{\"cors\": {\"origins\": [\"null\"]}, " REST "}",
     ":1:23: key \"cors.origins[0]\": expected an origin such as \"https://app.example.com\", "
     "without a path, got \"null\""},
    {"a type without a slash", "{\"media\": {\"mime_types\": [\"video\"]}, " REST "}",
     ":1:27: key \"media.mime_types[0]\": expected a type such as \"video/mp4\" or \"video/*\", "
     "got "
     "\"video\""},
    {"a bucket of capitals", "{\"media\": {\"default_bucket\": \"Media\"}, " REST "}",
     ":1:12: key \"media.default_bucket\": expected [a-z0-9][a-z0-9.-]{1,62}, got \"Media\""},
    {"a default ttl above the maximum",
     "{\"media\": {\"signed_url_ttl_sec\": 100, \"max_signed_url_ttl_sec\": 99}, " REST "}",
     ":1:12: key \"media.signed_url_ttl_sec\": 100 s are more than max_signed_url_ttl_sec, 99 s"},
    {"not an object", "[1]", ":1:1: expected an object, {\"storage\": …}"},
    {"cut off", "{\"listen\": ", ":1:11: not JSON: unexpected token near end of file"},
};

static void refusals_name_line_column_key_and_reason(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mgw_error error = {.size = sizeof error};
        struct config *config = NULL;
        const char *path = scratch_write("config.json", cases[i].text, 0600);
        assert_int_equal(config_load(path, &config, &error), MGW_INVALID);
        assert_null(config);
        if (strncmp(error.text, path, strlen(path)) != 0 ||
            strcmp(error.text + strlen(path), cases[i].refusal) != 0) {
            fail_msg("%s:\n got      %s\n expected <path>%s", cases[i].what, error.text,
                     cases[i].refusal);
        }
    }
}

#define SECRET "\"secret\": \"0123456789abcdef0123456789abcdef\""
#define DRIVERS                                                                                    \
    "{\"storage\": {\"driver\": \"fs\"}, \"repository\": {\"driver\": \"x\"},\n \"url_keys\": "

static const struct {
    const char *keys;
    const char *refusal;
} url_keys[] = {
    {"[]}", ":2:2: key \"url_keys\": expected a list of at least one key"},
    {"{}}", ":2:2: key \"url_keys\": expected a list of objects"},
    {"[1]}", ":2:15: key \"url_keys[0]\": expected an object"},
    {"[{" SECRET "}]}", ":2:15: key \"url_keys[0].id\": missing"},
    {"[{\"id\": \"a\"}]}", ":2:15: key \"url_keys[0].secret\": missing"},
    {"[{\"id\": \"a b\", " SECRET "}]}",
     ":2:16: key \"url_keys[0].id\": expected 1 to 32 of A-Za-z0-9._-"},
    {"[{\"id\": \"a\", \"secret\": \"short\"}]}",
     ":2:27: key \"url_keys[0].secret\": expected text of 32 bytes or more (openssl rand -hex "
     "32)"},
    {"[{\"id\": \"a\", " SECRET ", \"sing\": true}]}",
     ":2:73: key \"url_keys[0].sing\": unknown key; did you mean \"sign\"?"},
    {"[{\"id\": \"a\", " SECRET ", \"sign\": 1}]}",
     ":2:73: key \"url_keys[0].sign\": expected true or false, got 1"},
    {"[{\"id\": \"a\", " SECRET ", \"sign\": false}]}",
     ":2:2: key \"url_keys\": exactly one key must have \"sign\": true, not 0"},
    {"[{\"id\": \"a\", " SECRET ", \"sign\": true}, {\"id\": \"b\", " SECRET ", \"sign\": true}]}",
     ":2:2: key \"url_keys\": exactly one key must have \"sign\": true, not 2"},
    {"[{\"id\": \"a\", " SECRET ", \"sign\": true}, {\"id\": \"a\", " SECRET "}]}",
     ":2:89: key \"url_keys[1].id\": another key has the same id"},
};

#define JWT "{\"auth\": {\"jwt\": [{\"alg\": "
#define FOR "\"issuer\": null, \"audience\": null"
#define PROXY "{\"auth\": {\"proxy\": {\"account_header\": \"X-Auth-Account\",\n"
#define PROOF "\"secret_header\": \"X-Proof\", " SECRET

/* Behind each stands REST. */
static const struct {
    const char *text;
    const char *refusal;
} auth[] = {
    {JWT "\"none\", " FOR ", " SECRET "}]}, ",
     ":1:20: key \"auth.jwt[0].alg\": expected one of HS256|RS256|ES256, got \"none\""},
    {JWT "\"HS256\"," SECRET ",\n\"audience\": null}]}, ",
     ":1:19: key \"auth.jwt[0].issuer\": missing: give a text, or null to accept any"},
    {JWT "\"HS256\"," SECRET ",\n\"issuer\": null}]}, ",
     ":1:19: key \"auth.jwt[0].audience\": missing: give a text, or null to accept any"},
    {JWT "\"HS256\"," SECRET ",\n\"audience\": null, \"issuer\": \"\"}]}, ",
     ":2:19: key \"auth.jwt[0].issuer\": expected text, got \"\""},
    {JWT "\"HS256\", " FOR "}]}, ",
     ":1:19: key \"auth.jwt[0]\": expected exactly one of jwks, pem and secret"},
    {JWT "\"HS256\", " FOR ", \"pem\": \"x\", " SECRET "}]}, ",
     ":1:19: key \"auth.jwt[0]\": expected exactly one of jwks, pem and secret"},
    {JWT "\"RS256\", " FOR ",\n " SECRET "}]}, ",
     ":2:2: key \"auth.jwt[0].secret\": is for HS256; RS256 and ES256 take jwks or pem"},
    {JWT "\"HS256\", " FOR ",\n \"pem\": \"x\"}]}, ",
     ":2:2: key \"auth.jwt[0].pem\": HS256 takes secret or jwks"},
    {JWT "\"HS256\", " FOR ",\n \"secret\": \"short\"}]}, ",
     ":2:2: key \"auth.jwt[0].secret\": expected text of 32 bytes or more (openssl rand -hex 32)"},
    {JWT "\"HS256\", " FOR ",\n " SECRET ", \"account_clam\": \"a\"}]}, ",
     ":2:48: key \"auth.jwt[0].account_clam\": unknown key; did you mean \"account_claim\"?"},
    {JWT "\"HS256\", " FOR ", " SECRET "}],\n \"cookie\": \"a b\"}, ",
     ":2:2: key \"auth.cookie\": expected a cookie's name such as \"session\", got \"a b\""},
    {"{\"auth\": {\"cookie\": \"session\"}, ",
     ":1:11: key \"auth.cookie\": a cookie holds a JSON Web Token: auth.jwt says whose are "
     "believed"},
    {"{\"auth\": {\"jtw\": []}, ", ":1:11: key \"auth.jtw\": unknown key; did you mean \"jwt\"?"},
    {PROXY PROOF "}}, ", ":1:11: key \"auth.proxy.from\": missing"},
    {PROXY "\"from\": [], " PROOF "}}, ",
     ":2:1: key \"auth.proxy.from\": expected at least one address"},
    {PROXY "\"from\": [\"10.0.0.1/8\"], " PROOF "}}, ",
     ":2:10: key \"auth.proxy.from[0]\": expected an address such as \"10.0.0.0/8\", \"::1\" or "
     "\"unix\", no bit set behind its prefix, got \"10.0.0.1/8\""},
    {PROXY "\"from\": [\"10.0.0.1\"]}}, ",
     ":1:11: key \"auth.proxy\": an address proves nothing by itself: secret_header and secret are "
     "needed unless from is [\"unix\"]"},
    {PROXY "\"from\": [\"unix\", \"10.0.0.1\"]}}, ",
     ":1:11: key \"auth.proxy\": an address proves nothing by itself: secret_header and secret are "
     "needed unless from is [\"unix\"]"},
    {PROXY "\"from\": [\"10.0.0.1\"], " SECRET "}}, ",
     ":1:11: key \"auth.proxy\": secret_header and secret are given together"},
    {PROXY "\"from\": [\"10.0.0.1\"], \"secret_header\": \"x-auth-account\"," SECRET "}}, ",
     ":2:23: key \"auth.proxy.secret_header\": expected another header than account_header"},
    {PROXY "\"from\": [\"10.0.0.1\"], \"secret_header\": \"Cookie\"," SECRET "}}, ",
     ":2:23: key \"auth.proxy.secret_header\": expected a header's name that means nothing else, "
     "such as \"X-Auth-Account\", got \"Cookie\""},
    {PROXY "\"from\": [\"10.0.0.1\"], \"secret_header\": \"A\",\n\"secret\": \"short\"}}, ",
     ":3:1: key \"auth.proxy.secret\": expected text of 32 bytes or more (openssl rand -hex 32)"},
    {"{\"trusted_proxies\": [\"::1\",\n \"proxy.example\"], ",
     ":2:2: key \"trusted_proxies[1]\": expected an address such as \"10.0.0.0/8\", \"::1\" or "
     "\"unix\", no bit set behind its prefix, got \"proxy.example\""},
    {"{\"listen\": \"unix:media.sock\", ",
     ":1:2: key \"listen\": expected ADDRESS:PORT such as \"127.0.0.1:8080\", \"[::1]:8080\" or "
     "\":8080\", or \"unix:/run/mediagw.sock\" (at most 107 bytes of path), got "
     "\"unix:media.sock\""},
};

static void who_is_believed_is_never_left_open(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof auth / sizeof auth[0]; i++) {
        struct mgw_error error = {.size = sizeof error};
        struct config *config = NULL;
        char text[1024];
        snprintf(text, sizeof text, "%s%s}", auth[i].text, REST);
        const char *path = scratch_write("config.json", text, 0600);
        assert_int_equal(config_load(path, &config, &error), MGW_INVALID);
        assert_string_equal(error.text + strlen(path), auth[i].refusal);
    }
}

static void url_keys_that_cannot_sign_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof url_keys / sizeof url_keys[0]; i++) {
        struct mgw_error error = {.size = sizeof error};
        struct config *config = NULL;
        char text[1024];
        snprintf(text, sizeof text, "%s%s", DRIVERS, url_keys[i].keys);
        const char *path = scratch_write("config.json", text, 0600);
        assert_int_equal(config_load(path, &config, &error), MGW_INVALID);
        assert_string_equal(error.text + strlen(path), url_keys[i].refusal);
    }
}

static void a_secret_of_the_wrong_type_is_never_shown(void **state)
{
    struct mgw_error error = {.size = sizeof error};
    struct config *config = NULL;
    (void)state;
    const char *path = scratch_write(
        "config.json", DRIVERS "[{\"id\": \"a\", \"secret\": \"hunter2-hunter2\"}]}", 0600);
    assert_int_equal(config_load(path, &config, &error), MGW_INVALID);
    assert_null(strstr(error.text, "hunter2"));
}

static void a_missing_file_is_not_found(void **state)
{
    struct mgw_error error = {.size = sizeof error};
    struct config *config = NULL;
    (void)state;
    assert_int_equal(config_load("/nowhere/at/all.json", &config, &error), MGW_NOT_FOUND);
    assert_string_equal(error.text,
                        "/nowhere/at/all.json: cannot be read: No such file or directory");
}

static void a_long_wild_key_gives_one_line_of_utf8(void **state)
{
    struct mgw_error error = {.size = sizeof error};
    struct config *config = NULL;
    char text[4096] = "{\"";
    (void)state;
    for (int i = 0; i < 600; i++) {
        strcat(text, "ä\\n");
    }
    strcat(text, "\": 1}");
    assert_int_equal(config_load(scratch_write("config.json", text, 0600), &config, &error),
                     MGW_INVALID);
    assert_true(strlen(error.text) > 400 && strlen(error.text) < sizeof error.text);
    assert_null(strchr(error.text, '\n'));
    assert_true(((unsigned char)error.text[strlen(error.text) - 1] & 0xc0) == 0x80 ||
                (unsigned char)error.text[strlen(error.text) - 1] < 0x80);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refusals_name_line_column_key_and_reason),
        cmocka_unit_test(url_keys_that_cannot_sign_are_refused),
        cmocka_unit_test(who_is_believed_is_never_left_open),
        cmocka_unit_test(a_secret_of_the_wrong_type_is_never_shown),
        cmocka_unit_test(a_missing_file_is_not_found),
        cmocka_unit_test(a_long_wild_key_gives_one_line_of_utf8),
    };
    return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
