/* SPDX-License-Identifier: Apache-2.0
 *
 * stall(WHERE, VERB): returns once there is no file WHERE/VERB; heeds neither deadline nor
 * cancellation. Any thread. */
#ifndef STALL_H
#define STALL_H

#include <stdio.h>
#include <unistd.h>

static inline void stall(const char *where, const char *verb)
{
    char path[4096];
    int length = snprintf(path, sizeof path, "%s/%s", where, verb);
    while (length > 0 && (size_t)length < sizeof path && access(path, F_OK) == 0) {
        usleep(5000);
    }
}

#endif
