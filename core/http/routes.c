/* SPDX-License-Identifier: Apache-2.0
 *
 * See routes.h. */
#include "core/http/routes.h"

#include "core/http/content.h"
#include "core/http/direct.h"
#include "core/http/health.h"
#include "core/http/media.h"
#include "core/http/upload.h"

#include <string.h>

const struct route routes[] = {
    {"GET", "healthz", 0, ROUTE_BODY_NONE, ROUTE_INLINE, health_live, NULL},
    {"GET", "readyz", 0, ROUTE_BODY_NONE, ROUTE_WORKER, health_ready, NULL},
    {"POST", "api/media/recordings", MGW_SCOPE_WRITE, ROUTE_BODY_STREAM, ROUTE_WORKER, NULL,
     &upload_sink},
    {"POST", "api/media/recordings/direct", MGW_SCOPE_WRITE, ROUTE_BODY_JSON, ROUTE_WORKER,
     direct_begin, NULL},
    {"POST", "api/media/{id}/complete", MGW_SCOPE_WRITE, ROUTE_BODY_JSON, ROUTE_WORKER,
     direct_complete, NULL},
    {"GET", "api/media", MGW_SCOPE_READ, ROUTE_BODY_NONE, ROUTE_WORKER, media_list, NULL},
    {"GET", "api/media/{id}", MGW_SCOPE_READ, ROUTE_BODY_NONE, ROUTE_ROWS, media_get, NULL},
    {"DELETE", "api/media/{id}", MGW_SCOPE_WRITE, ROUTE_BODY_NONE, ROUTE_WORKER, media_delete,
     NULL},
    {"POST", "api/media/{id}/signed-url", MGW_SCOPE_READ, ROUTE_BODY_JSON, ROUTE_ROWS,
     media_reissue, NULL},
    {"GET", "media/{blob}", 0, ROUTE_BODY_NONE, ROUTE_CONTENT, content_get, NULL},
    {"PUT", "media/{blob}", 0, ROUTE_BODY_STREAM, ROUTE_WORKER, NULL, &direct_put_sink},
    {0},
};

static bool pattern_takes(const char *pattern, const struct target *target)
{
    if (strcmp(pattern, "media/{blob}") == 0) {
        return target->bucket && target->key;
    }
    size_t segment = 0;
    while (pattern) {
        const char *slash = strchr(pattern, '/');
        size_t length = slash ? (size_t)(slash - pattern) : strlen(pattern);
        if (segment >= target->segment_count || segment >= TARGET_SEGMENTS_MAX) {
            return false;
        }
        const char *text = target->segments[segment++];
        bool same = strlen(text) == length && memcmp(text, pattern, length) == 0;
        bool any =
            strncmp(pattern, "{id}", length) == 0 && *text && strcmp(text, "recordings") != 0;
        if (!same && !any) {
            return false;
        }
        pattern = slash ? slash + 1 : NULL;
    }
    return segment == target->segment_count;
}

const struct route *routes_find(const char *method, const struct target *target, struct buf *allow)
{
    bool head = strcmp(method, "HEAD") == 0;
    for (const struct route *route = routes; route->method; route++) {
        if (!pattern_takes(route->pattern, target)) {
            continue;
        }
        if (strcmp(route->method, head ? "GET" : method) == 0) {
            return route;
        }
        buf_text(allow, strcmp(route->method, "GET") == 0 ? "GET, HEAD, " : route->method);
        buf_text(allow, strcmp(route->method, "GET") == 0 ? "" : ", ");
    }
    if (allow->length > 0) {
        buf_text(allow, "OPTIONS");
    }
    return NULL;
}
