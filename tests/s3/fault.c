/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/s3/fault.h"

#include "tests/s3/fault_link.h"
#include "tests/s3/fault_log.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CONNECTIONS 512
#define HEAD_MAX 65536

static struct {
    int listener;
    uint16_t port;
    SSL_CTX *context;
    char ca_file[64];
    pthread_t acceptor;
    pthread_mutex_t lock; /* guards all below */
    pthread_cond_t over;
    bool stopping;
    unsigned connections;
    int fds[CONNECTIONS]; /* -1: closed */
    pthread_t threads[CONNECTIONS];
} server = {.lock = PTHREAD_MUTEX_INITIALIZER, .over = PTHREAD_COND_INITIALIZER};

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void must(bool good, const char *what)
{
    if (!good) {
        perror(what);
        abort();
    }
}

/* ---- A connection ---- */

/* The header up to its empty line, CRs left out; NULL: the connection's end. What came behind it
 * is at BODY, of HAVE bytes. To be freed. */
static char *read_head(struct link *link, char *buffer, size_t *have)
{
    char *end = NULL;
    while (!end && *have < HEAD_MAX) {
        size_t got = link_read(link, buffer + *have, HEAD_MAX - *have);
        if (!got) {
            return NULL;
        }
        *have += got;
        buffer[*have] = '\0';
        end = strstr(buffer, "\r\n\r\n");
    }
    if (!end) {
        return NULL;
    }
    size_t length = (size_t)(end - buffer) + 2, to = 0;
    char *head = malloc(length + 1);
    must(head != NULL, "malloc");
    for (size_t i = 0; i < length; i++) {
        if (buffer[i] != '\r') {
            head[to++] = buffer[i];
        }
    }
    head[to] = '\0';
    *have -= length + 2;
    memmove(buffer, buffer + length + 2, *have);
    return head;
}

static struct fault_request *new_request(unsigned connection, char *head)
{
    struct fault_request *request = calloc(1, sizeof *request);
    must(request != NULL, "calloc");
    size_t line = strcspn(head, "\n"), words = line;
    while (words > 0 && head[words] != ' ') {
        words--; /* "HTTP/1.1" */
    }
    request->connection = connection;
    request->line = strndup(head, words);
    request->head = strdup(head + line + (head[line] == '\n'));
    request->body = calloc(1, 1);
    request->at_ms = now_ms();
    free(head);
    return request;
}

/* False: cut as the step says, or by the client. */
static bool read_body(struct link *link, struct fault_request *request,
                      const struct fault_step *step, char *buffer, size_t *have)
{
    size_t text, length = 0;
    const char *value = fault_log_find(request->head, "content-length", &text);
    length = value ? strtoul(value, NULL, 10) : 0;
    size_t most =
        step && step->how == FAULT_CUT_REQUEST && step->bytes < length ? step->bytes : length;
    free(request->body);
    request->body = calloc(1, length + 1);
    must(request->body != NULL, "calloc");
    if (most > 0 && fault_log_find(request->head, "expect", &text)) {
        link_write(link, "HTTP/1.1 100 Continue\r\n\r\n", 25);
    }
    size_t now = *have < most ? *have : most;
    memcpy(request->body, buffer, now);
    memmove(buffer, buffer + now, *have - now);
    *have -= now;
    request->length = now;
    while (request->length < most) {
        size_t got = link_read(link, request->body + request->length, most - request->length);
        if (!got) {
            return false;
        }
        request->length += got;
    }
    return !(step && step->how == FAULT_CUT_REQUEST);
}

static char *answer_head(const struct fault_step *step, size_t length)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    must(out != NULL, "open_memstream");
    fprintf(out, "HTTP/1.1 %d Scripted\r\nContent-Length: %zu\r\n", step->status,
            step->announced ? step->announced : length);
    for (const char *at = step->headers ? step->headers : ""; *at; at++) {
        size_t name = *at == '{' ? strcspn(at, "}\n") : 0;
        if (name && at[name] == '}') {
            fault_log_echo(out, at + 1, name - 1);
            at += name;
        } else {
            fprintf(out, "%s%c", *at == '\n' ? "\r" : "", *at);
        }
    }
    fputs("\r\n", out);
    fclose(out);
    return text;
}

static void wait_for_the_end(void)
{
    pthread_mutex_lock(&server.lock);
    while (!server.stopping) {
        pthread_cond_wait(&server.over, &server.lock);
    }
    pthread_mutex_unlock(&server.lock);
}

static void pause_ms(uint32_t ms)
{
    struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};
    nanosleep(&pause, NULL);
}

/* True: the connection goes on. */
static bool answer(struct link *link, const struct fault_request *request,
                   const struct fault_step *step)
{
    static const struct fault_step none = {.status = 501,
                                           .body = "<Error><Code>Unscripted</Code></Error>"};
    step = step ? step : &none;
    pause_ms(step->delay_ms);
    if (step->how == FAULT_SILENT) {
        wait_for_the_end();
    }
    if (step->how == FAULT_SILENT || step->how == FAULT_NO_ANSWER || step->how == FAULT_RESET) {
        return false;
    }
    size_t length = step->length ? step->length : step->body ? strlen(step->body) : 0;
    char *head = answer_head(step, length);
    size_t head_length = step->how == FAULT_CUT_HEAD ? strlen(head) / 2 : strlen(head);
    bool bodiless =
        strncmp(request->line, "HEAD ", 5) == 0 || step->status == 204 || step->status == 304;
    size_t now = bodiless || step->how == FAULT_CUT_HEAD ? 0
                 : step->how == FAULT_CUT_BODY           ? step->bytes
                                                         : length;
    bool sent = link_write(link, head, head_length) && (!now || link_write(link, step->body, now));
    free(head);
    return sent && step->how == FAULT_ANSWER;
}

static void *serve(void *argument)
{
    unsigned number = (unsigned)(uintptr_t)argument;
    struct link link;
    char *buffer = malloc(HEAD_MAX + 1);
    must(buffer != NULL, "malloc");
    size_t have = 0;
    bool goes_on = link_open(&link, server.fds[number - 1], server.context), reset = false;
    while (goes_on) {
        char *head = read_head(&link, buffer, &have);
        if (!head) {
            break;
        }
        struct fault_request *request = new_request(number, head);
        const struct fault_step *step = fault_log_take(request);
        bool whole = read_body(&link, request, step, buffer, &have);
        fault_log_publish();
        goes_on = whole && answer(&link, request, step);
        reset = step && (step->how == FAULT_RESET || step->how == FAULT_CUT_REQUEST);
    }
    free(buffer);
    pthread_mutex_lock(&server.lock);
    server.fds[number - 1] = -1;
    link_close(&link, reset);
    pthread_mutex_unlock(&server.lock);
    return NULL;
}

static void *accept_all(void *argument)
{
    (void)argument;
    for (;;) {
        int one = 1, fd = accept4(server.listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0) {
            return NULL;
        }
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        pthread_mutex_lock(&server.lock);
        must(server.connections < CONNECTIONS, "connections");
        unsigned number = server.connections++;
        server.fds[number] = fd;
        int failed =
            pthread_create(&server.threads[number], NULL, serve, (void *)(uintptr_t)(number + 1));
        must(failed == 0, "thread");
        pthread_mutex_unlock(&server.lock);
    }
}

/* ---- Life ---- */

void fault_start(const struct fault_options *options)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    signal(SIGPIPE, SIG_IGN); /* OpenSSL writes without MSG_NOSIGNAL */
    server.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(server.listener >= 0 && bind(server.listener, (struct sockaddr *)&address, length) == 0 &&
             listen(server.listener, 128) == 0 &&
             getsockname(server.listener, (struct sockaddr *)&address, &length) == 0,
         "listen");
    server.port = ntohs(address.sin_port);
    if (options && options->name) {
        snprintf(server.ca_file, sizeof server.ca_file, "fault-ca-%d.pem", (int)getpid());
        server.context = link_context(options->name, server.ca_file);
    }
    must(pthread_create(&server.acceptor, NULL, accept_all, NULL) == 0, "thread");
}

unsigned fault_connections(void)
{
    pthread_mutex_lock(&server.lock);
    unsigned count = server.connections;
    pthread_mutex_unlock(&server.lock);
    return count;
}

uint16_t fault_port(void)
{
    return server.port;
}

const char *fault_ca_file(void)
{
    return server.ca_file;
}

static void forget(void)
{
    fault_log_free();
    SSL_CTX_free(server.context);
    if (server.ca_file[0]) {
        unlink(server.ca_file);
    }
    server.context = NULL;
    server.ca_file[0] = '\0';
    server.connections = 0;
    server.stopping = false;
}

void fault_stop(void)
{
    shutdown(server.listener, SHUT_RDWR);
    pthread_join(server.acceptor, NULL);
    close(server.listener);
    pthread_mutex_lock(&server.lock);
    server.stopping = true;
    pthread_cond_broadcast(&server.over);
    for (unsigned i = 0; i < server.connections; i++) {
        if (server.fds[i] >= 0) {
            shutdown(server.fds[i], SHUT_RDWR);
        }
    }
    unsigned count = server.connections;
    pthread_mutex_unlock(&server.lock);
    for (unsigned i = 0; i < count; i++) {
        pthread_join(server.threads[i], NULL);
    }
    forget();
}
