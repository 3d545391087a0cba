/* SPDX-License-Identifier: Apache-2.0
 *
 * See client.h: requests, sockets, the clock. */
#include "tests/bench/client.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

int64_t client_now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int client_connect(uint16_t port)
{
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) != 0) {
        perror("bench: connect");
        exit(1);
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    return fd;
}

char *client_head(const char *format, ...)
{
    char *head = NULL;
    va_list args;
    va_start(args, format);
    if (vasprintf(&head, format, args) < 0) {
        abort();
    }
    va_end(args);
    return head;
}

struct request client_get(const char *target, const char *headers)
{
    struct request request = {
        .head = client_head("GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n%s\r\n", target, headers)};
    request.head_length = strlen(request.head);
    return request;
}

void client_release(struct request *request)
{
    free(request->head);
    *request = (struct request){0};
}
