/* SPDX-License-Identifier: Apache-2.0
 *
 * AWS Signature Version 4 (Signing and authenticating REST requests; Authenticating requests:
 * using query parameters): one signer for headers and for presigned URLs. A signer remembers the
 * signing key of the day for each (secret, region, service); any thread. */
#ifndef S3_SIGN_H
#define S3_SIGN_H

#include "creds.h"
#include "text.h"

#define SIGN_UNSIGNED "UNSIGNED-PAYLOAD"
#define SIGN_EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

struct sign_pair {
    const char *name, *value; /* plain; a header's name in lower case; VALUE NULL of a query: "" */
};

struct sign_request {
    const char *method;
    const char *host;              /* as it is sent, with the port unless it is the scheme's own */
    const char *path;              /* as it is sent: percent-encoded, beginning with a slash */
    const struct sign_pair *query; /* in any order */
    size_t query_count;
    const struct sign_pair *headers; /* to be signed, but host and what the signer adds itself */
    size_t header_count;
    const char
        *payload; /* hex SHA-256 of the body, or SIGN_UNSIGNED; "" is an empty body without the
                     x-amz-content-sha256 header, which services other than S3 never get */
    const char *region, *service;
    int64_t now_ms; /* wall clock */
};

struct signer;
struct signer *signer_new(void);
void signer_free(struct signer *signer);

/* Header signing: QUERY gets the canonical (encoded, sorted) query without "?", as it is to be
 * sent; LINES the lines "Name: value\n" to send besides request->headers: x-amz-date,
 * x-amz-content-sha256, x-amz-security-token, Authorization. False: memory or OpenSSL failed. */
bool sign_header(struct signer *signer, const struct credential *credential,
                 const struct sign_request *request, struct text *query, struct text *lines);
/* Query signing: QUERY gets the whole signed query, X-Amz-Signature last. payload is SIGN_UNSIGNED;
 * request->headers must be sent as they are. */
bool sign_query(struct signer *signer, const struct credential *credential,
                const struct sign_request *request, int64_t ttl_sec, struct text *query);

#endif
