/* SPDX-License-Identifier: Apache-2.0
 *
 * The floors of uploads: durable files written straight to the disk by threads, into 256 folders
 * made before: write, fdatasync, link under the name, fsync of the folder; alone, or with the two
 * rows of group.h, the first of them beside the bytes. */
#ifndef TESTS_BENCH_FILES_H
#define TESTS_BENCH_FILES_H

#include "tests/bench/series.h"

struct group;

struct files {
    int shards[256];
    struct group *group; /* NULL: files alone */
    const char *bytes;   /* of each file, again and again */
    size_t bytes_length;
    uint64_t total;
    unsigned threads;
    uint64_t at_most; /* files a run; 0: as many as fit */
    double scale;     /* of the rate; 0: files a second */
};

/* Makes the folders under DIR; ends the program where it cannot. */
void files_prepare(struct files *files, const char *dir);
void files_release(struct files *files);
/* A contender; CTX is the files. */
bool files_run(void *ctx, double seconds, struct result *result);

#endif
