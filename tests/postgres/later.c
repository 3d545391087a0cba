/* SPDX-License-Identifier: Apache-2.0
 *
 * The schemas of releases that do not exist yet: the first migration as it is, then one that only
 * adds, one that shuts older releases out, or one that fails half-way. */
#define schema_known first_known
#define schema_migration first_migration
#include "schema.c"
#undef schema_known
#undef schema_migration

int schema_known(void);
const struct migration *schema_migration(int number);

static const struct migration later[] = {
#if defined(LATER_broken)
    {.oldest = 1, .sql = {"ALTER TABLE %1$s.rows ADD COLUMN added text", "SELECT nonsense"}},
#else
    {.oldest = 1, .sql = {"ALTER TABLE %1$s.rows ADD COLUMN added text DEFAULT 'x'"}},
#endif
#if defined(LATER_third)
    {.oldest = 3, .sql = {"ALTER TABLE %1$s.rows ADD COLUMN shut text"}},
#endif
};

int schema_known(void)
{
    return first_known() + (int)(sizeof later / sizeof later[0]);
}

const struct migration *schema_migration(int number)
{
    int first = first_known();
    return number <= first ? first_migration(number) : &later[number - first - 1];
}
