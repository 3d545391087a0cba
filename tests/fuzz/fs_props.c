/* SPDX-License-Identifier: Apache-2.0
 *
 * The fs driver's properties of a blob. The first byte chooses: the rest is what a disk might hold;
 * or lines (key, type, then names and values) that are encoded and must come back as they were. */
#include "drivers/fs/meta.h"
#include "tests/fuzz/fuzz.h"

#include <mediagw/media.h>

static bool same(const char *one, const char *other)
{
    return one && other ? strcmp(one, other) == 0 : one == other;
}

static void promise_back(struct mgw_call *call, const struct name *name, const struct mgw_put *put,
                         const char *bytes, size_t length, bool with_key)
{
    char key[MGW_KEY_MAX + 1] = "";
    struct mgw_stat stat = {.size = sizeof stat};
    PROMISE(meta_decode(call, bytes, length, &stat, key) == MGW_OK);
    PROMISE(same(stat.content_type, put->content_type));
    PROMISE(same(key, name->hashed || with_key ? name->key : ""));
    size_t i = 0;
    for (; put->metadata[i]; i++) {
        PROMISE(stat.metadata && same(stat.metadata[i], put->metadata[i]));
    }
    PROMISE(stat.metadata ? !stat.metadata[i] : i == 0);
}

static void encode(struct mgw_call *call, struct fuzz_rest *rest)
{
    enum { LINES = 16 };
    AUTO_FREE char *key = fuzz_line(rest), *type = fuzz_line(rest);
    char *lines[LINES + 1] = {0};
    for (size_t i = 0; i < LINES && rest->size; i += 2) {
        lines[i] = fuzz_line(rest);
        lines[i + 1] = fuzz_line(rest);
    }
    struct mgw_put put = {.size = sizeof put,
                          .content_type = *type ? type : NULL,
                          .metadata = (const char *const *)lines};
    struct mgw_blob blob = {sizeof blob, "bucket", key};
    struct name name;
    size_t length = 0, with = 0;
    char *bytes = NULL;
    if (name_make(call, &blob, &name) == MGW_OK &&
        meta_encode(call, &name, &put, &bytes, &length) == MGW_OK) {
        promise_back(call, &name, &put, bytes, length, false);
        char *all = meta_with_key(key, bytes, length, &with);
        PROMISE(all != NULL);
        promise_back(call, &name, &put, all, with, true);
        free(all);
        PROMISE(name_is_blob(name.file) && name_is_hashed(name.file) == name.hashed);
        if (!name.hashed) {
            char decoded[NAME_SIZE];
            name_decode(name.file, decoded);
            PROMISE(same(decoded, key));
        }
    }
    free(bytes);
    for (size_t i = 0; i < LINES; i++) {
        free(lines[i]);
    }
}

static void decode(struct mgw_call *call, const uint8_t *data, size_t size)
{
    char *bytes = malloc(size ? size : 1);
    PROMISE(bytes != NULL);
    memcpy(bytes, data, size);
    char key[MGW_KEY_MAX + 1] = "";
    struct mgw_stat stat = {.size = sizeof stat};
    enum mgw_status status = meta_decode(call, bytes, size, &stat, key);
    free(bytes);
    PROMISE(status == MGW_OK || status == MGW_CORRUPT);
    size_t texts = 0, length = stat.content_type ? strlen(stat.content_type) : 0;
    for (; stat.metadata && stat.metadata[texts]; texts++) {
        length += strlen(stat.metadata[texts]);
    }
    PROMISE(texts % 2 == 0 && length + strlen(key) <= size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    struct mgw_call *call = mgw_call_new("acme", "fuzz", 0);
    PROMISE(call != NULL);
    struct fuzz_rest rest = {data + 1, size - 1};
    if (data[0] % 2 == 0) {
        decode(call, rest.data, rest.size);
    } else {
        encode(call, &rest);
    }
    mgw_call_free(call);
    return 0;
}
