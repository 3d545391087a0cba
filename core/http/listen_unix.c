/* SPDX-License-Identifier: Apache-2.0
 *
 * See listen.h: unix sockets. A socket file outlives its process, so one that nobody listens on is
 * taken away first. Its folder is locked meanwhile: of two gateways that start at once, one finds
 * the other's. */
#include "core/http/listen.h"

#include "core/base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>

enum { BACKLOG = 1024, SOCKET_MODE = 0660 };

static const struct sockaddr *address(const struct sockaddr_un *name)
{
    return (const struct sockaddr *)name;
}

/* Makes room for a socket at NAME. */
static bool make_room(const struct sockaddr_un *name, const char **why)
{
    struct stat st;
    if (lstat(name->sun_path, &st) != 0) {
        return errno == ENOENT;
    }
    if (!S_ISSOCK(st.st_mode)) {
        *why = "there is a file that is no socket";
        return false;
    }
    AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return false;
    }
    if (connect(fd, address(name), sizeof *name) == 0 || errno == EAGAIN) {
        *why = "another process listens there";
        return false;
    }
    return errno == ECONNREFUSED && unlink(name->sun_path) == 0;
}

static bool bind_at(const struct sockaddr_un *name, struct listener *listener)
{
    AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    /* Nobody can connect before it listens, and then its mode is right. */
    if (fd < 0 || bind(fd, address(name), sizeof *name) != 0 ||
        chmod(name->sun_path, SOCKET_MODE) != 0 || lstat(name->sun_path, &listener->file) != 0 ||
        listen(fd, BACKLOG) != 0) {
        return false;
    }
    listener->fd = fd;
    fd = -1;
    return true;
}

bool listen_unix_open(const char *path, struct listener *listener, const char **why)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    AUTO_FREE char *copy = strdup(path);
    if (!copy || strlen(path) >= sizeof name.sun_path) {
        *why = "the path is too long";
        return false;
    }
    memcpy(name.sun_path, path, strlen(path));
    AUTO_CLOSE int folder = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0 || flock(folder, LOCK_EX) != 0 || !make_room(&name, why) ||
        !bind_at(&name, listener)) {
        return false;
    }
    listener->port = 0;
    snprintf(listener->address, sizeof listener->address, "unix:%s", path);
    return true;
}

void listen_unix_remove(const struct listener *listener)
{
    struct stat st;
    const char *path = listener->address + strlen("unix:");
    if (strncmp(listener->address, "unix:", strlen("unix:")) == 0 && lstat(path, &st) == 0 &&
        st.st_dev == listener->file.st_dev && st.st_ino == listener->file.st_ino) {
        unlink(path);
    }
}
