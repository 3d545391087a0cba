/* SPDX-License-Identifier: Apache-2.0
 *
 * API keys: `mgw_<16 hex>_<43 base64url>`. A record a key, found by its public id; of the secret
 * only the SHA-256 is kept (256 random bits need no slow hash). Any thread. */
#include "core/media/keys.h"

#include "core/base/buf.h"
#include "core/base/clock.h"
#include "core/base/id.h"
#include "core/media/checks.h"
#include "core/media/internal.h"
#include "core/media/keycache.h"

#include <jansson.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

enum { KEY_ID_BYTES = 8, KEY_SECRET_BYTES = 32, KEY_ID_TEXT = 16, KEY_SECRET_TEXT = 43 };

#define TOKEN_PREFIX "mgw_"

/* A key's record, read. Text points into `json`. */
struct key_record {
    json_t *json;
    const char *hash;
    struct mgw_api_key key;
    int64_t version;
    char id[KEY_ID_TEXT + 1];
};

static void key_record_release(struct key_record *record)
{
    json_decref(record->json);
}
#define AUTO_KEY_RECORD AUTO(key_record_release)

static bool read_record(struct key_record *to, const struct mgw_record *record)
{
    json_int_t scopes = 0, created = 0;
    json_t *expires = NULL, *revoked = NULL;
    json_decref(to->json);
    to->json = json_loads(record->text, JSON_REJECT_DUPLICATES, NULL);
    to->version = record->version;
    if (!to->json || strlen(record->id) != KEY_ID_TEXT ||
        json_unpack(to->json, "{s:s, s:s, s:I, s:I, s?:o, s?:o}", "account", &to->key.account,
                    "sha256", &to->hash, "scopes", &scopes, "createdAt", &created, "expiresAt",
                    &expires, "revokedAt", &revoked) != 0) {
        json_decref(to->json);
        to->json = NULL;
        return false;
    }
    memcpy(to->id, record->id, sizeof to->id);
    to->key.size = sizeof to->key;
    to->key.id = to->id;
    to->key.scopes = (uint32_t)scopes;
    to->key.created_at = created;
    to->key.expires_at = json_is_integer(expires) ? json_integer_value(expires) : MGW_ABSENT;
    to->key.revoked_at = json_is_integer(revoked) ? json_integer_value(revoked) : MGW_ABSENT;
    return true;
}

static bool keep_record(void *ctx, const struct mgw_record *record)
{
    read_record(ctx, record);
    return false;
}

static enum mgw_status find_key(struct mgw_media *media, struct mgw_call *call, const char *id,
                                struct key_record *found)
{
    enum mgw_status status =
        rows_get_record(media->rows, call, KEYS_RECORD, "", id, keep_record, found);
    if (status == MGW_OK && !found->json) {
        status = mgw_fail(call, MGW_CORRUPT, "the record of API key %s cannot be read", id);
    }
    return status;
}

static enum mgw_status put_key(struct mgw_media *media, struct mgw_call *call, const char *id,
                               const json_t *json, int64_t version)
{
    AUTO_FREE char *text = json_dumps(json, JSON_COMPACT);
    if (!text) {
        return mgw_fail(call, MGW_IO, "out of memory");
    }
    struct mgw_record record = {.size = sizeof record,
                                .kind = KEYS_RECORD,
                                .account = "",
                                .id = id,
                                .text = text,
                                .expires_at = MGW_ABSENT};
    struct mgw_change change = {.size = sizeof change,
                                .type = MGW_CHANGE_PUT_RECORD,
                                .record = &record,
                                .expect_version = version,
                                .expire_ms = MGW_ABSENT};
    struct mgw_change_result result = {.size = sizeof result};
    return rows_apply(media->rows, call, &change, &result, 1);
}

enum mgw_status mgw_key_create(struct mgw_media *media, struct mgw_call *call, const char *account,
                               uint32_t scopes, int64_t expires_at, char **token)
{
    call_clear(call);
    const char *wrong = checks_account(account);
    if (wrong) {
        return mgw_fail(call, MGW_INVALID, "account: %s", wrong);
    }
    if (scopes == 0 || scopes > (MGW_SCOPE_READ | MGW_SCOPE_WRITE | MGW_SCOPE_ADMIN)) {
        return mgw_fail(call, MGW_INVALID, "scopes: must be some of read, write, admin");
    }
    int64_t now = 0;
    enum mgw_status status = rows_now(media->rows, call, &now);
    if (status == MGW_OK && expires_at != MGW_ABSENT && expires_at <= now) {
        status = mgw_fail(call, MGW_INVALID, "the key's expiry must lie in the future");
    }
    if (status != MGW_OK) {
        return status;
    }
    unsigned char bytes[KEY_ID_BYTES + KEY_SECRET_BYTES];
    char id[KEY_ID_TEXT + 1], secret[KEY_SECRET_TEXT + 1], hash[65];
    id_random(bytes, sizeof bytes);
    id_hex(bytes, KEY_ID_BYTES, id);
    id_base64url(bytes + KEY_ID_BYTES, KEY_SECRET_BYTES, secret);
    sign_sha256_hex(secret, KEY_SECRET_TEXT, hash);
    json_t *json = json_pack("{s:s, s:s, s:I, s:I}", "account", account, "sha256", hash, "scopes",
                             (json_int_t)scopes, "createdAt", (json_int_t)now);
    if (json && expires_at != MGW_ABSENT) {
        json_object_set_new(json, "expiresAt", json_integer(expires_at));
    }
    AUTO_BUF struct buf text = {0};
    buf_printf(&text, TOKEN_PREFIX "%s_%s", id, secret);
    status = json && !text.failed ? put_key(media, call, id, json, MGW_VERSION_NONE)
                                  : mgw_fail(call, MGW_IO, "out of memory");
    json_decref(json);
    OPENSSL_cleanse(bytes, sizeof bytes);
    OPENSSL_cleanse(secret, sizeof secret);
    if (status == MGW_OK) {
        *token = buf_take(&text);
    }
    return status;
}

struct key_list {
    const char *account;
    mgw_api_key_emit *emit;
    void *ctx;
    char *last;
    uint32_t count;
    bool stopped;
};

static bool list_record(void *ctx, const struct mgw_record *record)
{
    struct key_list *list = ctx;
    AUTO_KEY_RECORD struct key_record read = {0};
    list->count++;
    free(list->last);
    list->last = strdup(record->id);
    if (read_record(&read, record) &&
        (!list->account || strcmp(list->account, read.key.account) == 0)) {
        list->stopped = !list->emit(list->ctx, &read.key);
    }
    return !list->stopped && list->last;
}

enum mgw_status mgw_key_list(struct mgw_media *media, struct mgw_call *call, const char *account,
                             mgw_api_key_emit *emit, void *ctx)
{
    enum { PAGE = 500 };
    call_clear(call);
    struct key_list list = {.account = account, .emit = emit, .ctx = ctx};
    enum mgw_status status;
    do {
        list.count = 0;
        status = rows_list_records(media->rows, call, KEYS_RECORD, "", list.last ? "" : NULL,
                                   list.last, PAGE, list_record, &list);
    } while (status == MGW_OK && list.count == PAGE && !list.stopped && list.last);
    free(list.last);
    return status;
}

enum mgw_status mgw_key_revoke(struct mgw_media *media, struct mgw_call *call, const char *id)
{
    enum { TRIES = 4 };
    call_clear(call);
    enum mgw_status status = MGW_CONFLICT;
    for (int i = 0; i < TRIES && status == MGW_CONFLICT; i++) {
        AUTO_KEY_RECORD struct key_record found = {0};
        int64_t now = 0;
        status = find_key(media, call, id, &found);
        if (status == MGW_NOT_FOUND) {
            return mgw_fail(call, MGW_NOT_FOUND,
                            "there is no API key with the id \"%s\"; see: mediagw key list", id);
        }
        if (status == MGW_OK && found.key.revoked_at != MGW_ABSENT) {
            break; /* by another node, perhaps: what is remembered here goes as well */
        }
        if (status == MGW_OK) {
            status = rows_now(media->rows, call, &now);
        }
        if (status == MGW_OK) {
            json_object_set_new(found.json, "revokedAt", json_integer(now));
            status = put_key(media, call, id, found.json, found.version);
        }
    }
    keycache_drop_all(media->keycache);
    return status;
}

/* The two parts of a token; false where it has not the form. */
static bool split_token(const char *token, char id[KEY_ID_TEXT + 1], const char **secret)
{
    size_t prefix = strlen(TOKEN_PREFIX);
    if (strlen(token) != prefix + KEY_ID_TEXT + 1 + KEY_SECRET_TEXT ||
        strncmp(token, TOKEN_PREFIX, prefix) != 0 || token[prefix + KEY_ID_TEXT] != '_') {
        return false;
    }
    memcpy(id, token + prefix, KEY_ID_TEXT);
    id[KEY_ID_TEXT] = '\0';
    *secret = token + prefix + KEY_ID_TEXT + 1;
    return strspn(id, "0123456789abcdef") == KEY_ID_TEXT;
}

/* Looks the key up and compares; *FOUND is the caller's to release. */
static enum mgw_status check_record(struct mgw_media *media, struct mgw_call *call, const char *id,
                                    const char *secret, struct key_record *found)
{
    char hash[65];
    sign_sha256_hex(secret, KEY_SECRET_TEXT, hash);
    enum mgw_status status = find_key(media, call, id, found);
    if (status != MGW_OK && status != MGW_NOT_FOUND) {
        return media_outside(status); /* not being able to tell is no refusal */
    }
    static const char nothing[] =
        "0000000000000000000000000000000000000000000000000000000000000000";
    const char *right = status == MGW_OK && strlen(found->hash) == 64 ? found->hash : nothing;
    bool same = CRYPTO_memcmp(hash, right, 64) == 0;
    if (status != MGW_OK || !same || found->key.revoked_at != MGW_ABSENT) {
        return mgw_fail(call, MGW_DENIED, "the API key is unknown or revoked");
    }
    return MGW_OK;
}

enum mgw_status mgw_key_check(struct mgw_media *media, struct mgw_call *call, const char *token,
                              mgw_api_key_emit *emit, void *ctx)
{
    call_clear(call);
    char id[KEY_ID_TEXT + 1];
    unsigned char hash[KEYCACHE_HASH];
    const char *secret;
    if (!split_token(token, id, &secret) ||
        !EVP_Digest(token, strlen(token), hash, NULL, EVP_sha256(), NULL)) {
        return mgw_fail(call, MGW_DENIED, "the API key is malformed");
    }
    AUTO_KEY_RECORD struct key_record found = {0};
    struct keycache_key known;
    uint64_t ticket;
    const struct mgw_api_key *key = &known.key;
    if (!keycache_get(media->keycache, hash, &known, &ticket)) {
        enum mgw_status status = check_record(media, call, id, secret, &found);
        if (status != MGW_OK) {
            return status;
        }
        key = &found.key;
        keycache_put(media->keycache, hash, key, ticket);
    }
    if (key->expires_at != MGW_ABSENT && key->expires_at <= clock_wall_ms()) {
        return mgw_fail(call, MGW_DENIED, "the API key has expired");
    }
    emit(ctx, key);
    return MGW_OK;
}

bool keys_record_is_revoked(const char *text)
{
    json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    bool revoked = json_is_integer(json_object_get(json, "revokedAt"));
    json_decref(json);
    return revoked;
}
