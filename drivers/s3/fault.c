/* SPDX-License-Identifier: Apache-2.0
 *
 * The codes: Amazon S3 API Reference, "List of error codes", and what MinIO and Ceph add. */
#include "fault.h"

#include "answer.h"

#include <curl/curl.h>
#include <string.h>

enum { AGAIN = 1, DOUBTFUL = 2, RENEW = 4, REGION = 8 };

static const struct {
    const char *code;
    enum mgw_status status;
    int what;
} codes[] = {
    {"NoSuchKey", MGW_NOT_FOUND, 0},
    {"NoSuchUpload", MGW_NOT_FOUND, 0},
    {"NoSuchBucket", MGW_NOT_FOUND, 0},
    {"AccessDenied", MGW_DENIED, 0},
    {"SignatureDoesNotMatch", MGW_DENIED, 0},
    {"RequestTimeTooSkewed", MGW_DENIED, 0},
    {"InvalidAccessKeyId", MGW_DENIED, RENEW},
    {"ExpiredToken", MGW_DENIED, RENEW},
    {"TokenRefreshRequired", MGW_DENIED, RENEW},
    {"PreconditionFailed", MGW_CONFLICT, 0},
    {"ConditionalRequestConflict", MGW_UNAVAILABLE, AGAIN},
    {"OperationAborted", MGW_UNAVAILABLE, AGAIN},
    {"BucketAlreadyOwnedByYou", MGW_EXISTS, 0},
    {"BucketAlreadyExists", MGW_DENIED, 0},
    {"InvalidRange", MGW_RANGE, 0},
    {"EntityTooLarge", MGW_TOO_LARGE, 0},
    {"BadDigest", MGW_IO, AGAIN},
    {"XAmzContentSHA256Mismatch", MGW_IO, AGAIN},
    {"XAmzContentChecksumMismatch", MGW_IO, AGAIN},
    {"RequestTimeout", MGW_UNAVAILABLE, AGAIN},
    {"RequestTimeoutException", MGW_UNAVAILABLE, AGAIN},
    {"IncompleteBody", MGW_UNAVAILABLE, AGAIN},
    {"SlowDown", MGW_UNAVAILABLE, AGAIN},
    {"SlowDownRead", MGW_UNAVAILABLE, AGAIN},
    {"SlowDownWrite", MGW_UNAVAILABLE, AGAIN},
    {"ServiceUnavailable", MGW_UNAVAILABLE, AGAIN},
    {"RequestLimitExceeded", MGW_UNAVAILABLE, AGAIN},
    {"Throttling", MGW_UNAVAILABLE, AGAIN},
    {"TooManyRequests", MGW_UNAVAILABLE, AGAIN},
    {"InternalError", MGW_UNAVAILABLE, AGAIN | DOUBTFUL},
    {"QuotaExceeded", MGW_QUOTA, 0},
    {"XMinioAdminBucketQuotaExceeded", MGW_QUOTA, 0},
    {"XMinioStorageFull", MGW_NO_SPACE, 0},
    {"NotImplemented", MGW_UNSUPPORTED, 0},
    {"MethodNotAllowed", MGW_UNSUPPORTED, 0},
    {"AuthorizationHeaderMalformed", MGW_DENIED, REGION},
    {"AuthorizationQueryParametersError", MGW_DENIED, REGION},
    {"PermanentRedirect", MGW_INVALID, REGION},
    {"TemporaryRedirect", MGW_INVALID, REGION},
    {"Redirect", MGW_INVALID, REGION},
};

static int by_status(long status, enum mgw_status *to)
{
    *to = MGW_INVALID;
    switch (status) {
    case 401:
    case 403:
        *to = MGW_DENIED;
        return 0;
    case 404:
        *to = MGW_NOT_FOUND;
        return 0;
    case 405:
    case 501:
        *to = MGW_UNSUPPORTED;
        return 0;
    case 409:
        *to = MGW_UNAVAILABLE;
        return AGAIN;
    case 412:
    case 304:
        *to = MGW_CONFLICT;
        return 0;
    case 413:
        *to = MGW_TOO_LARGE;
        return 0;
    case 416:
        *to = MGW_RANGE;
        return 0;
    case 507:
        *to = MGW_NO_SPACE;
        return 0;
    case 408:
    case 429:
    case 503:
        *to = MGW_UNAVAILABLE;
        return AGAIN;
    default:
        if (status >= 500) {
            *to = MGW_UNAVAILABLE;
            return AGAIN | DOUBTFUL;
        }
        return status / 100 == 3 ? REGION : 0;
    }
}

/* Seconds, or a date (RFC 9110 section 10.2.3). */
static int64_t retry_after(const struct s3 *s3, const struct request *request)
{
    char value[64];
    lane_header(&request->exchange, "retry-after", value, sizeof value);
    if (!*value) {
        return 0;
    }
    if (value[strspn(value, "0123456789")] == '\0') {
        return strlen(value) < 6 ? (int64_t)strtol(value, NULL, 10) * 1000 : 0;
    }
    time_t at = curl_getdate(value, NULL);
    int64_t ms = at > 0 ? (int64_t)at * 1000 - s3->host->wall_ms() : 0;
    return ms > 0 && ms < 100000000 ? ms : 0;
}

void fault_of_answer(const struct s3 *s3, const struct request *request, struct fault *fault)
{
    *fault = (struct fault){0};
    AUTO_ANSWER struct answer answer = {0};
    const void *root = answer_open(&answer, &request->exchange.answer, "Error");
    int what = by_status(request->status, &fault->status);
    if (root) {
        answer_value(root, "Code", fault->code, sizeof fault->code);
        answer_value(root, "Message", fault->message, sizeof fault->message);
        answer_value(root, "RequestId", fault->request_id, sizeof fault->request_id);
        answer_value(root, "Region", fault->region, sizeof fault->region);
    }
    if (!fault->request_id[0]) {
        lane_header(&request->exchange, "x-amz-request-id", fault->request_id,
                    sizeof fault->request_id);
    }
    if (!fault->region[0]) {
        lane_header(&request->exchange, "x-amz-bucket-region", fault->region, sizeof fault->region);
    }
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        if (strcmp(codes[i].code, fault->code) == 0) {
            fault->status = codes[i].status;
            what = codes[i].what;
        }
    }
    if (request->status == 400 && strcmp(request->method, "HEAD") == 0) {
        what = REGION | RENEW; /* Amazon says no more of either to a HEAD */
    }
    if (!fault->code[0]) {
        snprintf(fault->code, sizeof fault->code, "HTTP %ld", request->status);
    }
    fault->again = what & AGAIN;
    fault->doubtful = what & DOUBTFUL;
    fault->renew = what & RENEW;
    fault->other_region = (what & REGION) && fault->region[0];
    fault->delay_ms = fault->again ? retry_after(s3, request) : 0;
}

void fault_of_end(const struct request *request, enum lane_end end, struct fault *fault)
{
    *fault = (struct fault){.status = MGW_UNAVAILABLE};
    fault->again = end == LANE_NOT_SENT || end == LANE_BROKEN;
    fault->doubtful = end == LANE_BROKEN;
    snprintf(fault->message, sizeof fault->message, "%s",
             end == LANE_TOO_LARGE ? "the answer is larger than any that S3 gives"
                                   : request->exchange.error);
    if (end == LANE_UNTRUSTED) {
        snprintf(fault->message, sizeof fault->message,
                 "the server's certificate does not hold (%.120s): set ca_file to its CA",
                 request->exchange.error);
    } else if (end == LANE_TOO_LARGE) {
        fault->status = MGW_IO;
    }
}

static const char *hint(const struct request *request, const struct fault *fault, char *out,
                        size_t size, const struct s3 *s3)
{
    char date[64];
    *out = '\0';
    if (strcmp(fault->code, "RequestTimeTooSkewed") == 0) {
        lane_header(&request->exchange, "date", date, sizeof date);
        time_t now = (time_t)(s3->host->wall_ms() / 1000);
        struct tm tm;
        char own[40];
        gmtime_r(&now, &tm);
        strftime(own, sizeof own, "%a, %d %b %Y %H:%M:%S GMT", &tm);
        snprintf(out, size, "; this machine's clock says %s, the server's %s: synchronise it", own,
                 date);
    } else if (strcmp(fault->code, "NoSuchBucket") == 0) {
        snprintf(out, size, "; create the bucket, or set create_bucket in development");
    } else if (request->status == 403 && strcmp(request->method, "HEAD") == 0) {
        snprintf(out, size,
                 "; without s3:ListBucket a missing object looks like this too: grant it");
    } else if (request->status / 100 == 3) {
        snprintf(out, size, "; set region and endpoint to the bucket's own");
    }
    return out;
}

enum mgw_status fault_tell(struct mgw_call *call, const struct s3 *s3,
                           const struct request *request, const struct fault *fault,
                           unsigned attempts)
{
    char more[200], tries[32] = "", id[160] = "";
    if (call->error && MGW_HAS(call->error, foreign_request_id)) {
        snprintf(call->error->foreign_code, sizeof call->error->foreign_code, "%s", fault->code);
        snprintf(call->error->foreign_request_id, sizeof call->error->foreign_request_id, "%s",
                 fault->request_id);
        call->error->retry_after_ms = fault->delay_ms;
    }
    if (attempts > 1) {
        snprintf(tries, sizeof tries, " after %u attempts", attempts);
    }
    if (fault->request_id[0]) {
        snprintf(id, sizeof id, " (request id %s)", fault->request_id);
    }
    return mgw_fail(call, fault->status, "S3 at %s: %s %s%s%.100s: %s%s%s%s%s%s", s3->place.host,
                    request->method, request->bucket ? request->bucket : "",
                    request->object ? "/" : "", request->object ? request->object : "", fault->code,
                    fault->code[0] && fault->message[0] ? ": " : "", fault->message, tries, id,
                    hint(request, fault, more, sizeof more, s3));
}
