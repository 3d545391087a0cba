/* SPDX-License-Identifier: Apache-2.0
 *
 * Signed URLs of a direct upload's PUT: what is signed is honoured, and no URL is that says
 * anything else than a signed one, be it one that was signed for reading. Lines: bucket, key, size,
 * type, MD5
 * ("": none), SHA-256 (the same), seconds, changes to the URL (fuzz_alter). The whole input is
 * tried as a target too. */
#include "core/base/text.h"
#include "core/http/target.h"
#include "core/media/url.h"
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

/* What the route does with a target: MGW_OK where it would take the bytes. */
static enum mgw_status honour(struct mgw_call *call, const struct target *target,
                              struct url_put *put)
{
    static const char *const signed_ones[] = {"expires", "kid", "size",   "type",
                                              "md5",     "sig", "sha256", NULL};
    if (!target || !target->key || target_repeated(target, signed_ones)) {
        return MGW_INVALID;
    }
    struct mgw_direct_put_request request = {.size = sizeof request,
                                             .bucket = target->bucket,
                                             .key = target->key,
                                             .expires = target_param(target, "expires"),
                                             .kid = target_param(target, "kid"),
                                             .length = target_param(target, "size"),
                                             .type = target_param(target, "type"),
                                             .content_md5 = target_param(target, "md5"),
                                             .sha256 = target_param(target, "sha256"),
                                             .sig = target_param(target, "sig")};
    return url_check_put(media(), call, &request, put);
}

static bool same(const char *one, const char *other)
{
    return one && other ? strcmp(one, other) == 0 : one == other;
}

static void is_as_signed(const struct url_put *got, const struct url_put *put)
{
    PROMISE(same(got->bucket, put->bucket) && same(got->key, put->key));
    PROMISE(got->length == put->length && same(got->type, put->type));
    PROMISE(same(got->content_md5, put->content_md5) && same(got->sha256, put->sha256));
}

static void try_url(struct mgw_call *call, const char *url, const struct url_put *put, bool must)
{
    const char *error;
    struct url_put got;
    AUTO_TARGET struct target *target = target_parse(url, strlen(url), &error);
    enum mgw_status status = honour(call, target, &got);
    PROMISE(!must || status == MGW_OK);
    if (status == MGW_OK) {
        is_as_signed(&got, put);
    }
}

static bool sound(const char *text)
{
    return !text || (*text && text_is_utf8(text, strlen(text)));
}

static void sign_and_alter(struct mgw_call *call, struct fuzz_rest *rest)
{
    AUTO_FREE char *bucket = fuzz_line(rest), *key = fuzz_line(rest), *size = fuzz_line(rest);
    AUTO_FREE char *type = fuzz_line(rest), *md5 = fuzz_line(rest), *sha256 = fuzz_line(rest);
    AUTO_FREE char *seconds = fuzz_line(rest);
    int64_t expires = strtoll(seconds, NULL, 10);
    struct url_put put = {.bucket = bucket,
                          .key = key,
                          .length = (uint64_t)strtoull(size, NULL, 10) & INT64_MAX,
                          .type = type,
                          .content_md5 = *md5 ? md5 : NULL,
                          .sha256 = *sha256 ? sha256 : NULL};
    AUTO_FREE char *url = url_sign_put(media(), &put, expires);
    PROMISE(url != NULL);
    for (const char *at = url; *at; at++) {
        PROMISE(*at > ' ' && *at <= '~');
    }
    bool good = sound(bucket) && sound(key) && sound(type) && sound(put.content_md5) &&
                sound(put.sha256) && strlen(url) < TARGET_MAX && put.length < 1000000000000000000 &&
                expires > 4000000000 && expires <= 999999999999;
    try_url(call, url, &put, good);
    AUTO_FREE char *altered = fuzz_alter(url, rest);
    try_url(call, altered, &put, false);
    AUTO_FREE char *other = url_sign(media(), bucket, key, expires, NULL);
    const char *error;
    AUTO_TARGET struct target *target = target_parse(other, strlen(other), &error);
    PROMISE(honour(call, target, &put) != MGW_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct mgw_call *call;
    call = call ? call : mgw_call_new("acme", "fuzz", 0);
    call_clear(call);
    struct fuzz_rest rest = {data, size};
    sign_and_alter(call, &rest);

    const char *error;
    struct url_put put;
    AUTO_TARGET struct target *target = target_parse((const char *)data, size, &error);
    PROMISE(honour(call, target, &put) != MGW_OK);
    return 0;
}
