/* SPDX-License-Identifier: Apache-2.0
 *
 * The database as a file: where it may lie, how it is made, whether it is still the one that was
 * opened. SQLite's locks are POSIX locks, which any close() of the file in this process would drop:
 * an existing database is never opened here, only looked at by name. */
#ifndef SQLITE_FILE_H
#define SQLITE_FILE_H

#include "fault.h"

#include <sys/types.h>

/* Which file a name meant when it was looked at. */
struct file_identity {
    dev_t device;
    ino_t inode;
};

/* MGW_OK and *EXISTS, or why there cannot be a database at PATH: no folder, no regular file, a
 * network file system. */
enum mgw_status file_check(const char *path, bool *exists, struct fault *fault);
/* Makes an empty file of mode 0600 whatever the umask, its name durable. MGW_OK too where somebody
 * was faster. */
enum mgw_status file_make(const char *path, struct fault *fault);
/* Makes what was written at FROM durable and lets it take the name TO. */
enum mgw_status file_publish(const char *from, const char *to, struct fault *fault);
enum mgw_status file_identify(const char *path, struct file_identity *identity,
                              struct fault *fault);
/* MGW_UNAVAILABLE where PATH has vanished or is another file by now: what would be written to the
 * old one would be lost when it is closed. */
enum mgw_status file_same(const char *path, const struct file_identity *identity,
                          struct fault *fault);

#endif
