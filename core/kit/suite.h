/* SPDX-License-Identifier: Apache-2.0
 *
 * The two suites as the child that runs one case sees them. One thread. */
#ifndef KIT_SUITE_H
#define KIT_SUITE_H

#include "core/kit/case.h"
#include "core/kit/options.h"

#include <mediagw/plugin.h>

struct kit_suite {
    const struct kit_case *const *groups; /* each ends with a case without a name */
    size_t count;
    const char *const *capabilities; /* the names of the kind's bits, from the lowest on; NULL */
    /* Opens the instance that the cases are about (subject_open). False: said why. */
    bool (*open)(const struct kit_options *options, unsigned number);
    uint64_t (*traits)(void); /* of the open instance: capabilities and KIT_* */
    void (*close)(void);
};
extern const struct kit_suite storage_suite, repo_suite;

static inline const struct kit_suite *kit_suite_of(uint32_t kind)
{
    return kind == MGW_KIND_REPOSITORY ? &repo_suite : &storage_suite;
}

/* The Nth case, from 0; NULL: there are no more. */
const struct kit_case *kit_case_at(const struct kit_suite *suite, size_t n);
/* The name of what NEEDS asks for and TRAITS has not, for "skipped by NAME"; *WHY is the sentence.
 * NULL: nothing is missing. */
const char *kit_missing(const struct kit_suite *suite, uint64_t needs, uint64_t traits,
                        const char **why);

/* The child's life: runs the case, or describes the module, and answers its exit code. What comes
 * of it goes to descriptor RESULT, a line: "passed", "failed", "skipped NAME WHY", "plugin …". */
int kit_child(const struct kit_options *options, int result);
/* From within a case: it ends as skipped by WHAT. */
void kit_skipped(const char *what, const char *why);

#endif
