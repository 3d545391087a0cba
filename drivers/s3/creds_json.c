/* SPDX-License-Identifier: Apache-2.0 */
#include "creds_json.h"

#include <jansson.h>
#include <openssl/crypto.h>
#include <string.h>

static const char *text_at(const json_t *document, const char *name)
{
    return json_string_value(json_object_get(document, name));
}

/* Jansson frees its strings as they are; they are our own heap, so that this may write to them. */
static void drop(json_t *document)
{
    static const char *const secrets[] = {"SecretAccessKey", "Token"};
    for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++) {
        const char *text = text_at(document, secrets[i]);
        if (text) {
            OPENSSL_cleanse((void *)(uintptr_t)text, strlen(text));
        }
    }
    json_decref(document);
}

/* A code such as "AssumeRoleUnauthorizedAccess"; NULL where it is something else. */
static const char *code_of(const json_t *document)
{
    const char *code = text_at(document, "Code");
    static const char kept[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.";
    return code && *code && strlen(code) < 64 && strspn(code, kept) == strlen(code) ? code : NULL;
}

static enum mgw_status read_document(struct mgw_call *call, const char *where,
                                     const json_t *document, bool must_end,
                                     struct creds_found *found)
{
    const char *code = code_of(document), *ends = text_at(document, "Expiration");
    int64_t ends_ms = 0;
    if (code && strcmp(code, "Success") != 0) {
        return mgw_fail(call, MGW_UNAVAILABLE, "%s: %s", where, code);
    }
    if (ends ? !creds_time(ends, &ends_ms) : must_end) {
        return mgw_fail(call, MGW_UNAVAILABLE, "%s: the answer has no valid Expiration", where);
    }
    const char *token = text_at(document, "Token");
    enum mgw_status status = creds_found_set(call, found, where, text_at(document, "AccessKeyId"),
                                             text_at(document, "SecretAccessKey"), token);
    if (status == MGW_OK) {
        found->expires_at_ms = ends_ms;
    }
    return status == MGW_DENIED ? MGW_UNAVAILABLE : status;
}

enum mgw_status creds_json_read(struct mgw_call *call, const char *where, const char *json,
                                size_t length, bool must_end, struct creds_found *found)
{
    json_t *document = json_loadb(json, length, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(document)) {
        json_decref(document);
        return mgw_fail(call, MGW_UNAVAILABLE, "%s: the answer is no JSON object", where);
    }
    enum mgw_status status = read_document(call, where, document, must_end, found);
    drop(document);
    return status;
}
