/* SPDX-License-Identifier: Apache-2.0
 *
 * ${NAME} and {"file": "path"} in a config's values. An unset variable is refused by name; `$${` is
 * a plain `${`. Of a file one trailing newline is cut off; a relative path starts from the config
 * file's folder. */
#include "core/base/log.h"
#include "core/base/text.h"
#include "core/config/inside.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

enum { FILE_MAX = 256 * 1024 };

static enum mgw_status expand_string(struct config_inside *config, json_t **value,
                                     const char *pointer, struct mgw_error *error)
{
    const char *text = json_string_value(*value);
    if (!strstr(text, "${")) {
        return MGW_OK;
    }
    AUTO_BUF struct buf out = {0};
    buf_text(&out, "");
    while (*text) {
        if (strncmp(text, "$${", 3) == 0) {
            buf_text(&out, "${");
            text += 3;
        } else if (strncmp(text, "${", 2) == 0) {
            size_t length = strcspn(text + 2, "}");
            AUTO_FREE char *name = strndup(text + 2, length);
            if (!name || text[2 + length] != '}' || !text_is_word(name, 256, "_")) {
                return config_refuse(&config->pub, error, pointer,
                                     "\"${\" without a variable's name and \"}\" ($${ is a plain "
                                     "${)");
            }
            const char *content = getenv(name);
            if (!content) {
                return config_refuse(&config->pub, error, pointer,
                                     "the environment variable %s is not set", name);
            }
            buf_text(&out, content);
            text += length + 3;
        } else {
            buf_append(&out, text++, 1);
        }
    }
    json_t *expanded = out.failed ? NULL : json_stringn(out.data, out.length);
    if (!expanded) {
        return config_refuse(&config->pub, error, pointer,
                             "an environment variable holds text that is no UTF-8");
    }
    json_decref(*value);
    *value = expanded;
    return MGW_OK;
}

static bool note_source(struct config_inside *config, const char *pointer, char **path)
{
    struct stat st;
    struct config_source *source = calloc(1, sizeof *source);
    if (!source) {
        return false;
    }
    source->pointer = strdup(pointer);
    source->others_read = stat(*path, &st) == 0 && (st.st_mode & S_IROTH);
    source->path = TAKE(*path);
    source->next = config->sources;
    config->sources = source;
    return source->pointer;
}

static enum mgw_status expand_file(struct config_inside *config, json_t **value,
                                   const char *pointer, struct mgw_error *error)
{
    const char *name = json_string_value(json_object_get(*value, "file"));
    AUTO_BUF struct buf at = {0};
    if (name[0] != '/' && config->pub.directory) {
        buf_printf(&at, "%s/", config->pub.directory);
    }
    buf_text(&at, name);
    AUTO_FREE char *path = buf_take(&at);
    size_t length = 0;
    AUTO_FREE char *content = path ? text_read_file(path, FILE_MAX, &length) : NULL;
    if (!content) {
        return config_refuse(&config->pub, error, pointer, "the file \"%s\" cannot be read: %s",
                             path ? path : name, strerror(errno));
    }
    if (length > 0 && content[length - 1] == '\n') {
        length--;
        if (length > 0 && content[length - 1] == '\r') {
            length--;
        }
    }
    json_t *text = memchr(content, '\0', length) ? NULL : json_stringn(content, length);
    explicit_bzero(content, length);
    if (!text) {
        return config_refuse(&config->pub, error, pointer,
                             "the file \"%s\" is not UTF-8 text without NUL", path);
    }
    json_decref(*value);
    *value = text;
    return note_source(config, pointer, &path)
               ? MGW_OK
               : config_refuse(&config->pub, error, pointer, "out of memory");
}

static enum mgw_status expand_members(struct config_inside *config, json_t *object,
                                      const char *pointer, struct mgw_error *error)
{
    const char *key;
    json_t *member;
    void *next;
    json_object_foreach_safe(object, next, key, member)
    {
        AUTO_FREE char *at = pointer_member(pointer, key);
        json_t *value = json_incref(member);
        enum mgw_status status = at ? expand(config, &value, at, error) : MGW_UNAVAILABLE;
        if (status == MGW_OK && value != member) {
            json_object_set(object, key, value);
        }
        json_decref(value);
        if (status != MGW_OK) {
            return status;
        }
    }
    return MGW_OK;
}

enum mgw_status expand(struct config_inside *config, json_t **value, const char *pointer,
                       struct mgw_error *error)
{
    if (json_is_string(*value)) {
        return expand_string(config, value, pointer, error);
    }
    if (json_is_object(*value)) {
        bool file =
            json_object_size(*value) == 1 && json_is_string(json_object_get(*value, "file"));
        if (!file) {
            return expand_members(config, *value, pointer, error);
        }
        json_t *name = json_incref(json_object_get(*value, "file"));
        enum mgw_status status = expand_string(config, &name, pointer, error);
        json_t *object = json_pack("{s:o}", "file", name);
        if (status == MGW_OK) {
            json_decref(*value);
            *value = object;
            return expand_file(config, value, pointer, error);
        }
        json_decref(object);
        return status;
    }
    for (size_t i = 0; json_is_array(*value) && i < json_array_size(*value); i++) {
        AUTO_FREE char *at = pointer_index(pointer, i);
        json_t *element = json_incref(json_array_get(*value, i));
        enum mgw_status status = at ? expand(config, &element, at, error) : MGW_UNAVAILABLE;
        if (status == MGW_OK && element != json_array_get(*value, i)) {
            json_array_set(*value, i, element);
        }
        json_decref(element);
        if (status != MGW_OK) {
            return status;
        }
    }
    return MGW_OK;
}

void expand_warn_secret(const struct config *config, const char *pointer)
{
    const struct config_inside *inside = (const struct config_inside *)config;
    for (const struct config_source *at = inside ? inside->sources : NULL; at; at = at->next) {
        if (at->others_read && strcmp(at->pointer, pointer) == 0) {
            log_event(LOG_LEVEL_WARN, "a secret's file can be read by everybody; chmod 600 it",
                      LOG_TEXT("file", at->path), LOG_TEXT("key", pointer + 1));
        }
    }
}

const char *source_of(const struct config *config, const char *pointer)
{
    const struct config_inside *inside = (const struct config_inside *)config;
    for (const struct config_source *at = inside->sources; at; at = at->next) {
        if (strcmp(at->pointer, pointer) == 0) {
            return at->path;
        }
    }
    return NULL;
}
