/* SPDX-License-Identifier: Apache-2.0
 *
 * Making a finished file the blob, in one step: what put and upload_complete share. */
#ifndef FS_PUBLISH_H
#define FS_PUBLISH_H

#include "name.h"

struct publication {
    const struct name *name;
    int shard;
    int fd;           /* the file, synced */
    int from;         /* where it has a name: its folder … */
    const char *file; /* … and that name; NULL: made with O_TMPFILE */
    bool if_absent;
    bool published; /* set once readers may see it, also where the answer is a failure */
};

/* Publishes and syncs the folder. MGW_EXISTS; MGW_UNKNOWN_OUTCOME where the folder's sync failed
 * and the blob is visible. Any other failure: nothing happened. */
enum mgw_status publish(struct mgw_call *call, const struct fs *fs,
                        struct publication *publication);

#endif
