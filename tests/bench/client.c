/* SPDX-License-Identifier: Apache-2.0
 *
 * See client.h. */
#include "tests/bench/client.h"

#include "tests/bench/series.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum { THREADS = 2, HEADER_MAX = 8192, BUFFER = 256 * 1024, STALLED_SEC = 60 };

struct connection {
    int fd;
    const struct request *request; /* NULL: nothing is under way */
    size_t head_sent, tail_sent;
    uint64_t body_sent;
    bool wants_out;
    int64_t started_us;
    char header[HEADER_MAX + 1];
    size_t header_length;
    bool in_body;
    uint64_t left; /* of the answer's body */
};

struct worker {
    const struct load *load;
    struct shared *shared;
    pthread_t thread;
    int epoll;
    unsigned count, busy;
    struct connection *connections;
    char *buffer;
    uint64_t answers, bytes;
    int64_t last_us;
    uint32_t *latencies;
    size_t capacity;
    char *kept; /* the answer's body, where it is to be kept */
    size_t kept_length;
    bool failed;
};

struct shared {
    _Atomic uint64_t taken;
    int64_t end_us;
    bool keep;
};

static bool fail(struct worker *worker, const struct connection *connection, const char *why)
{
    if (!worker->failed) {
        fprintf(stderr, "bench: %s: %.*s\n%.*s\n", why,
                (int)strcspn(connection->request ? connection->request->head : "", "\r"),
                connection->request ? connection->request->head : "",
                (int)connection->header_length, connection->header);
    }
    worker->failed = true;
    return false;
}

/* ---- Sending ---- */

static int next_pieces(const struct connection *connection, struct iovec pieces[16])
{
    const struct request *request = connection->request;
    int count = 0;
    if (connection->head_sent < request->head_length) {
        pieces[count++] = (struct iovec){request->head + connection->head_sent,
                                         request->head_length - connection->head_sent};
    }
    uint64_t sent = connection->body_sent;
    while (sent < request->body_total && count < 15) {
        size_t at = (size_t)(sent % request->body_length), length = request->body_length - at;
        length =
            length < request->body_total - sent ? length : (size_t)(request->body_total - sent);
        pieces[count++] = (struct iovec){(char *)(uintptr_t)request->body + at, length};
        sent += length;
    }
    if (sent == request->body_total && connection->tail_sent < request->tail_length) {
        pieces[count++] = (struct iovec){(char *)(uintptr_t)request->tail + connection->tail_sent,
                                         request->tail_length - connection->tail_sent};
    }
    return count;
}

static void count_sent(struct connection *connection, uint64_t sent)
{
    const struct request *request = connection->request;
    uint64_t head = request->head_length - connection->head_sent;
    head = head < sent ? head : sent;
    connection->head_sent += (size_t)head;
    sent -= head;
    uint64_t body = request->body_total - connection->body_sent;
    body = body < sent ? body : sent;
    connection->body_sent += body;
    connection->tail_sent += (size_t)(sent - body);
}

static bool connection_send(struct worker *worker, struct connection *connection)
{
    struct iovec pieces[16];
    bool blocked = false;
    for (int count; !blocked && (count = next_pieces(connection, pieces)) > 0;) {
        struct msghdr message = {.msg_iov = pieces, .msg_iovlen = (size_t)count};
        ssize_t sent = sendmsg(connection->fd, &message, MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN && errno != EINTR) {
            return fail(worker, connection, strerror(errno));
        }
        blocked = sent < 0 && errno == EAGAIN;
        count_sent(connection, sent < 0 ? 0 : (uint64_t)sent);
    }
    if (blocked != connection->wants_out) {
        connection->wants_out = blocked;
        struct epoll_event event = {.events = EPOLLIN | (blocked ? EPOLLOUT : 0),
                                    .data.ptr = connection};
        epoll_ctl(worker->epoll, EPOLL_CTL_MOD, connection->fd, &event);
    }
    return true;
}

static bool connection_next(struct worker *worker, struct connection *connection)
{
    const struct load *load = worker->load;
    struct shared *shared = worker->shared;
    connection->request = NULL;
    int64_t now = client_now_us();
    if (now >= shared->end_us) {
        worker->busy--;
        return true;
    }
    uint64_t number = shared->taken++;
    if (load->at_most && number >= load->at_most) {
        worker->busy--;
        return true;
    }
    connection->request = &load->requests[number % load->count];
    connection->head_sent = connection->tail_sent = connection->header_length = 0;
    connection->body_sent = 0;
    connection->in_body = false;
    connection->started_us = now;
    return connection_send(worker, connection);
}

/* ---- Receiving ---- */

static void keep(struct worker *worker, const char *bytes, size_t length)
{
    if (worker->shared->keep) {
        worker->kept = realloc(worker->kept, worker->kept_length + length + 1);
        memcpy(worker->kept + worker->kept_length, bytes, length);
        worker->kept_length += length;
        worker->kept[worker->kept_length] = '\0';
    }
}

static bool connection_done(struct worker *worker, struct connection *connection)
{
    int64_t now = client_now_us();
    if (worker->answers == worker->capacity) {
        worker->capacity = worker->capacity ? 2 * worker->capacity : 4096;
        worker->latencies = realloc(worker->latencies, worker->capacity * sizeof(uint32_t));
    }
    worker->latencies[worker->answers++] = (uint32_t)(now - connection->started_us);
    worker->last_us = now;
    return connection_next(worker, connection);
}

/* The header is whole: status and length. */
static bool connection_header(struct worker *worker, struct connection *connection)
{
    connection->header[connection->header_length] = '\0';
    unsigned status = 0;
    uint64_t length = UINT64_MAX;
    if (sscanf(connection->header, "HTTP/1.1 %3u", &status) != 1 ||
        status != worker->load->status) {
        return fail(worker, connection, "an answer with another status");
    }
    for (const char *line = connection->header; line; line = strstr(line, "\r\n")) {
        line += line[0] == '\r' ? 2 : 0;
        if (strncasecmp(line, "Content-Length:", 15) == 0) {
            length = strtoull(line + 15, NULL, 10);
        }
    }
    if (length == UINT64_MAX) {
        return fail(worker, connection, "an answer without Content-Length");
    }
    connection->in_body = true;
    connection->left = length;
    return true;
}

static bool connection_take(struct worker *worker, struct connection *connection, const char *bytes,
                            size_t length)
{
    if (!connection->request) {
        return fail(worker, connection, "an answer that nobody asked for");
    }
    if (!connection->in_body) {
        size_t before = connection->header_length, room = HEADER_MAX - before;
        size_t taken = length < room ? length : room;
        memcpy(connection->header + before, bytes, taken);
        size_t from = before < 3 ? 0 : before - 3;
        char *end = memmem(connection->header + from, before + taken - from, "\r\n\r\n", 4);
        connection->header_length = before + taken;
        if (!end) {
            return taken == length || fail(worker, connection, "the header is too long");
        }
        connection->header_length = (size_t)(end + 4 - connection->header);
        bytes += connection->header_length - before;
        length -= connection->header_length - before;
        if (!connection_header(worker, connection)) {
            return false;
        }
    }
    if (length > connection->left) {
        return fail(worker, connection, "more bytes than were announced");
    }
    keep(worker, bytes, length);
    connection->left -= length;
    worker->bytes += length;
    return connection->left > 0 || connection_done(worker, connection);
}

static bool connection_receive(struct worker *worker, struct connection *connection)
{
    ssize_t got = recv(connection->fd, worker->buffer, BUFFER, 0);
    if (got > 0) {
        return connection_take(worker, connection, worker->buffer, (size_t)got);
    }
    bool nothing = got < 0 && (errno == EAGAIN || errno == EINTR);
    return nothing || fail(worker, connection, got == 0 ? "closed" : strerror(errno));
}

/* ---- A run ---- */

static void *worker_main(void *argument)
{
    struct worker *worker = argument;
    bool good = true;
    worker->busy = worker->count;
    for (unsigned i = 0; i < worker->count && good; i++) {
        good = connection_next(worker, &worker->connections[i]);
    }
    while (good && worker->busy > 0) {
        struct epoll_event events[64];
        int count = epoll_wait(worker->epoll, events, 64, STALLED_SEC * 1000);
        if (count == 0) {
            good = fail(worker, &worker->connections[0], "nothing came for a minute");
        }
        for (int i = 0; i < count && good; i++) {
            struct connection *connection = events[i].data.ptr;
            if (events[i].events & EPOLLOUT) {
                good = connection_send(worker, connection);
            }
            if (good && (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))) {
                good = connection_receive(worker, connection);
            }
        }
    }
    return NULL;
}

static void worker_open(struct worker *worker, const struct load *load, struct shared *shared,
                        unsigned count)
{
    *worker = (struct worker){.load = load, .shared = shared, .count = count};
    worker->epoll = epoll_create1(EPOLL_CLOEXEC);
    worker->connections = calloc(count ? count : 1, sizeof *worker->connections);
    worker->buffer = malloc(BUFFER);
    if (worker->epoll < 0 || !worker->connections || !worker->buffer) {
        abort();
    }
    for (unsigned i = 0; i < count; i++) {
        struct connection *connection = &worker->connections[i];
        connection->fd = client_connect(load->port);
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
        epoll_ctl(worker->epoll, EPOLL_CTL_ADD, connection->fd, &event);
    }
}

static void worker_close(struct worker *worker)
{
    for (unsigned i = 0; i < worker->count; i++) {
        close(worker->connections[i].fd);
    }
    close(worker->epoll);
    free(worker->connections);
    free(worker->buffer);
    free(worker->latencies);
    free(worker->kept);
}

static void add_up(struct worker *workers, int64_t start_us, struct outcome *outcome)
{
    uint64_t count = workers[0].answers + workers[1].answers, at = 0;
    uint32_t *all = calloc(count + 1, sizeof *all);
    int64_t last_us = start_us;
    for (int i = 0; i < THREADS && all; i++) {
        if (workers[i].answers > 0) {
            memcpy(all + at, workers[i].latencies, workers[i].answers * sizeof *all);
        }
        at += workers[i].answers;
        outcome->bytes += workers[i].bytes;
        last_us = workers[i].last_us > last_us ? workers[i].last_us : last_us;
    }
    outcome->answers = count;
    outcome->seconds = (double)(last_us - start_us) / 1e6;
    series_latencies(all, count, &outcome->p50_ms, &outcome->p99_ms);
    free(all);
}

static bool run(const struct load *load, struct outcome *outcome, char **kept)
{
    struct worker workers[THREADS];
    struct shared shared = {.keep = kept != NULL};
    unsigned half = load->connections / THREADS;
    worker_open(&workers[0], load, &shared, load->connections - half);
    worker_open(&workers[1], load, &shared, half);
    int64_t start_us = client_now_us();
    shared.end_us = start_us + (int64_t)(load->seconds * 1e6);
    for (int i = 0; i < THREADS; i++) {
        pthread_create(&workers[i].thread, NULL, worker_main, &workers[i]);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(workers[i].thread, NULL);
    }
    *outcome = (struct outcome){0};
    add_up(workers, start_us, outcome);
    bool good = !workers[0].failed && !workers[1].failed && outcome->answers > 0;
    if (kept && good) {
        *kept = workers[0].kept ? workers[0].kept : calloc(1, 1);
        workers[0].kept = NULL;
    }
    worker_close(&workers[0]);
    worker_close(&workers[1]);
    return good;
}

bool client_run(const struct load *load, struct outcome *outcome)
{
    return run(load, outcome, NULL);
}

char *client_once(uint16_t port, const struct request *request, unsigned status)
{
    char *kept = NULL;
    struct outcome outcome;
    struct load load = {.port = port,
                        .connections = 1,
                        .requests = request,
                        .count = 1,
                        .status = status,
                        .seconds = 60,
                        .at_most = 1};
    return run(&load, &outcome, &kept) ? kept : NULL;
}
