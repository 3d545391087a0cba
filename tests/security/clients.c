/* SPDX-License-Identifier: Apache-2.0
 *
 * See clients.h. One thread, nonblocking sockets, a look at each of them every few milliseconds. */
#include "tests/security/clients.h"

#include "tests/support/scratch.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LOOK_MS = 20 };

struct client {
    int64_t opened_at, spoke_at;
};

struct clients {
    pthread_t thread;
    uint16_t port;
    size_t count;
    int64_t pause_ms;
    struct pollfd *fds; /* fd -1: not connected */
    struct client *each;
    struct clients_found found;
    _Atomic size_t connected;
    _Atomic bool ending;
    _Atomic int64_t until; /* once ending */
};

static void say(struct clients *clients, size_t i, const char *text, int64_t now)
{
    /* a peer that is gone shows by poll */
    if (send(clients->fds[i].fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT) > 0) {
        clients->each[i].spoke_at = now;
    }
}

static void come(struct clients *clients, size_t i)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(clients->port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        fprintf(stderr, "client %zu: %s\n", i, strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        return;
    }
    clients->fds[i] = (struct pollfd){.fd = fd, .events = POLLIN};
    clients->each[i].opened_at = wait_now_ms();
    clients->found.opened++;
    size_t connected = ++clients->connected;
    clients->found.most = connected > clients->found.most ? connected : clients->found.most;
    say(clients, i, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n", wait_now_ms());
}

static void leave(struct clients *clients, size_t i, int64_t now)
{
    struct clients_found *found = &clients->found;
    int64_t life = now - clients->each[i].opened_at;
    found->shortest_ms =
        found->shortest_ms == 0 || life < found->shortest_ms ? life : found->shortest_ms;
    found->longest_ms = life > found->longest_ms ? life : found->longest_ms;
    close(clients->fds[i].fd);
    clients->fds[i].fd = -1;
    clients->connected--;
}

static void look(struct clients *clients, size_t i, int64_t now)
{
    char bytes[1024];
    struct pollfd *fd = &clients->fds[i];
    if (fd->fd < 0) {
        if (!clients->ending) {
            come(clients, i);
        }
        return;
    }
    if (fd->revents != 0) {
        ssize_t got = recv(fd->fd, bytes, sizeof bytes, MSG_DONTWAIT);
        clients->found.answered += got > 0;
        if (got == 0 || (got < 0 && errno != EAGAIN)) {
            leave(clients, i, now);
            return;
        }
    }
    if (now - clients->each[i].spoke_at >= clients->pause_ms) {
        say(clients, i, "X-More: 1\r\n", now);
    }
}

static void *run(void *argument)
{
    struct clients *clients = argument;
    while (!clients->ending || (clients->connected > 0 && wait_now_ms() < clients->until)) {
        if (poll(clients->fds, clients->count, LOOK_MS) >= 0) {
            int64_t now = wait_now_ms();
            for (size_t i = 0; i < clients->count; i++) {
                look(clients, i, now);
            }
        }
        wait_ms(LOOK_MS);
    }
    return NULL;
}

struct clients *clients_start(uint16_t port, size_t count, int64_t pause_ms)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    struct clients *clients = calloc(1, sizeof *clients);
    if (!clients) {
        abort();
    }
    clients->port = port;
    clients->count = count;
    clients->pause_ms = pause_ms;
    clients->fds = calloc(count, sizeof *clients->fds);
    clients->each = calloc(count, sizeof *clients->each);
    if (!clients->fds || !clients->each) {
        abort();
    }
    for (size_t i = 0; i < count; i++) {
        clients->fds[i].fd = -1;
    }
    if (pthread_create(&clients->thread, NULL, run, clients) != 0) {
        abort();
    }
    return clients;
}

size_t clients_connected(const struct clients *clients)
{
    return clients->connected;
}

struct clients_found clients_end(struct clients *clients, int64_t patience_ms)
{
    clients->until = wait_now_ms() + patience_ms;
    clients->ending = true;
    pthread_join(clients->thread, NULL);
    struct clients_found found = clients->found;
    found.still_open = clients->connected;
    for (size_t i = 0; i < clients->count; i++) {
        if (clients->fds[i].fd >= 0) {
            close(clients->fds[i].fd);
        }
    }
    free(clients->fds);
    free(clients->each);
    free(clients);
    return found;
}
