/* SPDX-License-Identifier: Apache-2.0
 *
 * See s3_server.h. */
#include "tests/bench/s3_server.h"

#include "core/config/config.h"
#include "core/plugin/call.h"
#include "core/plugin/store.h"
#include "tests/support/keep.h"
#include "tests/support/scratch.h"
#include "tests/support/server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TTL_SEC = 36000, CALL_MS = 60000 };

static bool script(const struct s3_server *server, const char *action)
{
    char *path = keep_text(S3_SCRIPTS "/%s", server->name);
    struct run run = action ? run_command((const char *const[]){path, action, server->dir, NULL})
                            : run_command((const char *const[]){path, server->dir, NULL});
    if (run.status != 0) {
        fprintf(stderr, "bench: %s: %s\n", path, run.err);
    }
    return run.status == 0;
}

static bool open_house(struct s3_server *server)
{
    struct mgw_error error = {.size = sizeof error};
    struct config *config = NULL;
    enum mgw_status status = config_load(server->gateway.server->config_path, &config, &error);
    status = status == MGW_OK ? house_open(config, 0, &server->house, &error) : status;
    if (status != MGW_OK) {
        fprintf(stderr, "bench: %s\n", error.text);
    }
    config_free(config);
    return status == MGW_OK;
}

static void start_gateway(struct s3_server *server)
{
    struct subject *subject = &server->gateway;
    setenv("MEDIAGW_TEST_STORAGE", keep_text("%s/storage.json", server->dir), 1);
    /* what is deleted goes soon: gigabytes in memory at RGW */
    subject->server = server_new("{\"media\": {\"reap_interval_sec\": 1}, "
                                 "\"plugins\": {\"path\": [\"" PLUGINS "\"]}}");
    unsetenv("MEDIAGW_TEST_STORAGE");
    subject->headers =
        client_head("Authorization: Bearer %s\r\n", server_token(subject->server, "dev"));
    server_start(subject->server);
}

bool s3_server_start(struct s3_server *server, const char *name)
{
    char *folder = scratch_new();
    *server = (struct s3_server){.name = name, .dir = realpath(folder, NULL)};
    free(folder);
    if (!script(server, NULL)) {
        return false;
    }
    json_t *where = json_load_file(keep_text("%s/s3.json", server->dir), 0, NULL);
    const char *endpoint = json_string_value(json_object_get(where, "endpoint"));
    const char *port = endpoint ? strrchr(endpoint, ':') : NULL;
    server->port = port ? (uint16_t)strtoul(port + 1, NULL, 10) : 0;
    json_decref(where);
    start_gateway(server);
    return open_house(server);
}

int s3_server_stop(struct s3_server *server)
{
    house_close(&server->house);
    int status = subject_free(&server->gateway);
    script(server, "--down");
    scratch_remove(server->dir);
    free(server->dir);
    keep_release();
    return status;
}

static struct s3_url presign(const struct s3_server *server, uint32_t op,
                             const struct mgw_blob *blob, uint64_t length)
{
    struct mgw_call *call = call_new("", NULL, CALL_MS);
    struct mgw_presign asked = {
        .size = sizeof asked, .op = op, .ttl_sec = TTL_SEC, .length = length};
    struct mgw_presigned made = {.size = sizeof made};
    if (store_presign(server->house.store, call, blob, &asked, &made) != MGW_OK) {
        fprintf(stderr, "bench: presigning: %s\n", call_text(call));
        exit(1);
    }
    struct s3_url url = {.url = strdup(made.url), .headers = strdup("")};
    for (size_t i = 0; made.headers && made.headers[i]; i += 2) {
        char *more = client_head("%s%s: %s\r\n", url.headers, made.headers[i], made.headers[i + 1]);
        free(url.headers);
        url.headers = more;
    }
    call_free(call);
    return url;
}

static struct mgw_blob blob_of(const char *bucket, const char *key)
{
    return (struct mgw_blob){.size = sizeof(struct mgw_blob), .bucket = bucket, .key = key};
}

struct s3_url s3_presign_put(const struct s3_server *server, const char *key, uint64_t length)
{
    struct mgw_blob blob = blob_of("bench", key);
    return presign(server, MGW_PRESIGN_PUT, &blob, length);
}

struct s3_url s3_presign_get(const struct s3_server *server, const char *bucket, const char *key)
{
    struct mgw_blob blob = blob_of(bucket, key);
    return presign(server, MGW_PRESIGN_GET, &blob, 0);
}

void s3_remove(const struct s3_server *server, const char *key)
{
    struct mgw_call *call = call_new("", NULL, CALL_MS);
    struct mgw_blob blob = blob_of("bench", key);
    if (store_remove(server->house.store, call, &blob) != MGW_OK) {
        fprintf(stderr, "bench: removing %s: %s\n", key, call_text(call));
    }
    call_free(call);
}

void s3_url_release(struct s3_url *url)
{
    free(url->url);
    free(url->headers);
}

struct request s3_put(const struct s3_server *server, const char *key, const char *bytes,
                      size_t length)
{
    struct s3_url url = s3_presign_put(server, key, length);
    const char *scheme_end = strstr(url.url, "://");
    const char *path = scheme_end ? strchr(scheme_end + 3, '/') : NULL;
    bool counted = strcasestr(url.headers, "content-length:") != NULL;
    struct request request = {
        .head = client_head("PUT %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n%s", path ? path : "/",
                            server->port, url.headers),
        .body = bytes,
        .body_length = length,
        .body_total = length,
    };
    char *head = counted ? client_head("%s\r\n", request.head)
                         : client_head("%sContent-Length: %zu\r\n\r\n", request.head, length);
    free(request.head);
    request.head = head;
    request.head_length = strlen(head);
    s3_url_release(&url);
    return request;
}
