/* SPDX-License-Identifier: Apache-2.0
 *
 * The signer as S3 documents it (Signature Calculations for the Authorization Header: Transferring
 * Payload in a Single Chunk; Authenticating Requests: Using Query Parameters), and what the
 * published examples leave open, against signatures that botocore made of the same requests. */
#include "drivers/s3/sign.h"

#include "drivers/s3/encode.h"
#include "drivers/s3/sign_key.h"
#include "tests/unit/unit.h"

#include <pthread.h>
#include <stdio.h>

#define DATE_MS INT64_C(1369353600000) /* 2013-05-24T00:00:00Z */
#define ACCESS_KEY "AKIAIOSFODNN7EXAMPLE"

static const struct credential lasting = {.access_key = ACCESS_KEY,
                                          .secret_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"};
static const struct credential temporary = {.access_key = ACCESS_KEY,
                                            .secret_key =
                                                "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                                            .session_token = "tok/en+=="};

static int make_signer(void **state)
{
    *state = signer_new();
    return *state ? 0 : -1;
}

static int drop_signer(void **state)
{
    signer_free(*state);
    return 0;
}

/* A request to examplebucket, as S3's documentation writes it. */
static struct sign_request example(const char *method, const char *path, const char *payload)
{
    return (struct sign_request){.method = method,
                                 .host = "examplebucket.s3.amazonaws.com",
                                 .path = path,
                                 .payload = payload,
                                 .region = "us-east-1",
                                 .service = "s3",
                                 .now_ms = DATE_MS};
}

static void check_header(struct signer *signer, const struct credential *credential,
                         const struct sign_request *request, const char *query,
                         const char *signed_names, const char *signature)
{
    AUTO_TEXT struct text made_query = {0}, lines = {0}, expected = {0};
    assert_true(sign_header(signer, credential, request, &made_query, &lines));
    assert_string_equal(text_of(&made_query), query);
    text_put(&expected, "x-amz-date: 20130524T000000Z\n");
    if (*request->payload) {
        text_printf(&expected, "x-amz-content-sha256: %s\n", request->payload);
    }
    if (credential->session_token) {
        text_printf(&expected, "x-amz-security-token: %s\n", credential->session_token);
    }
    text_printf(&expected,
                "Authorization: AWS4-HMAC-SHA256 Credential=" ACCESS_KEY
                "/20130524/%s/s3/aws4_request, SignedHeaders=%s, Signature=%s\n",
                request->region, signed_names, signature);
    assert_string_equal(text_of(&lines), text_of(&expected));
}

static void get_with_a_range_is_signed_as_documented(void **state)
{
    struct sign_request request = example("GET", "/test.txt", SIGN_EMPTY);
    struct sign_pair headers[] = {{"range", "bytes=0-9"}};
    request.headers = headers;
    request.header_count = COUNT(headers);
    check_header(*state, &lasting, &request, "", "host;range;x-amz-content-sha256;x-amz-date",
                 "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

static void put_is_signed_as_documented(void **state)
{
    AUTO_TEXT struct text path = {0};
    encode_uri(&path, "/test$file.text", true);
    struct sign_request request = example(
        "PUT", text_of(&path), "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072");
    struct sign_pair headers[] = {{"date", "Fri, 24 May 2013 00:00:00 GMT"},
                                  {"x-amz-storage-class", "REDUCED_REDUNDANCY"}};
    request.headers = headers;
    request.header_count = COUNT(headers);
    check_header(*state, &lasting, &request, "",
                 "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
                 "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
}

static void a_parameter_without_a_value_is_signed_as_documented(void **state)
{
    struct sign_request request = example("GET", "/", SIGN_EMPTY);
    struct sign_pair query[] = {{"lifecycle", NULL}};
    request.query = query;
    request.query_count = COUNT(query);
    check_header(*state, &lasting, &request, "lifecycle=", "host;x-amz-content-sha256;x-amz-date",
                 "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
}

static void a_list_is_signed_as_documented(void **state)
{
    struct sign_request request = example("GET", "/", SIGN_EMPTY);
    struct sign_pair query[] = {{"prefix", "J"}, {"max-keys", "2"}};
    request.query = query;
    request.query_count = COUNT(query);
    check_header(*state, &lasting, &request, "max-keys=2&prefix=J",
                 "host;x-amz-content-sha256;x-amz-date",
                 "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

static void a_presigned_get_is_the_documented_one(void **state)
{
    struct sign_request request = example("GET", "/test.txt", SIGN_UNSIGNED);
    AUTO_TEXT struct text query = {0};
    assert_true(sign_query(*state, &lasting, &request, 86400, &query));
    assert_string_equal(
        text_of(&query),
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2F"
        "us-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&"
        "X-Amz-SignedHeaders=host&X-Amz-Signature="
        "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
}

static void copy_source_and_its_range_are_sorted_as_s3_sorts_them(void **state)
{
    struct sign_request request = example("PUT", "/b/to%20here%2B%25%27%28%29%21%2A", SIGN_EMPTY);
    struct sign_pair query[] = {{"uploadId", "a+b/c=d&e"}, {"partNumber", "2"}};
    struct sign_pair headers[] = {{"x-amz-copy-source-range", "bytes=0-5242879"},
                                  {"x-amz-copy-source", "/b/from%20there%2B"},
                                  {"x-amz-copy-source-if-match", "\"abc\""}};
    request.host = "127.0.0.1:9000";
    request.query = query;
    request.query_count = COUNT(query);
    request.headers = headers;
    request.header_count = COUNT(headers);
    check_header(*state, &temporary, &request, "partNumber=2&uploadId=a%2Bb%2Fc%3Dd%26e",
                 "host;x-amz-content-sha256;x-amz-copy-source;x-amz-copy-source-if-match;"
                 "x-amz-copy-source-range;x-amz-date;x-amz-security-token",
                 "1a89ac6d33fee535de7560f3313ca2cc7d597d7f4b383645456c1f4dd79b464c");
}

static void uploads_is_signed_with_its_equals_sign(void **state)
{
    struct sign_request request = example("POST", "/b/k", SIGN_UNSIGNED);
    struct sign_pair query[] = {{"uploads", NULL}};
    struct sign_pair headers[] = {{"x-amz-meta-a", "x"}, {"content-type", "video/webm"}};
    request.host = "127.0.0.1:9000";
    request.region = "eu-west-1";
    request.query = query;
    request.query_count = COUNT(query);
    request.headers = headers;
    request.header_count = COUNT(headers);
    check_header(*state, &lasting, &request,
                 "uploads=", "content-type;host;x-amz-content-sha256;x-amz-date;x-amz-meta-a",
                 "0e2624a74ab10f2188dc118e4e79ee6bbc875b8b969669ff387d103ca2edad4f");
}

static void a_presigned_get_carries_overrides_and_session_token(void **state)
{
    struct sign_request request = example("GET", "/a/../b//c%20%C3%A9", SIGN_UNSIGNED);
    struct sign_pair query[] = {
        {"response-content-type", "audio/mpeg"},
        {"response-content-disposition", "attachment; filename=\"a b.mp3\""}};
    request.host = "b.s3.eu-central-1.amazonaws.com";
    request.region = "eu-central-1";
    request.query = query;
    request.query_count = COUNT(query);
    AUTO_TEXT struct text made = {0};
    assert_true(sign_query(*state, &temporary, &request, 900, &made));
    assert_string_equal(
        text_of(&made),
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2F"
        "eu-central-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=900&"
        "X-Amz-Security-Token=tok%2Fen%2B%3D%3D&X-Amz-SignedHeaders=host&"
        "response-content-disposition=attachment%3B%20filename%3D%22a%20b.mp3%22&"
        "response-content-type=audio%2Fmpeg&X-Amz-Signature="
        "358f12b0b35ac4e24e0be55a510c78e5296eb93c6d36493ea69cddc86f2414c0");
}

static void a_presigned_put_binds_the_headers_to_send(void **state)
{
    struct sign_request request = example("PUT", "/k", SIGN_UNSIGNED);
    struct sign_pair headers[] = {{"content-type", "video/webm"},
                                  {"content-length", "5"},
                                  {"if-none-match", "*"},
                                  {"content-md5", "XUFAKrxLKna5cZ2REBfFkg=="}};
    request.host = "b.s3.eu-central-1.amazonaws.com";
    request.region = "eu-central-1";
    request.headers = headers;
    request.header_count = COUNT(headers);
    AUTO_TEXT struct text made = {0};
    assert_true(sign_query(*state, &lasting, &request, 900, &made));
    assert_string_equal(
        text_of(&made),
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2F"
        "eu-central-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=900&"
        "X-Amz-SignedHeaders=content-length%3Bcontent-md5%3Bcontent-type%3Bhost%3Bif-none-match&"
        "X-Amz-Signature=fc780b8a1b8fc08e8603cfc9469da12a06a54c80b5c5c43ec5fbae3cfad0c329");
}

static void encoding_leaves_only_unreserved_bytes(void **state)
{
    (void)state;
    for (int byte = 1; byte < 256; byte++) {
        char plain[] = {(char)byte, '\0'}, escaped[4];
        AUTO_TEXT struct text whole = {0}, path = {0};
        encode_uri(&whole, plain, false);
        encode_uri(&path, plain, true);
        bool kept = (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
                    (byte >= 'a' && byte <= 'z') || strchr("-._~", byte);
        snprintf(escaped, sizeof escaped, "%%%02X", (unsigned int)byte);
        assert_string_equal(text_of(&whole), kept ? plain : escaped);
        assert_string_equal(text_of(&path), kept || byte == '/' ? plain : escaped);
    }
}

static void a_payload_that_is_left_out_sends_no_header(void **state)
{
    struct sign_request request = example("GET", "/", "");
    AUTO_TEXT struct text query = {0}, lines = {0};
    assert_true(sign_header(*state, &lasting, &request, &query, &lines));
    assert_null(strstr(text_of(&lines), "x-amz-content-sha256"));
}

static void a_remembered_key_is_the_derived_one(void **state)
{
    (void)state;
    /* the documentation's own: Examples of how to derive a signing key for Signature Version 4 */
    static const unsigned char documented[SIGN_KEY_SIZE] = {
        0xc4, 0xaf, 0xb1, 0xcc, 0x57, 0x71, 0xd8, 0x71, 0x76, 0x3a, 0x39,
        0x3e, 0x44, 0xb7, 0x03, 0x57, 0x1b, 0x55, 0xcc, 0x28, 0x42, 0x4d,
        0x1a, 0x5e, 0x86, 0xda, 0x6e, 0xd3, 0xc1, 0x54, 0xa4, 0xb9};
    static const char secret[] = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
    struct sign_key_table *table = sign_key_table_new();
    assert_non_null(table);
    unsigned char key[SIGN_KEY_SIZE], other[SIGN_KEY_SIZE];
    for (int round = 0; round < 3; round++) {
        assert_true(sign_key_get(table, secret, "20150830", "us-east-1", "iam", key));
        assert_memory_equal(key, documented, sizeof key);
        for (int i = 0; i < 40; i++) { /* more than it holds */
            char region[16];
            snprintf(region, sizeof region, "region-%d", i);
            assert_true(sign_key_get(table, secret, "20150830", region, "iam", other));
            assert_memory_not_equal(key, other, sizeof key);
        }
    }
    assert_true(sign_key_get(table, secret, "20150831", "us-east-1", "iam", other));
    assert_memory_not_equal(key, other, sizeof key);
    assert_true(sign_key_get(table, "another", "20150830", "us-east-1", "iam", other));
    assert_memory_not_equal(key, other, sizeof key);
    sign_key_table_free(table);
}

struct crowd {
    struct signer *signer;
    bool same;
};

static void *sign_often(void *ctx)
{
    struct crowd *crowd = ctx;
    char regions[20][16];
    crowd->same = true;
    for (int i = 0; i < 400; i++) {
        char *region = regions[i % 20];
        snprintf(region, sizeof regions[0], "region-%d", i % 20);
        struct sign_request request = example("GET", "/test.txt", SIGN_UNSIGNED);
        AUTO_TEXT struct text one = {0}, two = {0};
        request.region = region;
        crowd->same = crowd->same && sign_query(crowd->signer, &lasting, &request, 60, &one) &&
                      sign_query(crowd->signer, &lasting, &request, 60, &two) &&
                      strcmp(text_of(&one), text_of(&two)) == 0;
    }
    return NULL;
}

static void threads_share_a_signer(void **state)
{
    enum { THREADS = 8 };
    pthread_t threads[THREADS];
    struct crowd crowds[THREADS];
    for (size_t i = 0; i < THREADS; i++) {
        crowds[i] = (struct crowd){.signer = *state};
        assert_int_equal(pthread_create(&threads[i], NULL, sign_often, &crowds[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_true(crowds[i].same);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(get_with_a_range_is_signed_as_documented),
        cmocka_unit_test(put_is_signed_as_documented),
        cmocka_unit_test(a_parameter_without_a_value_is_signed_as_documented),
        cmocka_unit_test(a_list_is_signed_as_documented),
        cmocka_unit_test(a_presigned_get_is_the_documented_one),
        cmocka_unit_test(copy_source_and_its_range_are_sorted_as_s3_sorts_them),
        cmocka_unit_test(uploads_is_signed_with_its_equals_sign),
        cmocka_unit_test(a_presigned_get_carries_overrides_and_session_token),
        cmocka_unit_test(a_presigned_put_binds_the_headers_to_send),
        cmocka_unit_test(encoding_leaves_only_unreserved_bytes),
        cmocka_unit_test(a_payload_that_is_left_out_sends_no_header),
        cmocka_unit_test(a_remembered_key_is_the_derived_one),
        cmocka_unit_test(threads_share_a_signer),
    };
    return cmocka_run_group_tests(tests, make_signer, drop_signer);
}
