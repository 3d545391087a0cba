/* SPDX-License-Identifier: Apache-2.0 */
#include "lane_inside.h"

#include <string.h>

enum { IDLE_LANES = 64, IDLE_MS = 60000 };

static void global_init(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

void lane_free(struct lane *lane)
{
    if (!lane) {
        return;
    }
    if (lane->added) {
        curl_multi_remove_handle(lane->multi, lane->easy);
    }
    curl_easy_cleanup(lane->easy);
    if (lane->multi) {
        curl_multi_cleanup(lane->multi);
    }
    curl_slist_free_all(lane->lines);
    free(lane);
}

struct lanes *lanes_new(const struct mgw_host *host, const struct lane_options *options)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, global_init);
    struct lanes *lanes = calloc(1, sizeof *lanes);
    if (!lanes) {
        return NULL;
    }
    lanes->host = host;
    lanes->options = *options;
    lanes->ca_file = options->ca_file ? strdup(options->ca_file) : NULL;
    lanes->proxy = strdup(options->proxy ? options->proxy : "");
    pthread_mutex_init(&lanes->lock, NULL);
    if (!lanes->proxy || (options->ca_file && !lanes->ca_file)) {
        lanes_free(lanes);
        return NULL;
    }
    return lanes;
}

void lanes_free(struct lanes *lanes)
{
    if (!lanes) {
        return;
    }
    for (struct lane *lane = lanes->idle, *next; lane; lane = next) {
        next = lane->next;
        lane_free(lane);
    }
    pthread_mutex_destroy(&lanes->lock);
    free(lanes->ca_file);
    free(lanes->proxy);
    free(lanes);
}

static struct lane *lane_new(void)
{
    struct lane *lane = calloc(1, sizeof *lane);
    if (lane) {
        lane->easy = curl_easy_init();
        lane->multi = curl_multi_init();
    }
    if (lane && (!lane->easy || !lane->multi)) {
        lane_free(lane);
        return NULL;
    }
    return lane;
}

struct lane *lane_take(struct lanes *lanes)
{
    pthread_mutex_lock(&lanes->lock);
    struct lane *lane = lanes->idle;
    if (lane) {
        lanes->idle = lane->next;
        lanes->idle_count--;
    }
    pthread_mutex_unlock(&lanes->lock);
    return lane ? lane : lane_new();
}

void lane_give(struct lanes *lanes, struct lane *lane)
{
    struct lane *old = NULL;
    lane->idle_since = lanes->host->monotonic_ms();
    pthread_mutex_lock(&lanes->lock);
    lane->next = lanes->idle;
    lanes->idle = lane;
    lanes->idle_count++;
    size_t kept = 0;
    for (struct lane **at = &lanes->idle; *at; at = &(*at)->next) {
        if (++kept > IDLE_LANES || lane->idle_since - (*at)->idle_since > IDLE_MS) {
            old = *at;
            *at = NULL;
            lanes->idle_count = kept - 1;
            break;
        }
    }
    pthread_mutex_unlock(&lanes->lock);
    for (struct lane *next; old; old = next) {
        next = old->next;
        lane_free(old);
    }
}
