/* SPDX-License-Identifier: Apache-2.0
 *
 * See token.h. */
#include "tests/security/token.h"

#include "tests/support/keep.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>
#include <time.h>

static char *base64url(const void *bytes, size_t length)
{
    char *text = keep_text("%*s", (int)(length * 4 / 3 + 4), "");
    EVP_EncodeBlock((unsigned char *)text, bytes, (int)length);
    for (char *at = text; *at; at++) {
        *at = *at == '+' ? '-' : *at == '/' ? '_' : *at == '=' ? '\0' : *at;
    }
    return text;
}

char *token_make(const char *account)
{
    static const char head[] = "{\"alg\":\"HS256\",\"typ\":\"JWT\"}";
    const char *claims = keep_text("{\"iss\":\"" TOKEN_ISSUER "\",\"aud\":\"" TOKEN_AUDIENCE
                                   "\",\"account_id\":\"%s\",\"exp\":%lld}",
                                   account, (long long)time(NULL) + 3600);
    const char *signed_ =
        keep_text("%s.%s", base64url(head, sizeof head - 1), base64url(claims, strlen(claims)));
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    HMAC(EVP_sha256(), TOKEN_SECRET, sizeof TOKEN_SECRET - 1, (const unsigned char *)signed_,
         strlen(signed_), mac, &length);
    return keep_text("%s.%s", signed_, base64url(mac, length));
}
