/* SPDX-License-Identifier: Apache-2.0
 *
 * See suite.h. */
#include "core/kit/suite.h"

static const struct {
    uint64_t trait;
    const char *name, *why;
} traits_known[] = {
    {KIT_WRITES, "READ_ONLY", "is declared, so that nothing can be written"},
    {KIT_PREPARES, "READ_ONLY", "is declared, and there is no layer below to write to"},
    {KIT_SURVIVES, "VOLATILE", "is declared, so that nothing outlives the instance"},
    {KIT_ADVISE, "advise", "is optional and NULL"},
    {KIT_SWEEP, "sweep", "is optional and NULL"},
    {KIT_SCAN, "scan", "is optional and NULL"},
    {KIT_SECOND, "SHARED", "is not declared, and a second instance is refused"},
    {KIT_PARALLEL, "THREADS_PARALLEL", "is not what the plugin declares"},
    {KIT_HOST_CLOCK, "own clock", "is what the repository has, which cannot be set"},
};

const char *kit_missing(const struct kit_suite *suite, uint64_t needs, uint64_t traits,
                        const char **why)
{
    uint64_t missing = needs & ~traits;
    *why = "is not declared";
    for (size_t i = 0; suite->capabilities[i]; i++) {
        if (missing & (UINT64_C(1) << i)) {
            return suite->capabilities[i];
        }
    }
    for (size_t i = 0; i < sizeof traits_known / sizeof traits_known[0]; i++) {
        if (missing & traits_known[i].trait) {
            *why = traits_known[i].why;
            return traits_known[i].name;
        }
    }
    return missing ? "?" : NULL;
}

const struct kit_case *kit_case_at(const struct kit_suite *suite, size_t n)
{
    for (size_t g = 0; g < suite->count; g++) {
        for (const struct kit_case *one = suite->groups[g]; one->name; one++) {
            if (n-- == 0) {
                return one;
            }
        }
    }
    return NULL;
}
