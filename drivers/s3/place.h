/* SPDX-License-Identifier: Apache-2.0
 *
 * Where things are: endpoints and their two styles of addressing (Virtual hosting of buckets), the
 * regions that redirects have taught, and the names of objects. Any thread. */
#ifndef S3_PLACE_H
#define S3_PLACE_H

#include "text.h"

#include <mediagw/storage.h>
#include <pthread.h>

struct s3;

enum place_style { PLACE_AUTO, PLACE_PATH, PLACE_VIRTUAL };

/* One endpoint. */
struct place {
    char *scheme, *host; /* host: with the port unless it is the scheme's own; IPv6 in brackets */
    char *path;          /* "" or a base path without a slash at its end */
    bool tls, aws;       /* aws: Amazon's own, so that other regions have other hosts */
    enum place_style style;
};

/* URL "http[s]://host[:port][/path]"; NULL, or what is wrong with it. */
const char *place_parse(const char *url, enum place_style style, struct place *place);
void place_free(struct place *place);

/* HOST and PATH (encoded) of OBJECT (NULL: the bucket itself) in BUCKET (NULL: the service). */
void place_address(const struct place *place, const char *region, const char *bucket,
                   const char *object, struct text *host, struct text *path);

/* The region of a bucket: the configured one until a redirect has said another. */
struct regions {
    pthread_mutex_t lock;
    char *home;
    struct {
        char bucket[64], region[33];
    } known[16];
    unsigned next;
};
bool regions_init(struct regions *regions, const char *home);
void regions_free(struct regions *regions);
void regions_get(struct regions *regions, const char *bucket, char region[33]);
/* False where it was known already, or is no region's name. */
bool regions_learn(struct regions *regions, const char *bucket, const char *region);

/* BLOB as S3's bucket and object, in the call's memory. MGW_INVALID for a key that is the store's
 * own. */
struct object {
    const char *bucket, *name;
};
enum mgw_status place_object(struct mgw_call *call, const struct s3 *s3,
                             const struct mgw_blob *blob, struct object *object);

#endif
