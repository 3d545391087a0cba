/* SPDX-License-Identifier: Apache-2.0
 *
 * See haproxy.h. It inherits the listening socket, so that no port is guessed. */
#include "tests/security/haproxy.h"

#include "tests/support/check.h"
#include "tests/support/keep.h"
#include "tests/support/scratch.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct haproxy {
    char *dir;
    pid_t pid;
    struct server server;
};

static int listen_anywhere(uint16_t *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0); /* inherited */
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 128), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    *port = ntohs(address.sin_port);
    return fd;
}

struct haproxy *haproxy_start(const struct server *gateway)
{
    struct haproxy *haproxy = calloc(1, sizeof *haproxy);
    assert_non_null(haproxy);
    haproxy->dir = scratch_new();
    int fd = listen_anywhere(&haproxy->server.port);
    const char *path = keep_text("%s/haproxy.cfg", haproxy->dir);
    scratch_write(path, keep_text("global\n"
                                  "    nbthread 1\n"
                                  "    maxconn 500\n"
                                  "defaults\n"
                                  "    mode http\n"
                                  "    timeout connect 10s\n"
                                  "    timeout client 60s\n"
                                  "    timeout server 60s\n"
                                  "    option http-keep-alive\n"
                                  "    option forwardfor\n"
                                  "    http-reuse always\n"
                                  "frontend outside\n"
                                  "    bind fd@%d\n"
                                  "    default_backend gateway\n"
                                  "backend gateway\n"
                                  "    server one 127.0.0.1:%u maxconn 4\n",
                                  fd, gateway->port));
    const char *log = keep_text("%s/haproxy.log", haproxy->dir);
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        int out = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
        dup2(out, 1);
        dup2(out, 2);
        execlp("haproxy", "haproxy", "-db", "-f", path, (char *)NULL);
        execl("/usr/sbin/haproxy", "haproxy", "-db", "-f", path, (char *)NULL);
        _exit(127);
    }
    assert_true(pid > 0);
    close(fd);
    haproxy->pid = pid;
    return haproxy;
}

const struct server *haproxy_server(const struct haproxy *haproxy)
{
    return &haproxy->server;
}

void haproxy_stop(struct haproxy *haproxy)
{
    int status = 0;
    bool ran = waitpid(haproxy->pid, &status, WNOHANG) == 0;
    if (ran) {
        kill(haproxy->pid, SIGKILL);
        waitpid(haproxy->pid, &status, 0);
    }
    const char *log = scratch_read(keep_text("%s/haproxy.log", haproxy->dir), NULL);
    scratch_remove(haproxy->dir);
    free(haproxy->dir);
    free(haproxy);
    if (!ran) {
        fail_msg("haproxy had ended (%d): %s", status, log ? log : "");
    }
}
