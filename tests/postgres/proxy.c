/* SPDX-License-Identifier: Apache-2.0
 *
 * See proxy.h. One thread for all. */
#include "proxy.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PAIRS = 64, CHUNK = 65536 };

struct pair {
    int client, server;
    bool cut_answer;
};

struct proxy {
    pthread_t thread;
    int listener, port, server_port;
    atomic_int cut, connections;
    atomic_bool stop;
    struct pair pairs[PAIRS];
    int count;
    char chunk[CHUNK];
};

static struct sockaddr_in loopback(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

static void accept_one(struct proxy *proxy)
{
    struct sockaddr_in address = loopback(proxy->server_port);
    int client = accept4(proxy->listener, NULL, NULL, SOCK_CLOEXEC);
    int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (client < 0 || proxy->count == PAIRS ||
        connect(server, (struct sockaddr *)&address, sizeof address) != 0) {
        close(client);
        close(server);
        return;
    }
    proxy->connections++;
    proxy->pairs[proxy->count++] = (struct pair){client, server, false};
}

static bool send_all(int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);
        if (sent <= 0) {
            return false;
        }
        bytes += sent;
        length -= (size_t)sent;
    }
    return true;
}

/* False: the connection is cut. */
static bool from_client(struct proxy *proxy, struct pair *pair)
{
    ssize_t got = recv(pair->client, proxy->chunk, CHUNK, 0);
    if (got <= 0) {
        return false;
    }
    int cut = proxy->cut;
    bool commit = memmem(proxy->chunk, (size_t)got, "COMMIT", sizeof "COMMIT") != NULL;
    bool begin = memmem(proxy->chunk, (size_t)got, "BEGIN", 5) != NULL;
    bool hit = (begin && (cut == PROXY_CHANGES || cut == PROXY_CHANGES_ANSWER)) ||
               (commit && (cut == PROXY_COMMIT || cut == PROXY_COMMIT_ANSWER)) || cut == PROXY_READ;
    if (hit) {
        proxy->cut = PROXY_PASS;
        pair->cut_answer = cut == PROXY_CHANGES_ANSWER || cut == PROXY_COMMIT_ANSWER;
        if (!pair->cut_answer) {
            return false;
        }
    }
    return send_all(pair->server, proxy->chunk, (size_t)got);
}

static bool from_server(struct proxy *proxy, struct pair *pair)
{
    ssize_t got = recv(pair->server, proxy->chunk, CHUNK, 0);
    return got > 0 && !pair->cut_answer && send_all(pair->client, proxy->chunk, (size_t)got);
}

static void serve_pairs(struct proxy *proxy, const struct pollfd *fds, int polled)
{
    for (int i = polled - 1; i >= 0; i--) {
        struct pair *pair = &proxy->pairs[i];
        bool good = (!fds[2 * i].revents || from_client(proxy, pair)) &&
                    (!fds[2 * i + 1].revents || from_server(proxy, pair));
        if (!good) {
            close(pair->client);
            close(pair->server);
            *pair = proxy->pairs[--proxy->count];
        }
    }
}

static void *proxy_main(void *ctx)
{
    struct proxy *proxy = ctx;
    while (!proxy->stop) {
        struct pollfd fds[2 * PAIRS + 1];
        int polled = proxy->count;
        for (int i = 0; i < polled; i++) {
            fds[2 * i] = (struct pollfd){.fd = proxy->pairs[i].client, .events = POLLIN};
            fds[2 * i + 1] = (struct pollfd){.fd = proxy->pairs[i].server, .events = POLLIN};
        }
        fds[2 * polled] = (struct pollfd){.fd = proxy->listener, .events = POLLIN};
        if (proxy->cut == PROXY_HOLD) {
            poll(NULL, 0, 10);
        } else if (poll(fds, (nfds_t)(2 * polled + 1), 10) > 0) {
            if (fds[2 * polled].revents) {
                accept_one(proxy);
            }
            serve_pairs(proxy, fds, polled);
        }
    }
    return NULL;
}

struct proxy *proxy_new(int server_port)
{
    struct proxy *proxy = calloc(1, sizeof *proxy);
    struct sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    if (!proxy) {
        abort();
    }
    proxy->server_port = server_port;
    proxy->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(proxy->listener, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(proxy->listener, PAIRS) != 0 ||
        getsockname(proxy->listener, (struct sockaddr *)&address, &size) != 0) {
        abort();
    }
    proxy->port = ntohs(address.sin_port);
    if (pthread_create(&proxy->thread, NULL, proxy_main, proxy) != 0) {
        abort();
    }
    return proxy;
}

void proxy_free(struct proxy *proxy)
{
    proxy->stop = true;
    pthread_join(proxy->thread, NULL);
    for (int i = 0; i < proxy->count; i++) {
        close(proxy->pairs[i].client);
        close(proxy->pairs[i].server);
    }
    close(proxy->listener);
    free(proxy);
}

int proxy_port(const struct proxy *proxy)
{
    return proxy->port;
}

void proxy_set(struct proxy *proxy, enum proxy_cut cut)
{
    proxy->cut = cut;
}

int proxy_connections(const struct proxy *proxy)
{
    return proxy->connections;
}
