/* SPDX-License-Identifier: Apache-2.0
 *
 * See pages.h. */
#include "tests/security/pages.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { HITS_MAX = 4096 };

struct pages {
    struct MHD_Daemon *daemon;
    const struct page *served;
    pthread_mutex_t lock;
    char *hits[HITS_MAX];
    size_t hit_count;
};

static enum MHD_Result answer(void *ctx, struct MHD_Connection *connection, const char *path,
                              const char *method, const char *version, const char *data,
                              size_t *length, void **state)
{
    (void)method, (void)version, (void)data;
    struct pages *pages = ctx;
    static int begun;
    if (*state != &begun) {
        *state = &begun;
        return MHD_YES;
    }
    *length = 0;
    pthread_mutex_lock(&pages->lock);
    if (pages->hit_count < HITS_MAX) {
        pages->hits[pages->hit_count++] = strdup(path);
    }
    pthread_mutex_unlock(&pages->lock);
    const struct page *page = pages->served;
    while (page->path && strcmp(page->path, path) != 0) {
        page++;
    }
    struct MHD_Response *response = MHD_create_response_from_buffer(
        page->path ? page->length : 0, (void *)(uintptr_t)(page->path ? page->bytes : ""),
        MHD_RESPMEM_PERSISTENT);
    MHD_add_response_header(response, "Content-Type", page->path ? page->type : "text/plain");
    MHD_add_response_header(response, "Access-Control-Allow-Origin", "*");
    enum MHD_Result queued = MHD_queue_response(connection, page->path ? 200 : 404, response);
    MHD_destroy_response(response);
    return queued;
}

struct pages *pages_start(const struct page *served)
{
    struct pages *pages = calloc(1, sizeof *pages);
    struct sockaddr_in address = {.sin_family = AF_INET};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (!pages) {
        abort();
    }
    pages->served = served;
    pthread_mutex_init(&pages->lock, NULL);
    pages->daemon =
        MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, answer, pages,
                         MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&address, MHD_OPTION_END);
    if (!pages->daemon) {
        abort();
    }
    return pages;
}

void pages_stop(struct pages *pages)
{
    MHD_stop_daemon(pages->daemon);
    for (size_t i = 0; i < pages->hit_count; i++) {
        free(pages->hits[i]);
    }
    pthread_mutex_destroy(&pages->lock);
    free(pages);
}

uint16_t pages_port(const struct pages *pages)
{
    return MHD_get_daemon_info(pages->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
}

size_t pages_hits(struct pages *pages, const char *prefix)
{
    size_t hits = 0;
    pthread_mutex_lock(&pages->lock);
    for (size_t i = 0; i < pages->hit_count; i++) {
        hits += strncmp(pages->hits[i], prefix, strlen(prefix)) == 0;
    }
    pthread_mutex_unlock(&pages->lock);
    return hits;
}
