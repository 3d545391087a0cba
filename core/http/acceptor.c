/* SPDX-License-Identifier: Apache-2.0
 *
 * See acceptor.h. MHD_add_connection hands a socket to the thread of its number
 * modulo the threads: as the kernel gives the lowest free number, that is in
 * turn. */
#include "core/http/acceptor.h"

#include "core/base/cleanup.h"
#include "core/base/log.h"
#include "core/base/thread.h"
#include "core/http/conn.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

enum { SHORT_OF_MS = 100 };

struct acceptor {
    struct MHD_Daemon *daemon;
    const struct conns *conns;
    int fd, stop;
    pthread_t thread;
};

/* Of what accept(2) fails with, that which goes on for a while: a descriptor
 * has to become free. */
static bool is_short_of(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

static void accept_all(struct acceptor *acceptor)
{
    for (;;) {
        struct sockaddr_storage peer;
        socklen_t length = sizeof peer;
        int fd =
            accept4(acceptor->fd, (struct sockaddr *)&peer, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            fd = conns_place(acceptor->conns, fd);
            /* it closes the socket where it refuses it */
            MHD_add_connection(acceptor->daemon, fd, (struct sockaddr *)&peer, length);
        } else if (is_short_of(errno)) {
            log_event(LOG_LEVEL_WARN, "no connection can be taken",
                      LOG_TEXT("reason", strerror(errno)));
            poll(&(struct pollfd){.fd = acceptor->stop, .events = POLLIN}, 1, SHORT_OF_MS);
            return;
        } else if (errno != EINTR && errno != ECONNABORTED) {
            return;
        }
    }
}

static void *acceptor_thread(void *argument)
{
    struct acceptor *acceptor = argument;
    struct pollfd fds[2] = {{.fd = acceptor->fd, .events = POLLIN},
                            {.fd = acceptor->stop, .events = POLLIN}};
    while (!fds[1].revents) {
        if (poll(fds, 2, -1) > 0 && fds[0].revents) {
            accept_all(acceptor);
        }
    }
    return NULL;
}

struct acceptor *acceptor_new(struct MHD_Daemon *daemon, const struct conns *conns, int fd)
{
    AUTO_FREE struct acceptor *acceptor = calloc(1, sizeof *acceptor);
    if (!acceptor) {
        return NULL;
    }
    acceptor->daemon = daemon;
    acceptor->conns = conns;
    acceptor->fd = fd;
    acceptor->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (acceptor->stop < 0) {
        return NULL;
    }
    if (!thread_start(&acceptor->thread, "mgw-acceptor", acceptor_thread, acceptor)) {
        close(acceptor->stop);
        return NULL;
    }
    return TAKE(acceptor);
}

void acceptor_free(struct acceptor *acceptor)
{
    if (acceptor) {
        eventfd_write(acceptor->stop, 1);
        pthread_join(acceptor->thread, NULL);
        close(acceptor->stop);
        free(acceptor);
    }
}
