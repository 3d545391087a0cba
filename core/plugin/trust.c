/* SPDX-License-Identifier: Apache-2.0
 *
 * Whose code may run in the gateway: a module or descriptor that anybody but root and the own user
 * could change is refused, and so is one in a folder where they could put another in its place. */
#include "core/plugin/registry_inside.h"

#include <errno.h>
#include <libgen.h>
#include <string.h>
#include <sys/stat.h>

static char *fault_of(const char *path, bool folder)
{
    struct stat st;
    AUTO_BUF struct buf out = {0};
    if (stat(path, &st) < 0) {
        buf_printf(&out, "%s: %s", path, strerror(errno));
    } else if (!folder && !S_ISREG(st.st_mode)) {
        buf_printf(&out, "%s: is not a regular file", path);
    } else if (st.st_uid != 0 && st.st_uid != geteuid()) {
        buf_printf(&out, "%s: belongs to user %u, expected root or the user that runs the gateway",
                   path, (unsigned)st.st_uid);
    } else if (st.st_mode & 022) {
        buf_printf(&out,
                   "%s: others may write it (mode %04o), expected that only its owner may; chmod "
                   "go-w it",
                   path, st.st_mode & 07777u);
    } else {
        return NULL;
    }
    return buf_take(&out);
}

char *trust_fault(const char *path)
{
    AUTO_FREE char *real = realpath(path, NULL);
    if (!real) {
        return fault_of(path, false);
    }
    AUTO_FREE char *copy = strdup(real);
    char *fault = fault_of(real, false);
    return fault || !copy ? fault : fault_of(dirname(copy), true);
}
