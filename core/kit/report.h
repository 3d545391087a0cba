/* SPDX-License-Identifier: Apache-2.0
 *
 * What the cases came to: a line each as they end, a summary, and JUnit XML. One thread. */
#ifndef KIT_REPORT_H
#define KIT_REPORT_H

#include "core/kit/case.h"

enum outcome { OUTCOME_NONE, OUTCOME_PASSED, OUTCOME_FAILED, OUTCOME_SKIPPED };

struct outcome_of {
    const struct kit_case *one;
    enum outcome outcome;
    char *by;     /* skipped: the capability's name */
    char *reason; /* skipped: the sentence behind it; failed: how */
    char *text;   /* failed: what was expected and got, lines */
    double seconds;
};

struct report {
    const char *plugin; /* name */
    const char *version;
    struct outcome_of *at;
    size_t count;
    double seconds;
};

void report_line(const struct outcome_of *of);
/* The counts; answers the exit code. */
int report_summary(const struct report *report);
/* False: said why. */
bool report_junit(const struct report *report, const char *path);
void report_free(struct report *report);
size_t report_count(const struct report *report, enum outcome outcome);

/* The lines of a child's OUTPUT that say something: cmocka's frame is left out, its marks are taken
 * off. To be freed. */
char *report_text(const char *output, size_t length);

#endif
