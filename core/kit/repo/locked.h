/* SPDX-License-Identifier: Apache-2.0
 *
 * A repository that wants the host to lock (MGW_THREADS_SERIALIZE_*), seen through a lock. */
#ifndef KIT_REPO_LOCKED_H
#define KIT_REPO_LOCKED_H

#include <mediagw/repo.h>

/* A table whose callbacks take one lock and call DRIVER's. One for the whole process. */
const struct mgw_repo_driver *locked_repo(const struct mgw_repo_driver *driver);

#endif
