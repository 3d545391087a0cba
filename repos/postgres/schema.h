/* SPDX-License-Identifier: Apache-2.0
 *
 * The numbered migrations. None ever changes once it was released. */
#ifndef POSTGRES_SCHEMA_H
#define POSTGRES_SCHEMA_H

enum { SCHEMA_STATEMENTS = 16 };

struct migration {
    /* The oldest release, by the last migration that it knows, which may still use the schema after
     * this one. A migration that only adds leaves it as it was: the release before goes on
     * working. */
    int oldest;
    /* One statement each; %1$s is the quoted schema. All run in one transaction. */
    const char *sql[SCHEMA_STATEMENTS];
};

/* The last one that this release knows. */
int schema_known(void);
/* NUMBER is 1 to schema_known(). */
const struct migration *schema_migration(int number);

#endif
