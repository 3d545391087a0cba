/* SPDX-License-Identifier: Apache-2.0 */
#include "place.h"

#include "encode.h"
#include "s3.h"

#include <arpa/inet.h>
#include <string.h>

static bool is_ip(const char *host)
{
    char name[256];
    unsigned char address[16];
    snprintf(name, sizeof name, "%s", host);
    name[strcspn(name, ":")] = '\0';
    return host[0] == '[' || inet_pton(AF_INET, name, address) == 1;
}

static bool ends_with(const char *text, size_t length, const char *end)
{
    size_t tail = strlen(end);
    return length >= tail && strncmp(text + length - tail, end, tail) == 0;
}

static bool is_host(const char *host, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:[]",
                    host[i])) {
            return false;
        }
    }
    return length > 0 && length < 256 && host[0] != ':';
}

const char *place_parse(const char *url, enum place_style style, struct place *place)
{
    *place = (struct place){.style = style};
    if (strncmp(url, "https://", 8) == 0) {
        place->tls = true;
    } else if (strncmp(url, "http://", 7) != 0) {
        return "must begin with http:// or https://";
    }
    const char *host = url + (place->tls ? 8 : 7);
    size_t length = strcspn(host, "/?#");
    const char *path = host + length;
    if (memchr(host, '@', length)) {
        return "must hold no user or password: they are access_key and secret_key";
    }
    if (!is_host(host, length)) {
        return "has no valid host";
    }
    if (strpbrk(path, "?#")) {
        return "must hold no query";
    }
    size_t path_length = strlen(path);
    while (path_length > 0 && path[path_length - 1] == '/') {
        path_length--;
    }
    const char *own = place->tls ? ":443" : ":80";
    size_t bare = ends_with(host, length, own) ? length - strlen(own) : length;
    size_t name = strcspn(host, ":");
    name = name < bare ? name : bare;
    place->aws =
        ends_with(host, name, ".amazonaws.com") || ends_with(host, name, ".amazonaws.com.cn");
    place->scheme = strdup(place->tls ? "https" : "http");
    place->host = strndup(host, bare);
    place->path = strndup(path, path_length);
    if (!place->scheme || !place->host || !place->path) {
        place_free(place);
        return "memory is short";
    }
    return NULL;
}

void place_free(struct place *place)
{
    free(place->scheme);
    free(place->host);
    free(place->path);
    *place = (struct place){0};
}

/* Virtual hosting is Amazon's way; everybody else takes path style. A dot in the bucket's name
 * would break the wildcard certificate. */
static bool is_virtual(const struct place *place, const char *bucket)
{
    if (place->style != PLACE_AUTO) {
        return place->style == PLACE_VIRTUAL;
    }
    return place->aws && !is_ip(place->host) && !(place->tls && strchr(bucket, '.'));
}

/* s3.us-east-1.amazonaws.com, where a redirect has named another region than the endpoint's. Of
 * other forms only s3.dualstack.REGION has its region there. */
static void put_host(const struct place *place, const char *region, struct text *host)
{
    static const char *const fronts[] = {"s3.dualstack.", "s3."};
    static const char *const ends[] = {".amazonaws.com", ".amazonaws.com.cn"};
    for (size_t i = 0; place->aws && i < 4; i++) {
        const char *front = fronts[i / 2], *end = ends[i % 2];
        size_t length = strlen(front);
        if (strncmp(place->host, front, length) == 0) {
            size_t label = strcspn(place->host + length, ".");
            if (strcmp(place->host + length + label, end) == 0) {
                text_printf(host, "%s%s%s", front, region, end);
                return;
            }
        }
    }
    text_put(host, place->host);
}

void place_address(const struct place *place, const char *region, const char *bucket,
                   const char *object, struct text *host, struct text *path)
{
    bool virtual_host = bucket && is_virtual(place, bucket);
    if (virtual_host) {
        text_printf(host, "%s.", bucket);
    }
    put_host(place, region, host);
    text_put(path, place->path);
    if (bucket && !virtual_host) {
        text_put(path, "/");
        text_put(path, bucket);
    }
    if (object || !bucket || virtual_host) {
        text_put(path, "/");
    }
    if (object) {
        encode_uri(path, object, true);
    }
}

bool regions_init(struct regions *regions, const char *home)
{
    *regions = (struct regions){.home = strdup(home)};
    return regions->home && pthread_mutex_init(&regions->lock, NULL) == 0;
}

void regions_free(struct regions *regions)
{
    if (regions->home) {
        pthread_mutex_destroy(&regions->lock);
        free(regions->home);
    }
}

void regions_get(struct regions *regions, const char *bucket, char region[33])
{
    snprintf(region, 33, "%s", regions->home);
    pthread_mutex_lock(&regions->lock);
    for (size_t i = 0; bucket && i < sizeof regions->known / sizeof regions->known[0]; i++) {
        if (strcmp(regions->known[i].bucket, bucket) == 0) {
            snprintf(region, 33, "%s", regions->known[i].region);
        }
    }
    pthread_mutex_unlock(&regions->lock);
}

bool regions_learn(struct regions *regions, const char *bucket, const char *region)
{
    enum { KNOWN = sizeof regions->known / sizeof regions->known[0] };
    char is[33];
    size_t length = region ? strspn(region, "abcdefghijklmnopqrstuvwxyz0123456789-") : 0;
    regions_get(regions, bucket, is);
    if (!bucket || length == 0 || length > 32 || region[length] || strcmp(is, region) == 0) {
        return false;
    }
    pthread_mutex_lock(&regions->lock);
    unsigned slot = KNOWN;
    for (unsigned i = 0; i < KNOWN && slot == KNOWN; i++) {
        slot = strcmp(regions->known[i].bucket, bucket) == 0 ? i : slot;
    }
    slot = slot == KNOWN ? regions->next++ % KNOWN : slot;
    snprintf(regions->known[slot].bucket, sizeof regions->known[slot].bucket, "%s", bucket);
    snprintf(regions->known[slot].region, sizeof regions->known[slot].region, "%s", region);
    pthread_mutex_unlock(&regions->lock);
    return true;
}

static bool is_bucket(const char *bucket)
{
    size_t length = strspn(bucket, "abcdefghijklmnopqrstuvwxyz0123456789.-");
    return length >= 2 && length <= 63 && !bucket[length] && bucket[0] != '.' && bucket[0] != '-';
}

enum mgw_status place_object(struct mgw_call *call, const struct s3 *s3,
                             const struct mgw_blob *blob, struct object *object)
{
    if (!is_bucket(blob->bucket)) {
        return mgw_fail(call, MGW_INVALID, "the bucket's name is not [a-z0-9][a-z0-9.-]{1,62}");
    }
    size_t length = strlen(blob->key);
    if (length == 0 || length > MGW_KEY_MAX) {
        return mgw_fail(call, MGW_INVALID, "the key is not 1 to %u bytes", MGW_KEY_MAX);
    }
    bool own = strncmp(blob->key, S3_RESERVED, strlen(S3_RESERVED)) == 0;
    if (!s3->bucket && own) {
        return mgw_fail(call, MGW_INVALID, "keys that begin with " S3_RESERVED " are the store's");
    }
    AUTO_TEXT struct text name = {0};
    text_put(&name, s3->prefix);
    if (s3->bucket) {
        text_printf(&name, "%s/", blob->bucket);
    }
    text_put(&name, blob->key);
    if (!name.failed && name.length > MGW_KEY_MAX) {
        return mgw_fail(call, MGW_INVALID,
                        "prefix, bucket and key have %zu bytes; S3 takes %u: use a shorter prefix",
                        name.length, MGW_KEY_MAX);
    }
    if (*text_of(&name) == '/') { /* MinIO takes it for the name without the slash */
        return mgw_fail(call, MGW_INVALID,
                        "not every S3 server keeps a key that begins with a slash apart: set "
                        "\"bucket\" or \"prefix\"");
    }
    object->bucket = s3_keep(call, s3->bucket ? s3->bucket : blob->bucket);
    object->name = s3_keep(call, text_of(&name));
    return name.failed || !object->bucket || !object->name ? s3_no_memory(call) : MGW_OK;
}
