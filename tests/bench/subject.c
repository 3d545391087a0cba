/* SPDX-License-Identifier: Apache-2.0
 *
 * See subject.h. */
#include "tests/bench/subject.h"

#include "tests/bench/process.h"
#include "tests/support/server.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BOUNDARY "bench-boundary-7f3a9c"

void subject_new(struct subject *subject, bool dev, bool start)
{
    subject->server = dev ? server_new_dev() : server_new(NULL);
    subject->headers =
        dev ? strdup("X-Account-Id: dev\r\n")
            : client_head("Authorization: Bearer %s\r\n", server_token(subject->server, "dev"));
    if (start) {
        server_start(subject->server);
    }
}

void subject_new_with(struct subject *subject, const char *overlay)
{
    subject->server = server_new(overlay);
    subject->headers =
        client_head("Authorization: Bearer %s\r\n", server_token(subject->server, "dev"));
    server_start(subject->server);
}

void subject_new_other(struct subject *subject, const char *command)
{
    const char *usual = getenv("MEDIAGW_COMMAND");
    char *before = usual ? strdup(usual) : NULL;
    setenv("MEDIAGW_COMMAND", command, 1);
    subject_new(subject, false, true);
    if (before) {
        setenv("MEDIAGW_COMMAND", before, 1);
    } else {
        unsetenv("MEDIAGW_COMMAND");
    }
    free(before);
}

int subject_free(struct subject *subject)
{
    int status = subject->server ? server_free(subject->server) : 0;
    free(subject->headers);
    *subject = (struct subject){0};
    return status;
}

void subject_fill(const struct subject *subject, unsigned count)
{
    static const char sql[] =
        "PRAGMA synchronous=OFF; PRAGMA cache_size=-65536; BEGIN IMMEDIATE;"
        "INSERT INTO rows(id,account_id,bucket,key,mime_type,size_bytes,duration_ms,kind,status,"
        "session_id,take_index,checksum,created_at,updated_at,fence,metadata)"
        " WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i+1 FROM n WHERE i+1<%u)"
        " SELECT printf('%%08x-0000-4000-8000-%%012x',(i*2654435761)&0xffffffff,i),'dev',"
        "'media-recordings',printf('2026/01/01/%%08x%%012x',(i*2654435761)&0xffffffff,i),"
        "'video/webm',65536,1000,iif(i=%u,'audio','video'),2,"
        "iif(i=%u,'rare',printf('session-%%d',i/10)),i%%10,"
        "'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',"
        "1767225600000+i*1000,1767225600000+i*1000,1,'{\"title\":\"a recording\"}' FROM n;"
        "COMMIT; PRAGMA wal_checkpoint(TRUNCATE); PRAGMA synchronous=FULL;";
    char *text = NULL, *error = NULL;
    sqlite3 *db = NULL;
    if (asprintf(&text, sql, count, count / 2, count / 2) < 0) {
        abort();
    }
    if (sqlite3_open(subject->server->database, &db) != SQLITE_OK ||
        sqlite3_exec(db, text, NULL, NULL, &error) != SQLITE_OK) {
        fprintf(stderr, "bench: filling %s: %s\n", subject->server->database,
                error ? error : sqlite3_errmsg(db));
        exit(1);
    }
    sqlite3_close(db);
    free(text);
}

struct request subject_upload(const struct subject *subject, bool form, const char *bytes,
                              size_t length, uint64_t total)
{
    static const char part[] = "--" BOUNDARY "\r\nContent-Disposition: form-data; "
                               "name=\"blob\"; filename=\"r.webm\"\r\n"
                               "Content-Type: video/webm\r\n\r\n";
    static const char tail[] = "\r\n--" BOUNDARY "\r\nContent-Disposition: form-data; "
                               "name=\"durationMs\"\r\n\r\n1000\r\n--" BOUNDARY "--\r\n";
    uint64_t announced = total + (form ? sizeof part - 1 + sizeof tail - 1 : 0);
    struct request request = {
        .head = client_head("POST /api/media/recordings HTTP/1.1\r\nHost: 127.0.0.1\r\n%s"
                            "Content-Type: %s\r\nContent-Length: %llu\r\n\r\n%s",
                            subject->headers,
                            form ? "multipart/form-data; boundary=" BOUNDARY : "video/webm",
                            (unsigned long long)announced, form ? part : ""),
        .body = bytes,
        .body_length = length,
        .body_total = total,
        .tail = tail,
        .tail_length = form ? sizeof tail - 1 : 0,
    };
    request.head_length = strlen(request.head);
    return request;
}

json_t *subject_json(const struct subject *subject, const struct request *request, unsigned status)
{
    char *text = client_once(subject->server->port, request, status);
    json_t *json = text ? json_loads(text, 0, NULL) : NULL;
    free(text);
    if (!json) {
        fprintf(stderr, "bench: the gateway did not answer with JSON and %u\n", status);
        exit(1);
    }
    return json;
}

struct request subject_get(const struct subject *subject, const char *target)
{
    return client_get(target, subject->headers);
}

json_t *subject_put(const struct subject *subject, const char *bytes, size_t length, uint64_t total)
{
    struct request request = subject_upload(subject, false, bytes, length, total);
    json_t *json = subject_json(subject, &request, 201);
    client_release(&request);
    return json;
}

const char *subject_signed(const json_t *grant)
{
    const char *url = json_string_value(json_object_get(grant, "signedUrl"));
    const char *target = url ? strstr(url, "/media/") : NULL;
    if (!target) {
        fprintf(stderr, "bench: an answer without a signedUrl\n");
        exit(1);
    }
    return target;
}

bool served_run(void *ctx, double seconds, struct result *result)
{
    const struct served *served = ctx;
    struct load load = {.port = served->port,
                        .connections = served->connections,
                        .requests = served->requests,
                        .count = served->count,
                        .status = served->status,
                        .seconds = seconds,
                        .at_most = served->at_most};
    struct outcome outcome;
    double cpu_us = process_cpu_us(served->pid);
    if (!client_run(&load, &outcome)) {
        return false;
    }
    double answers = (double)outcome.answers;
    *result = (struct result){
        .rate = answers / outcome.seconds * (served->scale > 0 ? served->scale : 1),
        .p50_ms = outcome.p50_ms,
        .p99_ms = outcome.p99_ms,
        .cpu_us = (process_cpu_us(served->pid) - cpu_us) / answers,
    };
    return true;
}
