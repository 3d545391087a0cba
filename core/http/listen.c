/* SPDX-License-Identifier: Apache-2.0
 *
 * See listen.h. ":8080" listens on all addresses of both families. */
#include "core/http/listen.h"

#include "core/base/buf.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 1024 };

static bool listen_fail(char **error, const char *where, const char *what)
{
    AUTO_BUF struct buf text = {0};
    buf_printf(&text, "listen \"%s\": %s", where, what);
    *error = buf_take(&text);
    return false;
}

/* "host:port" apart; brackets around an IPv6 address go. HOST is NULL for all addresses. */
static bool listen_split(const char *where, char **host, const char **port)
{
    const char *colon = strrchr(where, ':');
    if (!colon || colon[1] == '\0') {
        return false;
    }
    *port = colon + 1;
    size_t length = (size_t)(colon - where);
    bool brackets = length >= 2 && where[0] == '[' && where[length - 1] == ']';
    *host = length == 0 ? NULL : strndup(where + brackets, length - (brackets ? 2 : 0));
    return length == 0 || *host;
}

static int listen_on(const struct addrinfo *at)
{
    AUTO_CLOSE int fd =
        socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP);
    const int on = 1, off = 0;
    if (fd < 0) {
        return -1;
    }
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (at->ai_family == AF_INET6) {
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    }
    if (bind(fd, at->ai_addr, at->ai_addrlen) != 0 || listen(fd, BACKLOG) != 0) {
        return -1;
    }
    int bound = fd;
    fd = -1;
    return bound;
}

static bool listen_name(struct listener *listener)
{
    struct sockaddr_storage name;
    socklen_t size = sizeof name;
    char host[INET6_ADDRSTRLEN] = "", port[8] = "";
    if (getsockname(listener->fd, (struct sockaddr *)&name, &size) != 0 ||
        getnameinfo((struct sockaddr *)&name, size, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
        return false;
    }
    listener->port = (uint16_t)strtoul(port, NULL, 10);
    const char *format = name.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s";
    snprintf(listener->address, sizeof listener->address, format, host, port);
    return true;
}

bool listen_open(const char *where, struct listener *listener, char **error)
{
    AUTO_FREE char *host = NULL;
    const char *port, *why = NULL;
    if (strncmp(where, "unix:", 5) == 0) {
        return listen_unix_open(where + 5, listener, &why) ||
               listen_fail(error, where, why ? why : strerror(errno));
    }
    if (!listen_split(where, &host, &port)) {
        return listen_fail(error, where, "expected ADDRESS:PORT, as in 127.0.0.1:8080");
    }
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_PASSIVE | AI_NUMERICSERV,
                             .ai_family = host ? AF_UNSPEC : AF_INET6};
    struct addrinfo *found = NULL;
    int failed = getaddrinfo(host, port, &hints, &found);
    if (failed != 0) {
        return listen_fail(error, where, gai_strerror(failed));
    }
    listener->fd = listen_on(found);
    int reason = errno;
    freeaddrinfo(found);
    if (listener->fd < 0 && !host) { /* a machine without IPv6 */
        struct sockaddr_in any = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)strtoul(port, NULL, 10))};
        listener->fd = listen_on(&(struct addrinfo){
            .ai_family = AF_INET, .ai_addr = (struct sockaddr *)&any, .ai_addrlen = sizeof any});
        reason = errno;
    }
    if (listener->fd < 0) {
        return listen_fail(error, where, strerror(reason));
    }
    return listen_name(listener) || listen_fail(error, where, strerror(errno));
}

void listen_close(struct listener *listener)
{
    if (listener->fd >= 0) {
        close(listener->fd);
        listen_unix_remove(listener);
        listener->fd = -1;
    }
}
