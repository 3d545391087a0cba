/* SPDX-License-Identifier: Apache-2.0
 *
 * Presigned requests to a host that does not exist: each URL is a ticket that the store remembers,
 * and memstore_send plays the client who has nothing but the URL and the headers. It is as strict
 * as S3's signature is: the headers as they were given, the exact length, in time, and never over a
 * blob that is there. */
#include "inside.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define HOST "https://store.test/"

struct ticket {
    struct ticket *next;
    uint64_t number;
    uint32_t op, part_number;
    struct blob *blob; /* PUT, PART: named, typed and empty; GET: only named */
    uint64_t upload_id;
    uint64_t length;
    char *content_md5;
    char *type, *disposition; /* GET */
    int64_t expires_at;
};

static void ticket_free(struct ticket *ticket)
{
    free(ticket->content_md5);
    free(ticket->type);
    free(ticket->disposition);
    free(ticket);
}

void mem_presign_free_all(struct memstore *store)
{
    while (store->tickets) {
        struct ticket *ticket = store->tickets;
        store->tickets = ticket->next;
        mem_blob_release(store, ticket->blob);
        ticket_free(ticket);
    }
}

void memstore_presigns(struct memstore *store, uint64_t capabilities, int64_t max_ttl_sec)
{
    store->presigns = capabilities;
    store->max_ttl_sec = max_ttl_sec;
}

void memstore_credentials_end(struct memstore *store, int64_t at_ms)
{
    pthread_mutex_lock(&store->lock);
    store->credentials_end = at_ms;
    pthread_mutex_unlock(&store->lock);
}

static char *dup_or_null(const char *text)
{
    return text ? strdup(text) : NULL;
}

static enum mgw_status ticket_new(struct mgw_call *call, const struct mgw_blob *name,
                                  const struct mgw_presign *presign, struct ticket **out)
{
    struct ticket *ticket = calloc(1, sizeof *ticket);
    if (!ticket) {
        return mgw_fail(call, MGW_UNAVAILABLE, "memory is short");
    }
    struct mgw_put put = {
        .size = sizeof put, .content_type = presign->content_type, .metadata = presign->metadata};
    enum mgw_status status = mem_blob_new(call, name, &put, &ticket->blob);
    if (status != MGW_OK) {
        free(ticket);
        return status;
    }
    ticket->op = presign->op;
    ticket->part_number = presign->part_number;
    ticket->length = presign->length;
    ticket->content_md5 = dup_or_null(presign->content_md5);
    ticket->type = dup_or_null(presign->response_content_type);
    ticket->disposition = dup_or_null(presign->response_disposition);
    ticket->expires_at = mem_wall_ms() + presign->ttl_sec * 1000;
    if (presign->op == MGW_PRESIGN_PART && presign->upload_state->length == sizeof(uint64_t)) {
        memcpy(&ticket->upload_id, presign->upload_state->bytes, sizeof ticket->upload_id);
    }
    *out = ticket;
    return MGW_OK;
}

static const char *copy_text(struct mgw_call *call, const char *text)
{
    char *copy = call->alloc(call, strlen(text) + 1);
    return copy ? strcpy(copy, text) : NULL;
}

/* What the client must send. */
static const char *const *headers_of(struct mgw_call *call, const struct ticket *ticket)
{
    const char **headers = call->alloc(call, 7 * sizeof *headers);
    size_t count = 0;
    if (!headers || ticket->op == MGW_PRESIGN_GET) {
        return headers;
    }
    if (ticket->op == MGW_PRESIGN_PUT) {
        headers[count++] = "If-None-Match";
        headers[count++] = "*";
        headers[count++] = "Content-Type";
        headers[count++] = copy_text(call, ticket->blob->content_type);
    }
    if (ticket->content_md5) {
        headers[count++] = "Content-MD5";
        headers[count++] = copy_text(call, ticket->content_md5);
    }
    return headers;
}

enum mgw_status mem_presign(struct mgw_call *call, void *instance, const struct mgw_blob *name,
                            const struct mgw_presign *presign, struct mgw_presigned *presigned)
{
    struct memstore *store = instance;
    enum mgw_status lost;
    enum mgw_status status = mem_gate_enter(call, store, MEMSTORE_PRESIGN, &lost);
    struct ticket *ticket = NULL;
    if (status == MGW_OK) {
        status = ticket_new(call, name, presign, &ticket);
    }
    if (status != MGW_OK) {
        return status;
    }
    char *url = call->alloc(call, 64);
    pthread_mutex_lock(&store->lock);
    int64_t end = store->credentials_end;
    ticket->expires_at = end && end < ticket->expires_at ? end : ticket->expires_at;
    ticket->number = ++store->serial;
    ticket->next = store->tickets;
    store->tickets = ticket;
    pthread_mutex_unlock(&store->lock);
    presigned->method = presign->op == MGW_PRESIGN_GET ? "GET" : "PUT";
    presigned->headers = headers_of(call, ticket);
    presigned->expires_at_ms = ticket->expires_at;
    if (!url || !presigned->headers) {
        return mgw_fail(call, MGW_UNAVAILABLE, "memory is short");
    }
    snprintf(url, 64, HOST "?ticket=%" PRIu64, ticket->number);
    presigned->url = url;
    return mem_gate_leave(call, MGW_OK, lost);
}

/* ---- The client's side ---- */

/* The lock is held. */
static struct ticket *find(struct memstore *store, const char *url)
{
    static const char prefix[] = HOST "?ticket=";
    if (strncmp(url, prefix, sizeof prefix - 1) != 0) {
        return NULL;
    }
    uint64_t number = strtoull(url + sizeof prefix - 1, NULL, 10);
    struct ticket *ticket = store->tickets;
    while (ticket && ticket->number != number) {
        ticket = ticket->next;
    }
    return ticket;
}

static bool has(const char *const *headers, const char *name, const char *value)
{
    for (; headers && headers[0]; headers += 2) {
        if (strcmp(headers[0], name) == 0) {
            return value && strcmp(headers[1], value) == 0;
        }
    }
    return !value;
}

static bool headers_hold(const struct ticket *ticket, const char *const *headers)
{
    bool put = ticket->op == MGW_PRESIGN_PUT;
    return has(headers, "Content-MD5", ticket->content_md5) &&
           (!put || (has(headers, "If-None-Match", "*") &&
                     has(headers, "Content-Type", ticket->blob->content_type)));
}

/* The lock is held. */
static int take_blob(struct mgw_call *call, struct memstore *store, const struct ticket *ticket,
                     const void *bytes, size_t length)
{
    struct mgw_blob name = {sizeof name, ticket->blob->bucket, ticket->blob->key};
    struct blob *blob = NULL;
    struct mgw_put put = {.size = sizeof put,
                          .content_type = ticket->blob->content_type,
                          .metadata = (const char *const *)ticket->blob->metadata};
    if (mem_blob_find(store, &name)) {
        return 412;
    }
    bool good = mem_blob_new(call, &name, &put, &blob) == MGW_OK &&
                mem_blob_append(call, store, blob, bytes, length) == MGW_OK;
    return good && mem_blob_publish(call, store, blob) == MGW_OK ? 200 : 500;
}

int memstore_send(struct memstore *store, struct mgw_call *call, const char *url,
                  const char *const *headers, const void *bytes, size_t length)
{
    pthread_mutex_lock(&store->lock);
    const struct ticket *ticket = find(store, url);
    int status = 403;
    if (ticket && ticket->op != MGW_PRESIGN_GET && ticket->length == length &&
        headers_hold(ticket, headers) && mem_wall_ms() < ticket->expires_at) {
        status =
            ticket->op == MGW_PRESIGN_PUT
                ? take_blob(call, store, ticket, bytes, length)
                : mem_upload_take(store, ticket->upload_id, ticket->part_number, bytes, length);
    }
    pthread_mutex_unlock(&store->lock);
    return status;
}

bool memstore_shown_as(struct memstore *store, const char *url, const char **type,
                       const char **disposition)
{
    pthread_mutex_lock(&store->lock);
    const struct ticket *ticket = find(store, url);
    bool get = ticket && ticket->op == MGW_PRESIGN_GET;
    if (get) {
        *type = ticket->type;
        *disposition = ticket->disposition;
    }
    pthread_mutex_unlock(&store->lock);
    return get;
}
