/* SPDX-License-Identifier: Apache-2.0
 *
 * See proxy.h. A thread accepts, and one more for each connection passes bytes on. */
#include "tests/cli/proxy.h"

#include "tests/support/check.h"
#include "tests/support/keep.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CONNECTIONS = 64, SEEN_MAX = 4 * 1024 * 1024, POLL_MS = 20, BOUND_SEC = 20 };

struct passage {
    struct proxy *proxy;
    pthread_t thread;
    struct proxy_plan plan;
    int client, gateway;
    size_t up, down;
};

struct proxy {
    uint16_t port;
    int listener;
    const struct proxy_plan *plans;
    size_t count;
    pthread_t thread;
    pthread_mutex_t lock; /* of all below */
    uint16_t to;
    bool ends;
    struct passage passages[CONNECTIONS];
    size_t connections;
    char *seen; /* all that came from clients */
    size_t seen_length;
};

static bool proxy_ends(struct proxy *proxy)
{
    pthread_mutex_lock(&proxy->lock);
    bool ends = proxy->ends;
    pthread_mutex_unlock(&proxy->lock);
    return ends;
}

static void remember(struct proxy *proxy, const char *bytes, size_t length)
{
    pthread_mutex_lock(&proxy->lock);
    size_t room = SEEN_MAX - proxy->seen_length;
    size_t kept = length < room ? length : room;
    memcpy(proxy->seen + proxy->seen_length, bytes, kept);
    proxy->seen_length += kept;
    pthread_mutex_unlock(&proxy->lock);
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

/* Changes the byte FLIP (1: the first) of a stream where it lies in these, which begin at AT. */
static void flip(char *bytes, size_t length, size_t at, size_t flip_at)
{
    if (flip_at > at && flip_at <= at + length) {
        bytes[flip_at - at - 1] ^= 1;
    }
}

static bool pass_up(struct passage *passage)
{
    char bytes[16384];
    const struct proxy_plan *plan = &passage->plan;
    ssize_t got = recv(passage->client, bytes, sizeof bytes, 0);
    if (got <= 0) {
        return false;
    }
    size_t length = (size_t)got;
    remember(passage->proxy, bytes, length);
    if (plan->slow_up) {
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    if (plan->silent) {
        return true;
    }
    if (plan->answer) {
        send_all(passage->client, plan->answer, strlen(plan->answer));
        shutdown(passage->client, SHUT_WR);
        while (recv(passage->client, bytes, sizeof bytes, 0) > 0) { /* so that it reads */
        }
        return false;
    }
    flip(bytes, length, passage->up, plan->flip_up);
    bool cut = plan->cut_up > 0 && passage->up + length >= plan->cut_up;
    length = cut ? plan->cut_up - passage->up : length;
    passage->up += length;
    return send_all(passage->gateway, bytes, length) && !cut;
}

static bool pass_down(struct passage *passage)
{
    char bytes[16384];
    const struct proxy_plan *plan = &passage->plan;
    ssize_t got = recv(passage->gateway, bytes, sizeof bytes, 0);
    if (got <= 0 || plan->lose_answer) {
        return false;
    }
    size_t length = (size_t)got;
    flip(bytes, length, passage->down, plan->flip_down);
    bool cut = plan->cut_down > 0 && passage->down + length >= plan->cut_down;
    length = cut ? plan->cut_down - passage->down : length;
    passage->down += length;
    return send_all(passage->client, bytes, length) && !cut;
}

static void *pass(void *argument)
{
    struct passage *passage = argument;
    struct sockaddr_in address = {.sin_family = AF_INET};
    pthread_mutex_lock(&passage->proxy->lock);
    address.sin_port = htons(passage->proxy->to);
    pthread_mutex_unlock(&passage->proxy->lock);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    passage->gateway = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool good = connect(passage->gateway, (struct sockaddr *)&address, sizeof address) == 0;
    while (good && !proxy_ends(passage->proxy)) {
        struct pollfd fds[2] = {{.fd = passage->client, .events = POLLIN},
                                {.fd = passage->gateway, .events = POLLIN}};
        if (poll(fds, 2, POLL_MS) > 0) {
            good = (!fds[0].revents || pass_up(passage)) && (!fds[1].revents || pass_down(passage));
        }
    }
    close(passage->client);
    close(passage->gateway);
    return NULL;
}

static void *accept_all(void *argument)
{
    struct proxy *proxy = argument;
    while (!proxy_ends(proxy)) {
        struct pollfd ready = {.fd = proxy->listener, .events = POLLIN};
        int fd =
            poll(&ready, 1, POLL_MS) > 0 ? accept4(proxy->listener, NULL, NULL, SOCK_CLOEXEC) : -1;
        pthread_mutex_lock(&proxy->lock);
        if (fd >= 0 && proxy->connections < CONNECTIONS) {
            size_t i = proxy->connections++;
            struct passage *passage = &proxy->passages[i];
            struct timeval bound = {.tv_sec = BOUND_SEC};
            setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &bound, sizeof bound);
            setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &bound, sizeof bound);
            *passage = (struct passage){.proxy = proxy, .client = fd};
            passage->plan = i < proxy->count ? proxy->plans[i] : (struct proxy_plan){0};
            if (pthread_create(&passage->thread, NULL, pass, passage) != 0) {
                abort();
            }
        } else if (fd >= 0) {
            close(fd);
        }
        pthread_mutex_unlock(&proxy->lock);
    }
    return NULL;
}

static void proxy_free(void *argument)
{
    struct proxy *proxy = argument;
    pthread_mutex_lock(&proxy->lock);
    proxy->ends = true;
    pthread_mutex_unlock(&proxy->lock);
    pthread_join(proxy->thread, NULL);
    for (size_t i = 0; i < proxy->connections; i++) {
        pthread_join(proxy->passages[i].thread, NULL);
    }
    close(proxy->listener);
    pthread_mutex_destroy(&proxy->lock);
    free(proxy->seen);
    free(proxy);
}

struct proxy *proxy_new(uint16_t to, const struct proxy_plan *plans, size_t count)
{
    struct proxy *proxy = calloc(1, sizeof *proxy);
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof address;
    assert_non_null(proxy);
    proxy->to = to;
    proxy->plans = plans;
    proxy->count = count;
    proxy->seen = malloc(SEEN_MAX);
    assert_non_null(proxy->seen);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    proxy->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(proxy->listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(proxy->listener, CONNECTIONS), 0);
    assert_int_equal(getsockname(proxy->listener, (struct sockaddr *)&address, &length), 0);
    proxy->port = ntohs(address.sin_port);
    pthread_mutex_init(&proxy->lock, NULL);
    assert_int_equal(pthread_create(&proxy->thread, NULL, accept_all, proxy), 0);
    return keep_with(proxy, proxy_free);
}

const char *proxy_url(const struct proxy *proxy)
{
    return keep_text("http://127.0.0.1:%u", proxy->port);
}

void proxy_follow(struct proxy *proxy, uint16_t to)
{
    pthread_mutex_lock(&proxy->lock);
    proxy->to = to;
    pthread_mutex_unlock(&proxy->lock);
}

size_t proxy_connections(struct proxy *proxy)
{
    pthread_mutex_lock(&proxy->lock);
    size_t connections = proxy->connections;
    pthread_mutex_unlock(&proxy->lock);
    return connections;
}

size_t proxy_seen(struct proxy *proxy)
{
    pthread_mutex_lock(&proxy->lock);
    size_t seen = proxy->seen_length;
    pthread_mutex_unlock(&proxy->lock);
    return seen;
}

size_t proxy_saw(struct proxy *proxy, const char *text)
{
    size_t times = 0;
    pthread_mutex_lock(&proxy->lock);
    const char *at = proxy->seen, *end = proxy->seen + proxy->seen_length;
    while ((at = memmem(at, (size_t)(end - at), text, strlen(text))) != NULL) {
        times++;
        at += strlen(text);
    }
    pthread_mutex_unlock(&proxy->lock);
    return times;
}

const char *proxy_request(struct proxy *proxy, const char *start)
{
    const char *request = NULL;
    pthread_mutex_lock(&proxy->lock);
    const char *from = memmem(proxy->seen, proxy->seen_length, start, strlen(start));
    size_t left = from ? proxy->seen_length - (size_t)(from - proxy->seen) : 0;
    const char *end = from ? memmem(from, left, "\r\n\r\n", 4) : NULL;
    if (end) {
        request = keep_bytes(from, (size_t)(end - from) + 2);
    }
    pthread_mutex_unlock(&proxy->lock);
    return request;
}
