/* SPDX-License-Identifier: Apache-2.0
 *
 * A recorded gateway, and single requests to it with the stretch of tape that is theirs. */
#ifndef DURABILITY_RIG_H
#define DURABILITY_RIG_H

#include "tests/durability/order.h"
#include "tests/durability/play.h"
#include "tests/support/check.h"
#include "tests/support/gateway.h"
#include "tests/support/keep.h"
#include "tests/support/scratch.h"

#include <stdlib.h>
#include <string.h>

struct rig {
    struct tape *tape;
    struct gateway *gateway;
};

/* A gateway whose every process, `mediagw init` on, is recorded. OVERLAY as for server_new. */
struct rig *rig_new(const char *overlay);
/* The same; these syncs are hidden from the start. */
struct rig *rig_new_hiding(uint32_t ops, uint32_t kinds, const char *pattern);
/* As a group teardown; cmocka does not count what fails there, so that rig_failures does: main()
 * adds it to what it answers. */
int rig_free(struct rig *rig);
extern int rig_failures;

/* One request and what was recorded of it; released at the test's end. */
struct rig_request {
    struct http_answer *answer;
    struct play play;
};
enum rig_body { RIG_MULTIPART, RIG_RAW, RIG_IDEMPOTENT /* multipart, with a key of its own */ };
struct rig_request rig_create(struct rig *rig, enum rig_body how, struct body body);
struct rig_request rig_delete(struct rig *rig, const char *id);

/* PATTERN below the store ("/buckets/" …) or beside the database ("-wal"), for rules. Kept. */
const char *rig_in_store(const struct rig *rig, const char *pattern);
const char *rig_in_database(const struct rig *rig, const char *pattern);

/* Exactly the EXPECTED breaches (enum order_breach), else it says what they are. */
#define assert_breaches(is, expected, what)                                                        \
    do {                                                                                           \
        uint32_t is_ = (is), expected_ = (expected);                                               \
        if (is_ != expected_) {                                                                    \
            fail_msg("%s: %s, expected %s", what, order_names(is_), order_names(expected_));       \
        }                                                                                          \
    } while (0)

#endif
