/* SPDX-License-Identifier: Apache-2.0
 *
 * The gateway's table of routes, seen by tests that have a `struct gateway` of their own. */
#ifndef TESTS_IDENTITY_ROUTE_TABLE_H
#define TESTS_IDENTITY_ROUTE_TABLE_H

#include <stdint.h>

struct route_entry {
    const char *method; /* NULL: behind the last */
    const char *pattern;
    uint32_t scope; /* 1 read, 2 write; 0: no account is needed */
};

struct route_entry route_table(unsigned index);

#endif
