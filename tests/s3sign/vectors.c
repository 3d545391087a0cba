/* SPDX-License-Identifier: Apache-2.0
 *
 * AWS's Signature Version 4 test suite: each request of vectors/ is signed, and the Authorization
 * header must be the suite's, byte for byte. */
#include "drivers/s3/encode.h"
#include "drivers/s3/sign.h"
#include "tests/unit/unit.h"

#include <openssl/evp.h>
#include <stdio.h>

#define DATE_MS INT64_C(1440938160000) /* 2015-08-30T12:36:00Z */

struct vector {
    const char *name;
    const char *session_token; /* what the .req does not say itself */
};

static const struct vector vectors[] = {
    {"get-header-key-duplicate", NULL},
    {"get-header-value-multiline", NULL},
    {"get-header-value-order", NULL},
    {"get-header-value-trim", NULL},
    {"get-space", NULL},
    {"get-special-character", NULL},
    {"get-unreserved", NULL},
    {"get-utf8", NULL},
    {"get-vanilla", NULL},
    {"get-vanilla-empty-query-key", NULL},
    {"get-vanilla-query", NULL},
    {"get-vanilla-query-order-encoded", NULL},
    {"get-vanilla-query-order-key", NULL},
    {"get-vanilla-query-order-key-case", NULL},
    {"get-vanilla-query-order-value", NULL},
    {"get-vanilla-query-unreserved", NULL},
    {"get-vanilla-utf8-query", NULL},
    {"get-vanilla-with-session-token",
     "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267"},
    {"post-header-key-case", NULL},
    {"post-header-key-sort", NULL},
    {"post-header-value-case", NULL},
    {"post-sts-header-before", NULL},
    {"post-vanilla", NULL},
    {"post-vanilla-empty-query-value", NULL},
    {"post-vanilla-query", NULL},
    {"post-x-www-form-urlencoded", NULL},
    {"post-x-www-form-urlencoded-parameters", NULL},
};

static const char *folder;

/* A request as the suite writes it, cut up in place. */
struct request {
    char *text;
    char *method, *target, *body;
    struct sign_pair headers[16], query[16];
    size_t header_count, query_count;
    const char *host, *session_token;
};

static char *slurp(const char *name, const char *suffix)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s.%s", folder, name, suffix);
    FILE *file = fopen(path, "rb");
    if (!file) {
        fail_msg("%s cannot be read", path);
    }
    char *text = calloc(1, 65536);
    assert_non_null(text);
    assert_true(fread(text, 1, 65535, file) > 0);
    fclose(file);
    return text;
}

/* The line at *AT and those that go on from it (they begin with a space); NULL: the head is over.
 */
static char *next_line(char **at)
{
    char *line = *at, *end = line ? strchr(line, '\n') : NULL;
    if (!line || !*line || *line == '\n') {
        *at = line && *line ? line + 1 : line;
        return NULL;
    }
    while (end && end[1] == ' ') {
        end = strchr(end + 1, '\n');
    }
    *at = end ? end + 1 : line + strlen(line);
    if (end) {
        *end = '\0';
    }
    return line;
}

static void decode(char *text)
{
    char *to = text;
    for (const char *at = text; *at; at++) {
        unsigned int byte = (unsigned char)*at;
        if (*at == '%') {
            assert_int_equal(sscanf(at + 1, "%2x", &byte), 1);
            at += 2;
        }
        *to++ = (char)byte;
    }
    *to = '\0';
}

static void cut_query(struct request *request)
{
    char *query = strchr(request->target, '?'), *next = NULL;
    if (query) {
        *query++ = '\0';
    }
    for (char *name = query; name && *name; name = next) {
        next = strchr(name, '&');
        if (next) {
            *next++ = '\0';
        }
        char *value = strchr(name, '=');
        if (value) {
            *value++ = '\0';
            decode(value);
        }
        decode(name);
        assert_true(request->query_count < COUNT(request->query));
        request->query[request->query_count++] = (struct sign_pair){name, value};
    }
}

static void cut_header(struct request *request, char *line)
{
    char *value = strchr(line, ':');
    assert_non_null(value);
    *value++ = '\0';
    for (char *at = line; *at; at++) {
        *at = (char)(*at >= 'A' && *at <= 'Z' ? *at + 32 : *at);
    }
    if (strcmp(line, "host") == 0) {
        request->host = value;
    } else if (strcmp(line, "x-amz-security-token") == 0) {
        request->session_token = value;
    } else if (strcmp(line, "x-amz-date") == 0) {
        assert_string_equal(value, "20150830T123600Z");
    } else {
        assert_true(request->header_count < COUNT(request->headers));
        request->headers[request->header_count++] = (struct sign_pair){line, value};
    }
}

static void read_request(const char *name, struct request *request)
{
    *request = (struct request){.text = slurp(name, "req")};
    char *at = request->text, *first = next_line(&at), *version = strstr(first, " HTTP/1.1");
    assert_non_null(version);
    *version = '\0';
    request->method = first;
    request->target = strchr(first, ' ');
    assert_non_null(request->target);
    *request->target++ = '\0';
    for (char *line; (line = next_line(&at));) {
        cut_header(request, line);
    }
    request->body = at;
    cut_query(request);
}

static void digest(const char *body, char hex[65])
{
    unsigned char bytes[32];
    assert_true(EVP_Digest(body, strlen(body), bytes, NULL, EVP_sha256(), NULL));
    for (size_t i = 0; i < sizeof bytes; i++) {
        snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
    }
}

static void check(struct signer *signer, const struct vector *vector)
{
    struct request request;
    read_request(vector->name, &request);
    char hash[65];
    digest(request.body, hash);
    AUTO_TEXT struct text path = {0}, query = {0}, lines = {0}, expected = {0};
    encode_uri(&path, request.target, true);
    struct credential credential = {.access_key = "AKIDEXAMPLE",
                                    .secret_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
                                    .session_token = vector->session_token ? vector->session_token
                                                                           : request.session_token};
    struct sign_request to_sign = {.method = request.method,
                                   .host = request.host,
                                   .path = text_of(&path),
                                   .query = request.query,
                                   .query_count = request.query_count,
                                   .headers = request.headers,
                                   .header_count = request.header_count,
                                   .payload = hash,
                                   .region = "us-east-1",
                                   .service = "service",
                                   .now_ms = DATE_MS};
    assert_true(sign_header(signer, &credential, &to_sign, &query, &lines));
    AUTO_FREE char *authz = slurp(vector->name, "authz");
    text_printf(&expected, "Authorization: %s\n", authz);
    const char *made = strstr(text_of(&lines), "Authorization: ");
    if (!made || strcmp(made, text_of(&expected)) != 0) {
        fail_msg("%s:\n%s\nis not\n%s", vector->name, made ? made : "nothing", text_of(&expected));
    }
    free(request.text);
}

static void every_vector_gets_the_published_signature(void **state)
{
    (void)state;
    struct signer *signer = signer_new();
    assert_non_null(signer);
    for (size_t i = 0; i < COUNT(vectors); i++) {
        check(signer, &vectors[i]);
    }
    signer_free(signer);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: test_s3_sign_vectors FOLDER\n");
        return 2;
    }
    folder = argv[1];
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_vector_gets_the_published_signature),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
