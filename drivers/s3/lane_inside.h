/* SPDX-License-Identifier: Apache-2.0
 *
 * What lane.c and lane_pool.c share. */
#ifndef S3_LANE_INSIDE_H
#define S3_LANE_INSIDE_H

#include "lane.h"

#include <curl/curl.h>
#include <pthread.h>

struct lane {
    struct lane *next;
    CURL *easy;
    CURLM *multi;
    struct curl_slist *lines;
    int64_t idle_since;
    bool added;
    char error[CURL_ERROR_SIZE];
};

struct lanes {
    const struct mgw_host *host;
    pthread_mutex_t lock;
    struct lane *idle; /* the last used first */
    size_t idle_count;
    char *ca_file, *proxy;
    struct lane_options options;
};

/* An idle lane, the last used first, or a new one; NULL when memory is short. */
struct lane *lane_take(struct lanes *lanes);
/* Back on top; what has lain there for long goes, oldest first. */
void lane_give(struct lanes *lanes, struct lane *lane);
/* NULL: nothing. */
void lane_free(struct lane *lane);

#endif
