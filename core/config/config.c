/* SPDX-License-Identifier: Apache-2.0
 *
 * See config.h: from a file to the struct. */
#include "core/base/text.h"
#include "core/config/inside.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <string.h>

enum { CONFIG_MAX = 1 << 20 };

/* The folder of PATH, absolute; to be freed. */
static char *folder_of(const char *path)
{
    AUTO_FREE char *copy = strdup(path);
    return copy ? realpath(dirname(copy), NULL) : NULL;
}

/* jansson's own words for text that is no JSON, with the name for a key that stands twice. */
static enum mgw_status refuse_syntax(const struct config *config, const json_error_t *found,
                                     struct mgw_error *error)
{
    AUTO_BUF struct buf out = {0};
    bool twice = json_error_code(found) == json_error_duplicate_key;
    const char *near = strstr(found->text, " near '");
    if (twice && near) { /* jansson's column is the key's last character, quotes and all */
        near += strlen(" near '");
        int length = (int)strlen(near) - 1, column = found->column + 1;
        for (int i = 0; i < length; i++) {
            column -= ((unsigned char)near[i] & 0xc0) != 0x80;
        }
        buf_printf(&out, "%s:%d:%d: key %.*s: given twice", config->path, found->line, column,
                   length, near);
    } else {
        buf_printf(&out, "%s:%d:%d: not JSON: %s", config->path, found->line, found->column,
                   found->text);
    }
    return config_say(error, out.data ? out.data : "out of memory");
}

/* Cuts trailing slashes off. */
static void trim_url(char *url)
{
    size_t length = url ? strlen(url) : 0;
    while (length > 0 && url[length - 1] == '/') {
        url[--length] = '\0';
    }
}

static enum mgw_status load_into(struct config_inside *config, const char *path,
                                 struct mgw_error *error)
{
    size_t length = 0;
    json_error_t found;
    config->text = text_read_file(path, CONFIG_MAX, &length);
    if (!config->text) {
        AUTO_BUF struct buf out = {0};
        buf_printf(&out, "%s: cannot be read: %s", path, strerror(errno));
        config_say(error, out.data ? out.data : "out of memory");
        return errno == ENOENT ? MGW_NOT_FOUND : MGW_INVALID;
    }
    config->pub.path = strdup(path);
    config->pub.directory = folder_of(path);
    if (!config->pub.path || !config->pub.directory) {
        return config_say(error, "out of memory");
    }
    config->root = json_loadb(config->text, length, JSON_REJECT_DUPLICATES, &found);
    if (!config->root) {
        return refuse_syntax(&config->pub, &found, error);
    }
    enum mgw_status status =
        json_is_object(config->root)
            ? expand(config, &config->root, "", error)
            : config_refuse(&config->pub, error, "", "expected an object, {\"storage\": …}");
    if (status == MGW_OK) {
        status = apply_root(config, error);
    }
    trim_url(config->pub.public_url);
    if (status == MGW_OK) {
        status = check_url_keys(config, error);
    }
    return status == MGW_OK ? check_config(&config->pub, error) : status;
}

enum mgw_status config_load(const char *path, struct config **config, struct mgw_error *error)
{
    struct config_inside *made = calloc(1, sizeof *made);
    if (!made) {
        return config_say(error, "out of memory");
    }
    enum mgw_status status = load_into(made, path, error);
    if (status != MGW_OK) {
        config_free(&made->pub);
        return status;
    }
    *config = &made->pub;
    return MGW_OK;
}

struct config *config_of_plugins(json_t *storage, json_t *repository, const char *directory)
{
    struct config_inside *made = calloc(1, sizeof *made);
    if (!made) {
        return NULL;
    }
    made->root = json_object();
    made->pub.directory = strdup(directory);
    made->pub.storage = storage ? json_incref(storage) : json_object();
    made->pub.repository = repository ? json_incref(repository) : json_object();
    if (!made->root || !made->pub.directory || !made->pub.storage || !made->pub.repository) {
        config_free(&made->pub);
        return NULL;
    }
    return &made->pub;
}

/* Text that may be a secret is wiped. */
static void free_secret(char *text)
{
    if (text) {
        explicit_bzero(text, strlen(text));
        free(text);
    }
}

void config_free(struct config *config)
{
    struct config_inside *inside = (struct config_inside *)config;
    if (!config) {
        return;
    }
    for (struct config_source *at = inside->sources, *next; at; at = next) {
        next = at->next;
        free(at->pointer);
        free(at->path);
        free(at);
    }
    apply_free(config);
    free(config->path);
    free(config->directory);
    free(config->data_dir);
    json_decref(inside->root);
    free_secret(inside->text);
    free(inside);
}

const char *config_differs(const struct config *one, const struct config *other)
{
    static const char *const read_again[] = {"url_keys", "auth", "cors", "trusted_proxies"};
    const json_t *roots[] = {((const struct config_inside *)one)->root,
                             ((const struct config_inside *)other)->root};
    for (size_t side = 0; side < 2; side++) {
        const char *key;
        json_t *value;
        json_object_foreach((json_t *)(uintptr_t)roots[side], key, value)
        {
            bool again = false;
            for (size_t i = 0; i < sizeof read_again / sizeof read_again[0]; i++) {
                again = again || strcmp(key, read_again[i]) == 0;
            }
            if (!again && !json_equal(value, json_object_get(roots[1 - side], key))) {
                return key;
            }
        }
    }
    return NULL;
}
