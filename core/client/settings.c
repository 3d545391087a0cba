/* SPDX-License-Identifier: Apache-2.0
 *
 * See settings.h. */
#include "core/client/settings.h"

#include "core/base/buf.h"
#include "core/base/text.h"
#include "core/client/client.h"
#include "core/client/say.h"

#include <curl/curl.h>
#include <errno.h>
#include <jansson.h>
#include <string.h>
#include <sys/stat.h>

enum { FILE_MAX = 64 * 1024, KEY_MAX = 8192 };

static bool wrong(const char *format, ...) __attribute__((format(printf, 1, 2)));
static bool wrong(const char *format, ...)
{
    AUTO_BUF struct buf text = {0};
    va_list args;
    va_start(args, format);
    buf_vprintf(&text, format, args);
    va_end(args);
    say(CLIENT_WRONG, "%s", text.failed ? "out of memory" : text.data);
    return false;
}

/* ---- The URL ---- */

static void url_cleanup(CURLU **url)
{
    curl_url_cleanup(*url);
}

static bool url_has(CURLU *url, CURLUPart part)
{
    char *text = NULL;
    bool has = curl_url_get(url, part, &text, 0) == CURLUE_OK;
    curl_free(text);
    return has;
}

/* TEXT in its one form, without a slash at its end; FROM names where it was said. */
static char *url_read(const char *text, const char *from)
{
    AUTO(url_cleanup) CURLU *url = curl_url();
    char *scheme = NULL, *whole = NULL;
    if (!url || curl_url_set(url, CURLUPART_URL, text, 0) != CURLUE_OK ||
        curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK) {
        wrong("%s %s: not a URL; expected such as " SETTINGS_DEFAULT_URL, from, text);
        return NULL;
    }
    bool http = strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0;
    curl_free(scheme);
    if (!http) {
        wrong("%s %s: only http and https are spoken", from, text);
        return NULL;
    }
    if (url_has(url, CURLUPART_USER) || url_has(url, CURLUPART_PASSWORD)) {
        wrong("%s: a URL with a user or password in it is not taken; give a key by --key-file",
              from);
        return NULL;
    }
    if (url_has(url, CURLUPART_QUERY) || url_has(url, CURLUPART_FRAGMENT)) {
        wrong("%s %s: expected no ? and no #", from, text);
        return NULL;
    }
    if (curl_url_get(url, CURLUPART_URL, &whole, 0) != CURLUE_OK) {
        wrong("out of memory");
        return NULL;
    }
    size_t length = strlen(whole);
    while (length > 0 && whole[length - 1] == '/') {
        whole[--length] = '\0';
    }
    char *copy = strdup(whole);
    curl_free(whole);
    return copy;
}

/* ---- client.json ---- */

static char *file_path(void)
{
    AUTO_BUF struct buf path = {0};
    const char *xdg = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    if (xdg && xdg[0] == '/') {
        buf_printf(&path, "%s/mediagw/client.json", xdg);
    } else if (home && home[0] == '/') {
        buf_printf(&path, "%s/.config/mediagw/client.json", home);
    }
    return buf_take(&path);
}

/* Another could have written the URL that the key is sent to, or have read the key. */
static bool file_is_private(const char *path)
{
    struct stat info;
    if (stat(path, &info) != 0) {
        return wrong("%s: %s", path, strerror(errno));
    }
    if (info.st_uid != geteuid() && info.st_uid != 0) {
        return wrong("%s: it is another user's", path);
    }
    return (info.st_mode & 077) == 0 ||
           wrong("%s: others may read or write it: chmod 600 it", path);
}

static bool file_check(const char *path, json_t *file)
{
    static const char *const known[] = {"url", "key", "account", NULL};
    const char *key;
    json_t *value;
    json_object_foreach(file, key, value)
    {
        bool is_known = false;
        for (size_t i = 0; known[i]; i++) {
            is_known = is_known || strcmp(known[i], key) == 0;
        }
        const char *nearest = is_known ? NULL : text_nearest(key, known);
        if (!is_known) {
            return wrong("%s: unknown key \"%s\"%s%s%s", path, key,
                         nearest ? "; did you mean \"" : "", nearest ? nearest : "",
                         nearest ? "\"?" : "");
        }
        if (!json_is_string(value)) {
            return wrong("%s: key \"%s\": expected a string", path, key);
        }
    }
    return true;
}

/* *FILE is NULL where there is none. */
static bool file_read(json_t **file)
{
    AUTO_FREE char *path = file_path();
    *file = NULL;
    if (!path || !path[0] || (access(path, F_OK) != 0 && errno != EACCES)) {
        return true;
    }
    size_t length = 0;
    AUTO_FREE char *text = file_is_private(path) ? text_read_file(path, FILE_MAX, &length) : NULL;
    if (!text) {
        return false;
    }
    json_error_t error;
    *file = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);
    if (!json_is_object(*file)) {
        return wrong("%s:%d:%d: %s; expected {\"url\": …, \"key\": …}", path,
                     *file ? 1 : error.line, *file ? 1 : error.column,
                     *file ? "no object" : error.text);
    }
    return file_check(path, *file);
}

/* ---- All together ---- */

/* A key as a header may carry it, without white space around it. */
static bool key_take(struct settings *settings, const char *text, const char *from)
{
    const char *start = text + strspn(text, " \t\r\n");
    size_t length = strlen(start);
    while (length > 0 && strchr(" \t\r\n", start[length - 1])) {
        length--;
    }
    bool visible = length > 0 && length <= KEY_MAX;
    for (size_t i = 0; i < length; i++) {
        visible = visible && start[i] > 0x20 && start[i] < 0x7f;
    }
    if (!visible) {
        return wrong("%s: expected one API key, such as `mediagw key create` prints", from);
    }
    settings->key = strndup(start, length);
    return settings->key || wrong("out of memory");
}

static bool key_from_file(struct settings *settings, const char *path)
{
    AUTO_FREE char *text = text_read_file(path, FILE_MAX, NULL);
    if (!text) {
        return wrong("--key-file %s: %s", path, strerror(errno));
    }
    bool good = key_take(settings, text, "--key-file");
    explicit_bzero(text, strlen(text));
    return good;
}

/* The variable's text; an empty one is none. */
static const char *environment(const char *name)
{
    const char *text = getenv(name);
    return text && text[0] ? text : NULL;
}

static bool settings_url(const struct options *options, const char *from_file,
                         struct settings *settings)
{
    const char *from = "--url", *text = options->url;
    if (!text) {
        from = "MEDIAGW_URL";
        text = environment(from);
    }
    if (!text && from_file) {
        from = "client.json: url";
        text = from_file;
    }
    settings->url = url_read(text ? text : SETTINGS_DEFAULT_URL, from);
    return settings->url != NULL;
}

static bool settings_key(const struct options *options, json_t *file, struct settings *settings)
{
    const char *from_environment = environment("MEDIAGW_KEY");
    if (options->key_file) {
        return key_from_file(settings, options->key_file);
    }
    if (from_environment) {
        return key_take(settings, from_environment, "MEDIAGW_KEY");
    }
    const char *key = json_string_value(json_object_get(file, "key"));
    if (!key) {
        return true;
    }
    const char *url = json_string_value(json_object_get(file, "url"));
    AUTO_FREE char *own = url_read(url ? url : SETTINGS_DEFAULT_URL, "client.json: url");
    return own && (strcmp(own, settings->url) != 0 || key_take(settings, key, "client.json: key"));
}

bool settings_read(const struct options *options, struct settings *settings)
{
    json_t *file;
    bool good = file_read(&file);
    const char *account = options->account ? options->account : environment("MEDIAGW_ACCOUNT");
    account = account ? account : json_string_value(json_object_get(file, "account"));
    if (good && account && !text_is_word(account, 128, "._:@|-")) {
        good = wrong("--account %s: expected 1 to 128 characters of A-Za-z0-9._:@|-", account);
    }
    good = good &&
           settings_url(options, json_string_value(json_object_get(file, "url")), settings) &&
           settings_key(options, file, settings);
    if (good && account) {
        settings->account = strdup(account);
        good = settings->account || wrong("out of memory");
    }
    json_decref(file);
    return good;
}

void settings_free(struct settings *settings)
{
    if (settings->key) {
        explicit_bzero(settings->key, strlen(settings->key));
    }
    free(settings->url);
    free(settings->key);
    free(settings->account);
    *settings = (struct settings){0};
}
