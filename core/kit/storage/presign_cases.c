/* SPDX-License-Identifier: Apache-2.0
 *
 * URLs that anybody may use who has them: by plain curl, against the store itself. */
#include "core/kit/storage/web.h"
#include "core/kit/subject.h"

#include <stdio.h>
#include <strings.h>
#include <unistd.h>

static const struct mgw_presign get = {.size = sizeof get, .op = MGW_PRESIGN_GET, .ttl_sec = 600};

static void sign(struct mgw_call *call, const char *key, const struct mgw_presign *presign,
                 struct mgw_presigned *presigned)
{
    struct mgw_blob blob = blob_of(kit_bucket(), key);
    *presigned = (struct mgw_presigned){.size = sizeof *presigned};
    assert_non_null(driver->presign);
    assert_status(call, driver->presign(call, instance, &blob, presign, presigned), MGW_OK);
    assert_true(subject_is_discreet(presigned->url));
}

static struct mgw_presign put_of(size_t length, const char *type)
{
    return (struct mgw_presign){.size = sizeof(struct mgw_presign),
                                .op = MGW_PRESIGN_PUT,
                                .ttl_sec = 600,
                                .length = length,
                                .content_type = type};
}

/* ---- GET ---- */

static void presign_answers_method_url_and_expiry(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_presign presign = get;
    struct mgw_presigned presigned;
    presign.ttl_sec = 60;
    sign(call, "k", &presign, &presigned);
    assert_string_equal(presigned.method, "GET");
    assert_true(strncmp(presigned.url, "http", 4) == 0);
    assert_true(presigned.expires_at_ms > kit_host.wall_ms());
    assert_true(presigned.expires_at_ms <= kit_host.wall_ms() + 61000);
}

static void a_presigned_get_gives_the_bytes(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_presigned presigned;
    static const char *const range[] = {"Range", "bytes=6-10", NULL};
    put_text(kit_bucket(), "k", "hello world");
    sign(call, "k", &get, &presigned);
    AUTO_ANSWER struct web_answer whole = web_do(&presigned, NULL, 0);
    assert_answer(&whole, 200);
    assert_string_equal(whole.body, "hello world");
    AUTO_ANSWER struct web_answer part = web_send("GET", presigned.url, range, NULL, 0);
    assert_answer(&part, 206);
    assert_string_equal(part.body, "world");
    sign(call, "absent", &get, &presigned);
    AUTO_ANSWER struct web_answer absent = web_do(&presigned, NULL, 0);
    assert_answer(&absent, 404);
}

static void a_presigned_get_overrides_type_and_disposition(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    static const char type[] = "video/webm;codecs=\"vp9,opus\"";
    static const char disposition[] =
        "attachment; filename=\"a b+c%&.webm\"; filename*=UTF-8''%C3%BC";
    struct mgw_put put = {.size = sizeof put, .content_type = "text/html"};
    struct mgw_stat stat = {.size = sizeof stat};
    struct mgw_presign presign = get;
    struct mgw_presigned presigned;
    presign.response_content_type = type;
    presign.response_disposition = disposition;
    assert_status(call, try_put(call, kit_bucket(), "k", &put, "x", 1, &stat), MGW_OK);
    sign(call, "k", &presign, &presigned);
    AUTO_ANSWER struct web_answer answer = web_do(&presigned, NULL, 0);
    AUTO_FREE char *got_type = web_header(&answer, "Content-Type");
    AUTO_FREE char *got_disposition = web_header(&answer, "Content-Disposition");
    assert_answer(&answer, 200);
    assert_string_equal(got_type, type);
    assert_string_equal(got_disposition, disposition);
}

/* The URL with the first FROM in it replaced; to be freed. */
static char *altered(const char *url, const char *from, const char *to)
{
    char *out = NULL;
    const char *at = strstr(url, from);
    assert_non_null(at);
    assert_true(asprintf(&out, "%.*s%s%s", (int)(at - url), url, to, at + strlen(from)) > 0);
    return out;
}

static void an_altered_url_is_refused(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_presign presign = get;
    struct mgw_presigned presigned;
    presign.response_content_type = "video/webm";
    put_text(kit_bucket(), "some-key", "x");
    put_text(kit_bucket(), "other-key", "secret");
    sign(call, "some-key", &presign, &presigned);
    AUTO_FREE char *key = altered(presigned.url, "some-key", "other-key");
    AUTO_FREE char *type = altered(presigned.url, "video", "text");
    AUTO_FREE char *more = altered(presigned.url, "?", "?response-content-language=de&");
    AUTO_FREE char *end = strdup(presigned.url);
    end[strlen(end) - 1] ^= 1; /* of the signature */
    const char *const urls[] = {key, type, more, end};
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        AUTO_ANSWER struct web_answer answer = web_send("GET", urls[i], NULL, NULL, 0);
        assert_answer(&answer, 403);
        assert_null(strstr(answer.body, "secret"));
    }
}

static void a_get_url_is_good_for_nothing_else(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_presigned presigned;
    put_text(kit_bucket(), "k", "old");
    sign(call, "k", &get, &presigned);
    AUTO_ANSWER struct web_answer put = web_send("PUT", presigned.url, NULL, "new", 3);
    assert_answer_refused(&put);
    AUTO_ANSWER struct web_answer removal = web_send("DELETE", presigned.url, NULL, NULL, 0);
    assert_answer_refused(&removal);
    assert_text(kit_bucket(), "k", "old");
}

static void an_expired_url_is_refused(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_presign presign = get;
    struct mgw_presigned presigned;
    presign.ttl_sec = 1;
    put_text(kit_bucket(), "k", "x");
    sign(call, "k", &presign, &presigned);
    long status = 200;
    for (int i = 0; i < 300 && status == 200; i++) {
        AUTO_ANSWER struct web_answer answer = web_do(&presigned, NULL, 0);
        status = answer.status;
        usleep(100000);
    }
    assert_int_equal(status, 403);
    assert_true(kit_host.wall_ms() >= presigned.expires_at_ms);
}

static void a_ttl_beyond_the_limit_is_invalid(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_blob blob = blob_of(kit_bucket(), "k");
    struct mgw_presign presign = get;
    struct mgw_presigned presigned = {.size = sizeof presigned};
    assert_true(limits.max_presign_ttl_sec > 0);
    const int64_t wrong[] = {0, -1, limits.max_presign_ttl_sec + 1};
    for (size_t i = 0; i < 3; i++) {
        presign.ttl_sec = wrong[i];
        assert_status(call, driver->presign(call, instance, &blob, &presign, &presigned),
                      MGW_INVALID);
    }
    presign.ttl_sec = limits.max_presign_ttl_sec;
    put_text(kit_bucket(), "k", "x");
    sign(call, "k", &presign, &presigned);
    AUTO_ANSWER struct web_answer answer = web_do(&presigned, NULL, 0);
    assert_answer(&answer, 200);
}

/* ---- PUT ---- */

static void a_presigned_put_takes_what_was_asked_for(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    static const char *const map[] = {"id", "0192-abc", "account", "acme", "name", "Grüße", NULL};
    struct mgw_presign presign = put_of(5, "video/webm;codecs=\"vp9,opus\"");
    struct mgw_presigned presigned;
    struct mgw_stat stat = {.size = sizeof stat};
    struct mgw_blob blob = blob_of(kit_bucket(), "a b/ü+c");
    presign.content_md5 = "XUFAKrxLKna5cZ2REBfFkg=="; /* of "hello" */
    presign.metadata = map;
    make_bucket();
    sign(call, "a b/ü+c", &presign, &presigned);
    assert_string_equal(presigned.method, "PUT");
    assert_absent(kit_bucket(), "a b/ü+c");
    AUTO_ANSWER struct web_answer answer = web_do(&presigned, "hello", 5);
    assert_answer(&answer, 200);
    assert_text(kit_bucket(), "a b/ü+c", "hello");
    assert_status(call, driver->stat(call, instance, &blob, &stat), MGW_OK);
    assert_int_equal(stat.bytes, 5);
    assert_string_equal(stat.content_type, "video/webm;codecs=\"vp9,opus\"");
    for (size_t i = 0; map[i]; i += 2) {
        const char *value = map_get(stat.metadata, map[i]);
        assert_non_null(value);
        assert_string_equal(value, map[i + 1]);
    }
}

static void a_presigned_put_of_zero_bytes_is_legal(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_presign presign = put_of(0, "video/webm");
    struct mgw_presigned presigned;
    make_bucket();
    sign(call, "k", &presign, &presigned);
    AUTO_ANSWER struct web_answer answer = web_do(&presigned, "", 0);
    assert_answer(&answer, 200);
    assert_text(kit_bucket(), "k", "");
}

/* The headers to send, but NAME with another VALUE, or without it where VALUE is NULL. To be freed.
 */
static const char **changed(const char *const *headers, const char *name, const char *value)
{
    size_t count = 0, to = 0;
    while (headers && headers[count]) {
        count += 2;
    }
    const char **out = calloc(count + 3, sizeof *out);
    assert_non_null(out);
    bool found = false;
    for (size_t i = 0; i < count; i += 2) {
        bool is = strcasecmp(headers[i], name) == 0;
        found = found || is;
        if (!is || value) {
            out[to++] = headers[i];
            out[to++] = is ? value : headers[i + 1];
        }
    }
    if (!found && value) {
        out[to++] = name;
        out[to++] = value;
    }
    return out;
}

/* "/bucket/key" of a URL in path style, or what comes nearest to it. To be freed. */
static char *path_of(const char *url)
{
    const char *path = strchr(strstr(url, "://") + 3, '/');
    assert_non_null(path);
    return strndup(path, strcspn(path, "?"));
}

static void a_presigned_put_takes_nothing_else(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    static const char *const map[] = {"id", "1", NULL};
    static const struct {
        const char *name, *value, *body;
    } wrong[] = {
        {"none", NULL, "hell"},
        {"none", NULL, "hello!"},
        {"none", NULL, ""},
        {"none", NULL, "jello"}, /* the digest */
        {"Content-Type", "text/html", "hello"},
        {"Content-Type", NULL, "hello"},
        {"Content-MD5", "DMF1ucDxtqgxw5niaXcmYQ==", "a"},
        {"Content-MD5", NULL, "hello"},
        {"If-None-Match", NULL, "hello"},
        {"x-amz-meta-id", "2", "hello"},
    };
    struct mgw_presign presign = put_of(5, "video/webm");
    struct mgw_presigned presigned;
    presign.content_md5 = "XUFAKrxLKna5cZ2REBfFkg==";
    presign.metadata = map;
    make_bucket();
    sign(call, "k", &presign, &presigned);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        AUTO_FREE const char **headers = changed(presigned.headers, wrong[i].name, wrong[i].value);
        AUTO_ANSWER struct web_answer answer =
            web_send("PUT", presigned.url, headers, wrong[i].body, strlen(wrong[i].body));
        if (answer.status == 200) {
            print_error("taken: %s %s, body \"%s\"\n", wrong[i].name,
                        wrong[i].value ? wrong[i].value : "left out", wrong[i].body);
        }
        assert_answer_refused(&answer);
        assert_absent(kit_bucket(), "k");
    }
    AUTO_ANSWER struct web_answer right = web_do(&presigned, "hello", 5);
    assert_answer(&right, 200);
}

/* Headers that a client adds of its own: what they ask for beyond the signed request must not come
 * to be, whether the server refuses them or not. */
static void a_presigned_put_copies_nothing(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    put_text(kit_bucket(), "victim", "secret");
    for (size_t length = 0; length <= 6; length += 6) {
        static const char *const ranges[] = {NULL, "bytes=0-5"};
        for (size_t i = 0; i < 2; i++) {
            struct mgw_presign presign = put_of(length, "video/webm");
            struct mgw_presigned presigned;
            sign(call, "victim", &get, &presigned);
            AUTO_FREE char *source = path_of(presigned.url);
            sign(call, "thief", &presign, &presigned);
            AUTO_FREE const char **one = changed(presigned.headers, "x-amz-copy-source", source);
            AUTO_FREE const char **both = changed(one, "x-amz-copy-source-range", ranges[i]);
            AUTO_ANSWER struct web_answer answer =
                web_send("PUT", presigned.url, ranges[i] ? both : one, "public", length);
            enum mgw_status status;
            size_t got = 0;
            AUTO_FREE char *bytes = try_get(call, kit_bucket(), "thief", &got, &status);
            if (bytes && got && memcmp(bytes, "secre", got < 5 ? got : 5) == 0) {
                fail_msg("a PUT's URL has copied another blob (%zu bytes declared%s)", length,
                         ranges[i] ? ", with a range" : "");
            }
            struct mgw_blob thief = blob_of(kit_bucket(), "thief");
            assert_status(call, driver->remove(call, instance, &thief), MGW_OK);
        }
    }
}

static void a_presigned_put_opens_nothing_to_the_public(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    static const char *const wrong[][2] = {
        {"x-amz-acl", "public-read"},
        {"x-amz-grant-read", "uri=http://acs.amazonaws.com/groups/global/AllUsers"}};
    make_bucket();
    for (size_t i = 0; i < 2; i++) {
        struct mgw_presign presign = put_of(6, "video/webm");
        struct mgw_presigned presigned;
        sign(call, "k", &presign, &presigned);
        AUTO_FREE char *bare = strndup(presigned.url, strcspn(presigned.url, "?"));
        AUTO_FREE const char **headers = changed(presigned.headers, wrong[i][0], wrong[i][1]);
        AUTO_ANSWER struct web_answer put = web_send("PUT", presigned.url, headers, "secret", 6);
        AUTO_ANSWER struct web_answer answer = web_send("GET", bare, NULL, NULL, 0);
        struct mgw_blob blob = blob_of(kit_bucket(), "k");
        assert_status(call, driver->remove(call, instance, &blob), MGW_OK);
        if (answer.status == 200) {
            fail_msg("%s has made it public", wrong[i][0]);
        }
        assert_answer_refused(&answer);
    }
}

static void a_presigned_put_never_replaces(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_presign presign = put_of(3, "video/webm");
    struct mgw_presigned presigned;
    put_text(kit_bucket(), "k", "old");
    sign(call, "k", &presign, &presigned);
    AUTO_ANSWER struct web_answer answer = web_do(&presigned, "new", 3);
    assert_answer(&answer, 412);
    assert_text(kit_bucket(), "k", "old");
    sign(call, "k2", &presign, &presigned);
    AUTO_ANSWER struct web_answer first = web_do(&presigned, "one", 3);
    assert_answer(&first, 200);
    AUTO_ANSWER struct web_answer second = web_do(&presigned, "two", 3);
    assert_answer(&second, 412);
    assert_text(kit_bucket(), "k2", "one");
}

static void an_altered_or_expired_put_changes_nothing(void **state)
{
    (void)state;
    AUTO_CALL struct mgw_call *call = kit_call_new();
    struct mgw_presign presign = put_of(1, "video/webm");
    struct mgw_presigned presigned;
    make_bucket();
    sign(call, "some-key", &presign, &presigned);
    AUTO_FREE char *other = altered(presigned.url, "some-key", "other-key");
    AUTO_ANSWER struct web_answer answer = web_send("PUT", other, presigned.headers, "x", 1);
    assert_answer(&answer, 403);
    assert_absent(kit_bucket(), "other-key");
    presign.ttl_sec = 1;
    sign(call, "some-key", &presign, &presigned);
    while (kit_host.wall_ms() < presigned.expires_at_ms + 2000) {
        usleep(100000);
    }
    AUTO_ANSWER struct web_answer late = web_do(&presigned, "x", 1);
    assert_answer(&late, 403);
    assert_absent(kit_bucket(), "some-key");
}

#define GET MGW_STORAGE_PRESIGN_GET
#define PUT MGW_STORAGE_PRESIGN_PUT
const struct kit_case presign_cases[] = {
    READ_CASE(presign_answers_method_url_and_expiry, "presign", GET),
    READ_CASE(a_presigned_get_gives_the_bytes, "MGW_PRESIGN_GET", GET),
    CASE(a_presigned_get_overrides_type_and_disposition, "mgw_presign.response_*", GET),
    READ_CASE(an_altered_url_is_refused, "presign", GET),
    READ_CASE(a_get_url_is_good_for_nothing_else, "presign", GET),
    READ_CASE(an_expired_url_is_refused, "mgw_presigned.expires_at_ms", GET),
    READ_CASE(a_ttl_beyond_the_limit_is_invalid, "limits.max_presign_ttl_sec", GET),
    CASE(a_presigned_put_takes_what_was_asked_for, "MGW_PRESIGN_PUT", PUT),
    CASE(a_presigned_put_of_zero_bytes_is_legal, "mgw_presign.length: exact", PUT),
    CASE(a_presigned_put_takes_nothing_else, "presign: exactly the length, type, digest", PUT),
    CASE(a_presigned_put_copies_nothing, "presign: exactly the length, type, digest", PUT | GET),
    CASE(a_presigned_put_opens_nothing_to_the_public, "presign", PUT),
    CASE(a_presigned_put_never_replaces, "presign: never replaces a blob", PUT),
    CASE(an_altered_or_expired_put_changes_nothing, "presign", PUT),
    {0},
};
