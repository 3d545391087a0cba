/* SPDX-License-Identifier: Apache-2.0 */
#include "request.h"

#include "answer.h"
#include "fault.h"

#include <string.h>
#include <time.h>

enum { DELAY_MS = 200, DELAY_MAX_MS = 5000, STEP_MS = 100 };

void request_header(struct request *request, const char *name, const char *value)
{
    if (request->header_count < REQUEST_PAIRS) {
        request->headers[request->header_count++] = (struct sign_pair){name, value};
    }
}

void request_query(struct request *request, const char *name, const char *value)
{
    if (request->query_count < sizeof request->query / sizeof request->query[0]) {
        request->query[request->query_count++] = (struct sign_pair){name, value};
    }
}

int64_t request_delay(const struct s3 *s3, unsigned number)
{
    uint32_t random;
    int64_t most = DELAY_MS;
    for (unsigned i = 1; i < number && most < DELAY_MAX_MS; i++) {
        most *= 2;
    }
    most = most < DELAY_MAX_MS ? most : DELAY_MAX_MS;
    s3->host->random(&random, sizeof random);
    return (int64_t)(random % (uint32_t)(most + 1));
}

enum mgw_status request_pause(struct mgw_call *call, const struct s3 *s3, int64_t ms)
{
    int64_t until = s3->host->monotonic_ms() + ms;
    for (;;) {
        enum mgw_status status = s3_over(call, s3);
        int64_t left = until - s3->host->monotonic_ms();
        if (status != MGW_OK || left <= 0) {
            return status;
        }
        left = left < STEP_MS ? left : STEP_MS;
        nanosleep(&(struct timespec){.tv_nsec = left * 1000000}, NULL);
    }
}

/* ---- One attempt ---- */

/* What an attempt was signed with. */
struct used {
    char access_key[128], region[33];
};

static enum mgw_status sign(struct mgw_call *call, struct s3 *s3, struct request *request,
                            struct text *url, struct text *lines, struct used *used)
{
    struct credential credential;
    enum mgw_status status = creds_get(call, s3->creds, &credential);
    if (status != MGW_OK) {
        return status;
    }
    regions_get(&s3->regions, request->bucket, used->region);
    AUTO_TEXT struct text host = {0}, path = {0}, query = {0};
    place_address(&s3->place, used->region, request->bucket, request->object, &host, &path);
    struct sign_request to_sign = {
        .method = request->method,
        .host = text_of(&host),
        .path = text_of(&path),
        .query = request->query,
        .query_count = request->query_count,
        .headers = request->headers,
        .header_count = request->header_count,
        .payload = request->body.length > 0 ? request->sha256 : SIGN_EMPTY,
        .region = used->region,
        .service = "s3",
        .now_ms = s3->host->wall_ms(),
    };
    for (size_t i = 0; i < request->header_count; i++) {
        text_printf(lines, "%s: %s\n", request->headers[i].name, request->headers[i].value);
    }
    bool good = !host.failed && !path.failed &&
                sign_header(s3->signer, &credential, &to_sign, &query, lines);
    text_printf(url, "%s://%s%s", s3->place.scheme, text_of(&host), text_of(&path));
    if (query.length > 0) {
        text_printf(url, "?%s", text_of(&query));
    }
    snprintf(used->access_key, sizeof used->access_key, "%s", credential.access_key);
    return good && !query.failed && !url->failed && !lines->failed ? MGW_OK : s3_no_memory(call);
}

static enum mgw_status attempt(struct mgw_call *call, struct s3 *s3, struct request *request,
                               struct used *used)
{
    AUTO_TEXT struct text url = {0}, lines = {0};
    enum mgw_status status = s3_over(call, s3);
    status = status == MGW_OK ? sign(call, s3, request, &url, &lines, used) : status;
    if (status != MGW_OK) {
        return status;
    }
    lane_end(s3->lanes, &request->exchange);
    request->exchange = (struct lane_exchange){
        .method = request->method,
        .url = text_of(&url),
        .lines = text_of(&lines),
        .body = request->body,
        .body_sent = request->body_sent,
        .answer_max = request->answer_max ? request->answer_max : ANSWER_MAX,
        .sink = request->sink,
        .sink_ctx = request->sink_ctx,
    };
    if (!lane_begin(s3->lanes, &request->exchange)) {
        return s3_no_memory(call);
    }
    request->exchange.url = request->exchange.lines = NULL; /* libcurl has its own */
    request->end = lane_run(call, s3->host, &request->exchange);
    request->status = request->exchange.status;
    return MGW_OK;
}

/* ---- Attempts ---- */

static bool reads_only(const struct request *request)
{
    return strcmp(request->method, "GET") == 0 || strcmp(request->method, "HEAD") == 0;
}

/* What is over at once costs no attempt: another region, other credentials. Once each. */
static bool heal(struct s3 *s3, const struct request *request, const struct fault *fault,
                 const struct used *used, bool healed[2])
{
    if (fault->other_region && !healed[0]) {
        char region[33];
        regions_learn(&s3->regions, request->bucket, fault->region);
        regions_get(&s3->regions, request->bucket, region);
        healed[0] = strcmp(region, used->region) != 0; /* or another thread has learnt it */
        if (healed[0]) {
            return true;
        }
    }
    if (fault->renew && !healed[1]) {
        creds_renew(s3->creds, used->access_key);
        healed[1] = true;
        return true;
    }
    return false;
}

static bool has_result(const struct request *request)
{
    AUTO_ANSWER struct answer answer = {0};
    return !request->result ||
           answer_open(&answer, &request->exchange.answer, request->result) != NULL;
}

static bool is_good(const struct request *request)
{
    return (request->end == LANE_DONE || request->end == LANE_PAUSED) &&
           request->status / 100 == 2 && has_result(request);
}

static void fault_of_body(const struct s3 *s3, struct request *request, struct fault *fault)
{
    long status = request->status;
    request->status = 500; /* where no code says better */
    fault_of_answer(s3, request, fault);
    request->status = status;
    if (!fault->message[0]) {
        snprintf(fault->message, sizeof fault->message, "the answer's body is not what it must be");
    }
}

static void find_fault(const struct s3 *s3, struct request *request, struct fault *fault)
{
    if (request->end != LANE_DONE) {
        fault_of_end(request, request->end, fault);
    } else if (request->status / 100 == 2) {
        fault_of_body(s3, request, fault);
    } else {
        fault_of_answer(s3, request, fault);
    }
    snprintf(request->code, sizeof request->code, "%s", fault->code);
}

/* Whether another attempt may begin, after *DELAY. The clock runs from the first failure: a long
 * body that was cut late is worth another try too. */
static bool may_again(const struct mgw_call *call, const struct s3 *s3,
                      const struct request *request, const struct fault *fault, unsigned attempts,
                      int64_t *failed_at, int64_t *delay)
{
    int64_t now = s3->host->monotonic_ms();
    *failed_at = *failed_at ? *failed_at : now;
    *delay = request_delay(s3, attempts);
    *delay = fault->delay_ms > *delay ? fault->delay_ms : *delay;
    return fault->again && !request->once && attempts <= s3->retries &&
           now - *failed_at + *delay <= s3->retry_ms &&
           (!call->deadline_ms || now + *delay < call->deadline_ms);
}

/* The last failure's status does not undo an earlier attempt that may have been carried out. A
 * precondition, and what is not there, the caller judges. */
static enum mgw_status outcome(const struct request *request, enum mgw_status status, bool doubt)
{
    bool open = doubt && !reads_only(request) && status != MGW_CONFLICT &&
                status != MGW_NOT_FOUND && status != MGW_TIMEOUT && status != MGW_CANCELLED;
    return open ? MGW_UNKNOWN_OUTCOME : status;
}

enum mgw_status request_send(struct mgw_call *call, struct s3 *s3, struct request *request)
{
    bool healed[2] = {false, false}, doubt = false;
    struct fault fault;
    struct used used;
    unsigned attempts = 0;
    int64_t failed_at = 0, delay;
    if (s3->requester_pays && !request->paid) {
        request_header(request, "x-amz-request-payer", "requester");
        request->paid = true;
    }
    request->code[0] = '\0';
    for (;;) {
        enum mgw_status status = attempt(call, s3, request, &used);
        if (status != MGW_OK) {
            return outcome(request, status, doubt);
        }
        request->doubtful = doubt;
        if (is_good(request) || (request->exchange.sunk > 0 && request->end != LANE_OVER)) {
            return MGW_OK;
        }
        if (request->end == LANE_OVER) {
            return s3_over(call, s3);
        }
        find_fault(s3, request, &fault);
        attempts++;
        if (heal(s3, request, &fault, &used, healed)) {
            continue;
        }
        doubt = doubt || fault.doubtful;
        if (!may_again(call, s3, request, &fault, attempts, &failed_at, &delay)) {
            break;
        }
        status = request_pause(call, s3, delay);
        if (status != MGW_OK) {
            return status;
        }
    }
    fault.status = outcome(request, fault.status, doubt);
    return fault_tell(call, s3, request, &fault, attempts);
}

void request_end(struct s3 *s3, struct request *request)
{
    lane_end(s3->lanes, &request->exchange);
}

bool request_is(const struct request *request, const char *code)
{
    return strcmp(request->code, code) == 0;
}

enum mgw_status request_judge_body(struct mgw_call *call, const struct s3 *s3,
                                   struct request *request)
{
    struct fault fault;
    fault_of_body(s3, request, &fault);
    snprintf(request->code, sizeof request->code, "%s", fault.code);
    fault.status = outcome(request, fault.status, fault.doubtful);
    return fault_tell(call, s3, request, &fault, 1);
}
