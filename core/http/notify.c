/* SPDX-License-Identifier: Apache-2.0
 *
 * See notify.h. */
#include "core/http/notify.h"

#include "core/base/buf.h"
#include "core/base/clock.h"

#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

static void notify_send(const char *text)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    size_t length = path ? strlen(path) : 0;
    if (length < 2 || length >= sizeof to.sun_path || (*path != '/' && *path != '@')) {
        return;
    }
    memcpy(to.sun_path, path, length);
    if (*path == '@') {
        to.sun_path[0] = '\0'; /* of the abstract name space */
    }
    AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd >= 0) {
        socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
        sendto(fd, text, strlen(text), MSG_NOSIGNAL, (const struct sockaddr *)&to, size);
    }
}

void notify_ready(void)
{
    notify_send("READY=1");
}

void notify_reloading(void)
{
    AUTO_BUF struct buf text = {0};
    buf_printf(&text, "RELOADING=1\nMONOTONIC_USEC=%lld", (long long)clock_mono_us());
    notify_send(text.data ? text.data : "RELOADING=1");
}

void notify_stopping(void)
{
    notify_send("STOPPING=1");
}
