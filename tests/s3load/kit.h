/* SPDX-License-Identifier: Apache-2.0
 *
 * What the crash and the outage test share: a gateway with small parts and a spool folder of its
 * own, whose storage MEDIAGW_TEST_STORAGE names (an S3 server), and what must not be left there. */
#ifndef TESTS_S3LOAD_KIT_H
#define TESTS_S3LOAD_KIT_H

#include "tests/support/gateway.h"

#define KIT_PART ((size_t)5 << 20)
/* Where an upload goes from parts to one part after the other, its length unknown. */
#define KIT_PART_UNKNOWN (4 * KIT_PART)

struct kit {
    struct gateway *gateway;
    json_t *storage; /* the config's */
    char *spool;     /* the spool folder */
};

/* OVERLAY (NULL: none) as for server_new. */
struct kit *kit_new(const char *overlay);
/* As a group teardown: not 0 where the gateway did not end well. */
int kit_free(struct kit *kit);

/* Notes of multipart uploads under way in the bucket. */
size_t kit_notes(const struct kit *kit);
/* With the gateway ended: what its sweep does once everything there is old enough. The gateway
 * itself asks for what is older than an hour. */
void kit_sweep(const struct kit *kit);
/* Every row `ready` has its bytes, by the checksum in it; how many there are. */
size_t kit_rows_are_whole(const struct kit *kit);
/* True where soon there are as many objects as rows `ready`, and the store's marker. */
bool kit_has_no_orphans(const struct kit *kit);
/* The signed URL of a 201, as a target. */
const char *kit_url(const struct http_answer *created);

#endif
