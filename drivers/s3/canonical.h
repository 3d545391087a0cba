/* SPDX-License-Identifier: Apache-2.0
 *
 * The sorted lists of a canonical request: a query's parameters and a request's headers. Names and
 * values lie in one text, already in their canonical form. */
#ifndef S3_CANONICAL_H
#define S3_CANONICAL_H

#include "text.h"

struct canonical_entry {
    size_t name, value; /* where they begin in the list's bytes */
    size_t order;       /* in which they were added */
};

struct canonical {
    struct text bytes;
    struct canonical_entry *entries;
    size_t count, capacity;
};

/* Room for CAPACITY entries; false: no memory. */
bool canonical_init(struct canonical *list, size_t capacity);
void canonical_free(struct canonical *list);
#define AUTO_CANONICAL __attribute__((cleanup(canonical_free)))

/* A parameter, encoded; VALUE may be NULL. */
void canonical_add_query(struct canonical *query, const char *name, const char *value);
/* A header: its value without white space around it, runs inside as one space. */
void canonical_add_header(struct canonical *headers, const char *name, const char *value);

/* "a=1&b=": by encoded name, then by value. False: memory was short. */
bool canonical_put_query(struct text *to, struct canonical *query);
/* Lines "name:value\n" and, to SIGNED_NAMES, "a;b": by name; the values of one name in the order in
 * which they were added, parted by commas. */
bool canonical_put_headers(struct text *to, struct text *signed_names, struct canonical *headers);

#endif
