/* SPDX-License-Identifier: Apache-2.0
 *
 * Signed URLs: what is signed is honoured, and no URL is that says anything else than a signed one.
 * Lines: bucket, key, file name ("": none), seconds, changes to the URL (fuzz_alter). The whole
 * input is tried as a target too. */
#include "core/media/url.h"

#include "core/base/text.h"
#include "core/http/target.h"
#include "tests/fuzz/fuzz.h"

static struct mgw_media *media(void)
{
    static char nothing[] = "";
    static struct mgw_media made = {.public_url = nothing};
    static const char secret[] = "0123456789abcdef0123456789abcdef!";
    const struct mgw_url_key keys[] = {{sizeof keys[0], "new", secret, 32, true},
                                       {sizeof keys[0], "old", secret + 1, 32, false}};
    struct mgw_error error = {.size = sizeof error};
    if (!made.keys) {
        PROMISE(sign_keys_new(keys, 2, &made.keys, &error) == MGW_OK);
    }
    return &made;
}

/* What the route does with a target: MGW_OK where it would open the blob. */
static enum mgw_status honour(struct mgw_call *call, const struct target *target,
                              struct mgw_content_request *request, int64_t *expires_at)
{
    static const char *const signed_ones[] = {"expires",  "kid", "disposition",
                                              "filename", "sig", NULL};
    if (!target || !target->key || target_repeated(target, signed_ones)) {
        return MGW_INVALID;
    }
    *request = (struct mgw_content_request){.size = sizeof *request,
                                            .bucket = target->bucket,
                                            .key = target->key,
                                            .expires = target_param(target, "expires"),
                                            .kid = target_param(target, "kid"),
                                            .disposition = target_param(target, "disposition"),
                                            .file_name = target_param(target, "filename"),
                                            .sig = target_param(target, "sig")};
    return url_check(media(), call, request, expires_at);
}

static bool same(const char *one, const char *other)
{
    return one && other ? strcmp(one, other) == 0 : one == other;
}

static void try_altered(struct mgw_call *call, const char *url, const char *bucket, const char *key,
                        const char *file_name, int64_t expires)
{
    const char *error;
    struct mgw_content_request request;
    int64_t expires_at = 0;
    AUTO_TARGET struct target *target = target_parse(url, strlen(url), &error);
    if (honour(call, target, &request, &expires_at) != MGW_OK) {
        return;
    }
    PROMISE(expires_at == expires * 1000);
    PROMISE(same(request.bucket, bucket) && same(request.key, key) && same(request.kid, "new"));
    PROMISE(same(request.file_name, file_name));
    PROMISE(same(request.disposition, file_name ? "attachment" : NULL));
}

static void sign_and_alter(struct mgw_call *call, struct fuzz_rest *rest)
{
    AUTO_FREE char *bucket = fuzz_line(rest), *key = fuzz_line(rest), *name = fuzz_line(rest);
    AUTO_FREE char *seconds = fuzz_line(rest);
    int64_t expires = strtoll(seconds, NULL, 10);
    const char *file_name = *name ? name : NULL;
    AUTO_FREE char *url = url_sign(media(), bucket, key, expires, file_name);
    PROMISE(url != NULL);
    for (const char *at = url; *at; at++) {
        PROMISE(*at > ' ' && *at <= '~');
    }
    const char *error;
    struct mgw_content_request request;
    int64_t expires_at = 0;
    AUTO_TARGET struct target *target = target_parse(url, strlen(url), &error);
    enum mgw_status status = honour(call, target, &request, &expires_at);
    if (*bucket && *key && text_is_utf8(bucket, strlen(bucket)) && text_is_utf8(key, strlen(key)) &&
        text_is_utf8(name, strlen(name)) && strlen(url) < TARGET_MAX) {
        /* year 2096 to 31690 are certainly to come, and a URL can say them */
        bool good = expires > 4000000000 && expires <= 999999999999;
        PROMISE(good || expires > 1700000000 ? true : status == MGW_DENIED);
        PROMISE(!good || status == MGW_OK);
    }
    AUTO_FREE char *altered = fuzz_alter(url, rest);
    try_altered(call, altered, bucket, key, file_name, expires);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct mgw_call *call;
    call = call ? call : mgw_call_new("acme", "fuzz", 0);
    call_clear(call);
    struct fuzz_rest rest = {data, size};
    sign_and_alter(call, &rest);

    const char *error;
    struct mgw_content_request request;
    int64_t expires_at;
    AUTO_TARGET struct target *target = target_parse((const char *)data, size, &error);
    PROMISE(honour(call, target, &request, &expires_at) != MGW_OK);
    return 0;
}
