/* SPDX-License-Identifier: Apache-2.0
 *
 * The S3 driver's signer. Lines: path, then names and values of parameters. Their order does not
 * matter, nothing but unreserved bytes gets into the query, and decoded it is what went in. */
#include "drivers/s3/encode.h"
#include "drivers/s3/sign.h"
#include "tests/fuzz/fuzz.h"

enum { PAIRS = 16 };

static const struct credential credential = {
    .access_key = "AKIA", .secret_key = "secret", .session_token = "to/ken=="};

static void promise_encoded(const char *text, const char *besides)
{
    static const char kept[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    for (; *text; text++) {
        if (*text == '%') {
            PROMISE(text[1] && text[2] && strspn(text + 1, "0123456789ABCDEF") >= 2);
            text += 2;
        } else {
            PROMISE(strchr(kept, *text) || strchr(besides, *text));
        }
    }
}

static void promise_decodes(const char *encoded, const char *plain)
{
    for (; *encoded; encoded++, plain++) {
        unsigned int byte = (unsigned char)*encoded;
        if (*encoded == '%') {
            PROMISE(sscanf(encoded + 1, "%2X", &byte) == 1);
            encoded += 2;
        }
        PROMISE((unsigned char)*plain == byte);
    }
    PROMISE(!*plain);
}

static void sign_both(struct signer *signer, const struct sign_request *request,
                      struct text *header_query, struct text *lines, struct text *query)
{
    PROMISE(sign_header(signer, &credential, request, header_query, lines));
    PROMISE(sign_query(signer, &credential, request, 900, query));
    promise_encoded(text_of(header_query), "=&");
    promise_encoded(text_of(query), "=&");
}

static void check(struct sign_request *request, struct sign_pair *pairs, size_t count)
{
    static struct signer *signer;
    signer = signer ? signer : signer_new();
    PROMISE(signer != NULL);
    AUTO_TEXT struct text query1 = {0}, lines1 = {0}, signed1 = {0};
    AUTO_TEXT struct text query2 = {0}, lines2 = {0}, signed2 = {0};
    sign_both(signer, request, &query1, &lines1, &signed1);
    for (size_t i = 0; i < count / 2; i++) {
        struct sign_pair pair = pairs[i];
        pairs[i] = pairs[count - 1 - i];
        pairs[count - 1 - i] = pair;
    }
    sign_both(signer, request, &query2, &lines2, &signed2);
    PROMISE(strcmp(text_of(&query1), text_of(&query2)) == 0);
    PROMISE(strcmp(text_of(&lines1), text_of(&lines2)) == 0);
    PROMISE(strcmp(text_of(&signed1), text_of(&signed2)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_rest rest = {data, size};
    char *plain = fuzz_line(&rest), *lines[2 * PAIRS] = {0};
    struct sign_pair pairs[PAIRS];
    size_t count = 0;
    for (; count < PAIRS && rest.size; count++) {
        lines[2 * count] = fuzz_line(&rest);
        lines[2 * count + 1] = fuzz_line(&rest);
        pairs[count] = (struct sign_pair){lines[2 * count], lines[2 * count + 1]};
    }
    AUTO_TEXT struct text path = {0};
    encode_uri(&path, plain, true);
    promise_encoded(text_of(&path), "/");
    promise_decodes(text_of(&path), plain);
    struct sign_request request = {.method = "GET",
                                   .host = "localhost",
                                   .path = text_of(&path),
                                   .query = pairs,
                                   .query_count = count,
                                   .payload = SIGN_UNSIGNED,
                                   .region = "us-east-1",
                                   .service = "s3",
                                   .now_ms = INT64_C(1369353600000)};
    check(&request, pairs, count);
    free(plain);
    for (size_t i = 0; i < 2 * count; i++) {
        free(lines[i]);
    }
    return 0;
}
