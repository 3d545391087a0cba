/* SPDX-License-Identifier: Apache-2.0
 *
 * What a run is told from outside of the store behind the driver: the keys that it refuses, and
 * what it does not show any more. */
#include "core/kit/storage/kit.h"

enum form {
    DOT_COMPONENTS = 1,   /* a component "." or "..", also between backslashes */
    EMPTY_COMPONENTS = 2, /* "//", a leading slash */
    LONG_COMPONENTS = 4,  /* a component of more than 255 bytes */
    LEADING_SLASH = 8
};
static unsigned refused;

/* Bit I of TO for each of the words, parted by commas, that is NAMES[I]. */
static bool read_words(const char *words, const char *const *names, unsigned *to)
{
    while (*words) {
        size_t length = strcspn(words, ",");
        unsigned bit = 0;
        for (unsigned i = 0; names[i]; i++) {
            bit |= strlen(names[i]) == length && memcmp(names[i], words, length) == 0 ? 1u << i : 0;
        }
        if (!bit) {
            return false;
        }
        *to |= bit;
        words += length + (words[length] == ',');
    }
    return true;
}

bool kit_refuse(const char *forms)
{
    static const char *const names[] = {"dot-components", "empty-components", "long-components",
                                        "leading-slash", NULL};
    return read_words(forms, names, &refused);
}

static unsigned forms_of(const char *key)
{
    unsigned forms = *key == '/' ? LEADING_SLASH | EMPTY_COMPONENTS : 0;
    forms |= strstr(key, "//") ? EMPTY_COMPONENTS : 0;
    for (const char *at = key; *at; at += *at != '\0') {
        size_t length = strcspn(at, "/\\");
        bool dots = (length == 1 && *at == '.') || (length == 2 && at[0] == '.' && at[1] == '.');
        forms |= dots ? DOT_COMPONENTS : 0;
        at += length;
    }
    for (const char *at = key; *at; at += *at != '\0') {
        size_t length = strcspn(at, "/");
        forms |= length > 255 ? LONG_COMPONENTS : 0;
        at += length;
    }
    return forms;
}

bool kit_refuses(const char *key)
{
    return (refused & forms_of(key)) != 0;
}

enum hidden { NESTED_KEYS = 1, CUT_COMPLETES = 2 };
static unsigned hidden;

bool kit_hide(const char *what)
{
    static const char *const names[] = {"nested-keys", "cut-completes", NULL};
    return read_words(what, names, &hidden);
}

bool kit_hides_cut_completes(void)
{
    return (hidden & CUT_COMPLETES) != 0;
}

bool kit_hides(const char *const *all, size_t count, const char *key)
{
    for (size_t i = 0; (hidden & NESTED_KEYS) && i < count; i++) {
        size_t length = strlen(all[i]);
        if (strncmp(key, all[i], length) == 0 && key[length] == '/' && key[length + 1]) {
            return true;
        }
    }
    return false;
}

void assert_refused(const char *bucket, const char *key)
{
    AUTO_CALL struct mgw_call *call = kit_call_new();
    AUTO_CALL struct mgw_call *looking = kit_call_new();
    struct mgw_stat stat = {.size = sizeof stat};
    struct mgw_blob blob = blob_of(bucket, key);
    assert_status(call, try_put(call, bucket, key, NULL, "x", 1, &stat), MGW_INVALID);
    assert_true(call->error->text[0] != '\0');
    assert_true(call->error->foreign_code[0] != '\0' || (forms_of(key) & LEADING_SLASH));
    enum mgw_status status = driver->stat(looking, instance, &blob, &stat);
    assert_true(status == MGW_INVALID || status == MGW_NOT_FOUND);
}

size_t kit_key_max(void)
{
    return limits.max_key_bytes ? limits.max_key_bytes : MGW_KEY_MAX;
}

size_t kit_metadata_max(void)
{
    return MGW_HAS(&limits, max_metadata_bytes) && limits.max_metadata_bytes
               ? limits.max_metadata_bytes
               : MGW_METADATA_MAX;
}

void kit_long_key(char *key, size_t length, char letter)
{
    memset(key, letter, length);
    key[length] = '\0';
    for (size_t at = 200; (refused & LONG_COMPONENTS) && at + 1 < length; at += 200) {
        key[at] = '/';
    }
}
