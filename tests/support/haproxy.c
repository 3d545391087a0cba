/* SPDX-License-Identifier: Apache-2.0
 *
 * See haproxy.h. It inherits the listening socket, so that no port is guessed. */
#include "tests/support/haproxy.h"

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

/* TEXT with NEW_ in the one place where OLD is. */
static const char *put(const char *text, const char *old, const char *new_)
{
    const char *at = strstr(text, old);
    if (!at) {
        fail_msg("no \"%s\" in:\n%s", old, text);
    }
    return keep_text("%.*s%s%s", (int)(at - text), text, new_, at + strlen(old));
}

struct haproxy *haproxy_start(const char *config, const char *const places[],
                              struct server *const gateways[], size_t count)
{
    struct haproxy *haproxy = calloc(1, sizeof *haproxy);
    assert_non_null(haproxy);
    haproxy->dir = scratch_new();
    int fd = listen_anywhere(&haproxy->server.port);
    const char *path = keep_text("%s/haproxy.cfg", haproxy->dir);
    config = put(config, "bind :80", keep_text("bind fd@%d", fd));
    for (size_t i = 0; i < count; i++) {
        config = put(config, places[i], keep_text("127.0.0.1:%u", gateways[i]->port));
    }
    scratch_write(path, config);
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
