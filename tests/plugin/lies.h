/* SPDX-License-Identifier: Apache-2.0
 *
 * What the tests of a lying storage driver share: a store over the fake, and how a lie must end. */
#ifndef LIES_H
#define LIES_H

#include "tests/plugin/fake.h"

#include "core/base/log.h"

#include <mediagw/media.h>

#include <string.h>

static const struct mgw_blob blob = {.size = sizeof blob, .bucket = "bucket", .key = "key"};
static struct mgw_call *call;
static struct store *store;

static inline int setup(void **state)
{
    fake_setup(state);
    call = call_new("", NULL, 0);
    store = fake_store(&fake_table, MGW_THREADS_PARALLEL);
    return 0;
}

static inline int teardown(void **state)
{
    (void)state;
    store_free(store);
    call_free(call);
    return fake.destroys == 1 ? 0 : -1;
}

static inline void silent(int level, const char *line)
{
    (void)level, (void)line;
}

static inline void assert_corrupt(enum mgw_status status, const char *what)
{
    assert_int_equal(status, MGW_CORRUPT);
    if (!strstr(mgw_call_error(call)->text, "plugin \"fake\" broke its contract: ") ||
        !strstr(mgw_call_error(call)->text, what)) {
        fail_msg("expected \"%s\" in: %s", what, mgw_call_error(call)->text);
    }
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
