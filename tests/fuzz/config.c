/* SPDX-License-Identifier: Apache-2.0
 *
 * A config file of any text, with ${NAME} and {"file": …}. No file is read but two that are made up
 * here: whatever else a config names is not there. */
#include "core/config/config.h"
#include "core/base/buf.h"
#include "core/base/text.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>

#define PATH "/etc/fuzz.json"

static const uint8_t *content;
static size_t content_size;

char *__wrap_text_read_file(const char *path, size_t max, size_t *length);
char *__wrap_text_read_file(const char *path, size_t max, size_t *length)
{
    static const char secret[] = "0123456789abcdef0123456789abcdef\n", odd[] = "a\0b\xff";
    if (strcmp(path, PATH) == 0) {
        *length = content_size < max ? content_size : max;
        return fuzz_text(content, *length);
    }
    bool known = strcmp(path, "/etc/secret") == 0;
    if (!known && strcmp(path, "/etc/odd") != 0) {
        errno = ENOENT;
        return NULL;
    }
    *length = known ? sizeof secret - 1 : sizeof odd - 1;
    return fuzz_text((const uint8_t *)(known ? secret : odd), *length);
}

/* The keys of a driver, as its table has them. */
static void try_driver(const struct config *config)
{
    static const struct mgw_config_key keys[] = {
        {.size = sizeof keys[0],
         .key = "root",
         .type = MGW_CONFIG_PATH,
         .flags = MGW_CONFIG_REQUIRED,
         .help = "A folder."},
        {.size = sizeof keys[0],
         .key = "size",
         .type = MGW_CONFIG_SIZE,
         .fallback = "4KiB",
         .help = "A size."},
        {.size = sizeof keys[0],
         .key = "ttl",
         .type = MGW_CONFIG_DURATION,
         .fallback = "30s",
         .help = "A time."},
        {.size = sizeof keys[0], .key = "many", .type = MGW_CONFIG_INT, .help = "A number."},
        {.size = sizeof keys[0], .key = "shared", .type = MGW_CONFIG_BOOL, .help = "Yes or no."}};
    static const char *const ignore[] = {"driver", "filters", NULL};
    struct config_values *values = NULL;
    struct mgw_error error = {.size = sizeof error};
    if (json_is_object(config->storage) &&
        config_values_new(config, config->storage, "/storage", ignore, keys, 5, sizeof keys[0],
                          &values, &error) == MGW_OK) {
        PROMISE(config_values_table(values, "storage", 0)->count > 0);
        config_values_free(values);
    } else {
        PROMISE(!json_is_object(config->storage) || *error.text);
    }
}

static void use(struct config *config)
{
    struct config *again = NULL;
    struct mgw_error error = {.size = sizeof error};
    json_t *shown = config_show(config);
    PROMISE(json_is_object(shown));
    json_decref(shown);
    try_driver(config);
    PROMISE(config->listen && *config->listen);
    size_t signers = 0;
    for (size_t i = 0; i < config->url_key_count; i++) {
        PROMISE(strlen(config->url_keys[i].secret) >= 32);
        signers += config->url_keys[i].sign;
    }
    PROMISE(signers == (config->url_key_count ? 1 : 0));
    PROMISE(config_load(PATH, &again, &error) == MGW_OK);
    PROMISE(config_differs(config, again) == NULL);
    config_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct config *config = NULL;
    struct mgw_error error = {.size = sizeof error};
    setenv("MEDIA_NAME", "0123456789abcdef0123456789abcdef", 1);
    setenv("MEDIA_EMPTY", "", 1);
    setenv("MEDIA_ODD", "\xff", 1);
    content = data;
    content_size = size;
    enum mgw_status status = config_load(PATH, &config, &error);
    if (status == MGW_OK) {
        use(config);
        config_free(config);
        return 0;
    }
    size_t length = strnlen(error.text, sizeof error.text);
    PROMISE(status == MGW_INVALID && length > 0 && length < sizeof error.text);
    PROMISE(text_is_utf8(error.text, length) && !strpbrk(error.text, "\n\r\x1b"));
    return 0;
}
