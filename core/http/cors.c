/* SPDX-License-Identifier: Apache-2.0
 *
 * See cors.h. Credentials are allowed to an exactly listed origin only, never to "*". */
#include "core/http/cors.h"

#include "core/http/answer.h"
#include "core/http/origin.h"

void cors_answer(struct exchange *x)
{
    const char *origin;
    enum origin_verdict verdict = origin_judge(x, &origin);
    answer_header(x, "Vary", "Origin");
    if (verdict == ORIGIN_LISTED) {
        answer_header(x, "Access-Control-Allow-Origin", origin);
        answer_header(x, "Access-Control-Allow-Credentials", "true");
    } else if (verdict == ORIGIN_ANY) {
        answer_header(x, "Access-Control-Allow-Origin", "*");
    } else {
        return;
    }
    answer_header(x, "Access-Control-Expose-Headers",
                  "Accept-Ranges, Content-Digest, Content-Disposition, Content-Length, "
                  "Content-Range, ETag, Repr-Digest, Retry-After, X-Request-Id");
}

void cors_preflight(struct exchange *x, const char *methods)
{
    answer_header(x, "Allow", methods);
    const char *origin;
    enum origin_verdict verdict = origin_judge(x, &origin);
    bool asked = exchange_header(x, "Access-Control-Request-Method") != NULL;
    if (!asked || (verdict != ORIGIN_LISTED && verdict != ORIGIN_ANY)) {
        return;
    }
    answer_header(x, "Access-Control-Allow-Methods", methods);
    answer_header(x, "Access-Control-Allow-Headers",
                  "Authorization, Content-Digest, Content-MD5, Content-Type, Idempotency-Key, "
                  "If-Match, If-None-Match, If-Range, Range, Repr-Digest, X-Account-Id, X-Api-Key, "
                  "X-Chunk-Idx, X-Duration-Ms, X-Kind, X-Media-Metadata, X-Owner-Email, "
                  "X-Request-Id, X-Session-Id, X-Take-Index");
    answer_header(x, "Access-Control-Max-Age", "7200");
}
