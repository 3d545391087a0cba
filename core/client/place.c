/* SPDX-License-Identifier: Apache-2.0
 *
 * See place.h. */
#include "core/client/place.h"

#include "core/base/buf.h"
#include "core/client/client.h"
#include "core/client/say.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

static const char *extension(const char *type)
{
    static const struct {
        const char *type, *extension;
    } known[] = {
        {"video/webm", "webm"},      {"video/mp4", "mp4"},       {"video/quicktime", "mov"},
        {"video/x-matroska", "mkv"}, {"video/ogg", "ogv"},       {"video/mpeg", "mpg"},
        {"audio/webm", "webm"},      {"audio/ogg", "ogg"},       {"audio/mpeg", "mp3"},
        {"audio/mp4", "m4a"},        {"audio/x-m4a", "m4a"},     {"audio/aac", "aac"},
        {"audio/wav", "wav"},        {"audio/x-wav", "wav"},     {"audio/flac", "flac"},
        {"image/png", "png"},        {"image/jpeg", "jpg"},      {"image/gif", "gif"},
        {"image/webp", "webp"},      {"image/avif", "avif"},     {"image/svg+xml", "svg"},
        {"application/pdf", "pdf"},  {"application/zip", "zip"}, {"application/json", "json"},
        {"text/plain", "txt"},       {"text/html", "html"},      {"text/vtt", "vtt"},
    };
    size_t length = strcspn(type, "; \t");
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strlen(known[i].type) == length && strncasecmp(type, known[i].type, length) == 0) {
            return known[i].extension;
        }
    }
    return "bin";
}

bool place_is_stdout(const char *output)
{
    return output ? strcmp(output, "-") == 0 : isatty(STDOUT_FILENO) != 1;
}

/* ID.EXTENSION in FOLDER (NULL: here); NULL: it has said why not. */
static char *name_by_id(const char *folder, const char *type, const char *id)
{
    AUTO_BUF struct buf name = {0};
    if (id[0] == '.' || strchr(id, '/')) {
        say(CLIENT_FAILED, "get %s: this ID makes no file name: say --output FILE", id);
        return NULL;
    }
    if (folder) {
        bool slash = folder[0] && folder[strlen(folder) - 1] == '/';
        buf_printf(&name, "%s%s", folder, slash ? "" : "/");
    }
    buf_printf(&name, "%s.%s", id, extension(type));
    return buf_take(&name);
}

static bool open_stream(struct place *place, const char *path)
{
    place->fd = path ? open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY) : dup(STDOUT_FILENO);
    place->name = strdup(path ? path : "standard output");
    if (place->fd < 0 || !place->name) {
        say(CLIENT_FAILED, "get: %s: %s", path ? path : "standard output", strerror(errno));
        return false;
    }
    return true;
}

bool place_open(struct place *place, const char *output, const char *type,
                const struct part_subject *subject)
{
    struct stat info;
    *place = PLACE_NONE;
    if (place_is_stdout(output)) {
        return open_stream(place, NULL);
    }
    bool there = output && stat(output, &info) == 0;
    bool folder = there && S_ISDIR(info.st_mode);
    if (there && !folder && !S_ISREG(info.st_mode)) {
        return open_stream(place, output);
    }
    place->is_file = true;
    place->named_by_id = !output || folder;
    place->name = place->named_by_id ? name_by_id(output, type, subject->id) : strdup(output);
    if (!place->name || !part_open(&place->part, place->name, subject)) {
        return false;
    }
    return place_etag(place, place->part.etag);
}

void place_close(struct place *place)
{
    if (place->fd >= 0) {
        close(place->fd);
    }
    part_close(&place->part);
    free(place->name);
    free(place->etag);
    *place = PLACE_NONE;
}

bool place_write(struct place *place, const char *bytes, size_t length)
{
    if (place->is_file) {
        return part_write(&place->part, bytes, length);
    }
    while (length > 0) {
        ssize_t put = write(place->fd, bytes, length);
        if (put < 0 && errno == EPIPE) {
            say_unwritable();
        }
        if (put < 0 && errno != EINTR) {
            return false;
        }
        bytes += put > 0 ? put : 0;
        length -= put > 0 ? (size_t)put : 0;
    }
    return true;
}

bool place_etag(struct place *place, const char *etag)
{
    if (etag && place->etag && strcmp(etag, place->etag) == 0) {
        return true;
    }
    char *copy = etag ? strdup(etag) : NULL;
    free(place->etag);
    place->etag = copy;
    return copy || !etag;
}
