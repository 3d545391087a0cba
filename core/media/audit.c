/* SPDX-License-Identifier: Apache-2.0
 *
 * See audit.h: what was found so far. */
#include "core/media/audit.h"

#include "core/media/audit_inside.h"

static const char *const names[AUDIT_PROBLEMS] = {
    [AUDIT_MISSING] = "missing",       [AUDIT_WRONG_SIZE] = "wrong_size",
    [AUDIT_DAMAGED] = "damaged",       [AUDIT_UNREADABLE] = "unreadable",
    [AUDIT_STUCK] = "stuck_uploading", [AUDIT_ORPHAN] = "orphan",
    [AUDIT_LEFT] = "left_behind",
};

const char *audit_problem_name(enum audit_problem problem)
{
    return names[problem];
}

uint64_t audit_problems(const struct audit_counts *counts)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < AUDIT_PROBLEMS; i++) {
        sum += counts->problems[i];
    }
    return sum;
}

void audit_report(struct audit *audit, const struct audit_found *found)
{
    pthread_mutex_lock(&audit->lock);
    audit->counts.problems[found->problem]++;
    if (audit->options->found) {
        audit->options->found(audit->options->ctx, found);
    }
    pthread_mutex_unlock(&audit->lock);
}

struct audit_counts audit_look(struct audit *audit)
{
    pthread_mutex_lock(&audit->lock);
    struct audit_counts counts = audit->counts;
    pthread_mutex_unlock(&audit->lock);
    counts.bytes_passed = audit->passed;
    return counts;
}

bool audit_tick(void *ctx)
{
    struct audit *audit = ctx;
    struct audit_counts counts = audit_look(audit);
    return !audit->options->tick || audit->options->tick(audit->options->ctx, &counts);
}
