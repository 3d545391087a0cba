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
    json_t *root = json_loadb(config->text, length, JSON_REJECT_DUPLICATES, &found);
    if (!root) {
        return refuse_syntax(&config->pub, &found, error);
    }
    enum mgw_status status =
        json_is_object(root)
            ? expand(config, &root, "", error)
            : config_refuse(&config->pub, error, "", "expected an object, {\"storage\": …}");
    if (status == MGW_OK) {
        status = schema_apply(config, root, error);
    }
    json_decref(root);
    trim_url(config->pub.public_url);
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

static void free_list(char **list)
{
    for (size_t i = 0; list && list[i]; i++) {
        free(list[i]);
    }
    free(list);
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
    for (size_t i = 0; i < config->url_key_count; i++) {
        free(config->url_keys[i].id);
        free_secret(config->url_keys[i].secret);
    }
    free(config->url_keys);
    free(config->path);
    free(config->directory);
    free(config->data_dir);
    free(config->listen);
    free(config->public_url);
    free(config->media.default_bucket);
    free_list(config->media.mime_types);
    free_list(config->cors.origins);
    free_list(config->plugins.path);
    json_decref(config->storage);
    json_decref(config->repository);
    free_secret(inside->text);
    free(inside);
}
