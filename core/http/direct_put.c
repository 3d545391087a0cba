/* SPDX-License-Identifier: Apache-2.0
 *
 * See direct.h: the bytes, where they come through the gateway. The URL is the only credential. */
#include "core/http/answer.h"
#include "core/http/direct.h"
#include "core/http/gateway.h"
#include "core/http/tally.h"

#include <string.h>
#include <strings.h>

struct direct_put {
    struct mgw_direct_put *put;
    char *account; /* whose tally it is in; NULL: in none */
};

static bool put_failed(struct exchange *x, enum mgw_status status)
{
    answer_failure(x, status, ANSWER_PUT);
    return false;
}

static bool put_bad(struct exchange *x, const char *message)
{
    answer_bad(x, message);
    return false;
}

/* What the URL does not sign but a PUT to it must be. */
static bool put_check(struct exchange *x)
{
    static const char *const signed_ones[] = {"expires", "kid", "size",   "type",
                                              "md5",     "sig", "sha256", NULL};
    if (target_repeated(x->target, signed_ones)) {
        return put_bad(x, "a query parameter came twice");
    }
    if (x->has_body && x->content_length == UINT64_MAX) {
        answer_error(x, 411, "length_required", "a Content-Length is needed here");
        return false;
    }
    const char *encoding = exchange_header(x, "Content-Encoding");
    if (encoding && strcasecmp(encoding, "identity") != 0) {
        answer_error(x, 415, "unsupported_media_type", "Content-Encoding is not supported");
        return false;
    }
    if (exchange_header(x, "Content-Range")) {
        return put_bad(x, "Content-Range: the bytes can only be sent as a whole");
    }
    AUTO_FREE char *if_none_match = exchange_header_list(x, "If-None-Match");
    if (exchange_header(x, "If-Match") || (if_none_match && strcmp(if_none_match, "*") != 0)) {
        return put_bad(x, "the only condition that holds here is If-None-Match: *");
    }
    return true;
}

static bool put_begin(struct exchange *x, struct mgw_direct_put **put)
{
    const struct target *target = x->target;
    struct mgw_direct_put_request request = {
        .size = sizeof request,
        .bucket = target->bucket,
        .key = target->key,
        .expires = target_param(target, "expires"),
        .kid = target_param(target, "kid"),
        .length = target_param(target, "size"),
        .type = target_param(target, "type"),
        .content_md5 = target_param(target, "md5"),
        .sha256 = target_param(target, "sha256"),
        .sig = target_param(target, "sig"),
        .content_length = x->content_length,
        .content_type = exchange_header(x, "Content-Type"),
        .content_md5_header = exchange_header(x, "Content-MD5"),
    };
    enum mgw_status status = mgw_direct_put_begin(x->gateway->media, x->call, &request, put);
    return status == MGW_OK || put_failed(x, status);
}

static bool put_open(struct exchange *x)
{
    if (!put_check(x)) {
        return false;
    }
    struct direct_put *mine = x->direct_put = calloc(1, sizeof *mine);
    if (!mine) {
        return put_bad(x, NULL);
    }
    if (!put_begin(x, &mine->put)) {
        return false;
    }
    AUTO_FREE char *account = strdup(mgw_direct_put_account(mine->put));
    if (!account || !tally_enter(x->gateway->uploads, account)) {
        answer_error(x, 429, "too_many_uploads", "this account has too many uploads running");
        answer_header(x, "Retry-After", "1");
        return false;
    }
    mine->account = TAKE(account);
    return true;
}

static bool put_feed(struct exchange *x, const char *bytes, size_t length)
{
    enum mgw_status status = mgw_direct_put_write(x->direct_put->put, x->call, bytes, length);
    return status == MGW_OK || put_failed(x, status);
}

static void put_free(struct exchange *x)
{
    struct direct_put *mine = x->direct_put;
    x->direct_put = NULL;
    if (mine && mine->account) {
        tally_leave(x->gateway->uploads, mine->account);
        free(mine->account);
    }
    free(mine);
}

static void put_drop(struct exchange *x)
{
    struct direct_put *mine = x->direct_put;
    if (mine && mine->put) {
        mgw_direct_put_abort(mine->put, x->call);
    }
    put_free(x);
}

static void put_finish(struct exchange *x)
{
    enum mgw_status status = mgw_direct_put_finish(TAKE(x->direct_put->put), x->call);
    if (status == MGW_OK) {
        answer_empty(x, 200);
    } else {
        put_failed(x, status);
    }
    put_free(x);
}

const struct sink direct_put_sink = {put_open, put_feed, put_finish, put_drop};
