/* SPDX-License-Identifier: Apache-2.0
 *
 * See report.h; the XML is junit.c's. */
#include "core/kit/report.h"

#include "core/base/buf.h"
#include "core/base/cleanup.h"
#include "core/kit/options.h"

#include <stdio.h>
#include <string.h>

/* "[  ERROR   ] --- ", "[   LINE   ] --- " mark what is worth reading. */
static const char *line_of(const char *line)
{
    static const char *const marks[] = {"[  ERROR   ] --- ", "[   LINE   ] --- "};
    static const char *const frame[] = {"[==========]", "[ RUN      ]", "[       OK ]",
                                        "[  FAILED  ]", "[  PASSED  ]", "[  SKIPPED ]"};
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        if (strncmp(line, marks[i], strlen(marks[i])) == 0) {
            line += strlen(marks[i]);
        }
    }
    for (size_t i = 0; i < sizeof frame / sizeof frame[0]; i++) {
        if (strncmp(line, frame[i], strlen(frame[i])) == 0) {
            return NULL;
        }
    }
    return line[strspn(line, " \t\r\n")] && !strstr(line, " FAILED TEST(S)") ? line : NULL;
}

char *report_text(const char *output, size_t length)
{
    AUTO_FREE char *copy = strndup(output ? output : "", length);
    AUTO_BUF struct buf text = {0};
    char *rest = NULL;
    buf_text(&text, "");
    for (char *at = copy ? strtok_r(copy, "\n", &rest) : NULL; at;
         at = strtok_r(NULL, "\n", &rest)) {
        const char *line = line_of(at);
        if (line) {
            buf_printf(&text, "%s\n", line);
        }
    }
    return buf_take(&text);
}

void report_line(const struct outcome_of *of)
{
    const char *name = of->one->name;
    if (of->outcome == OUTCOME_PASSED) {
        printf("ok       %s (%.2f s)\n", name, of->seconds);
    } else if (of->outcome == OUTCOME_SKIPPED) {
        printf("skipped  %s: %s %s\n", name, of->by, of->reason);
    } else {
        AUTO_FREE char *copy = strdup(of->text);
        char *rest = NULL;
        printf("FAILED   %s (%.2f s)\n         clause: %s\n", name, of->seconds, of->one->clause);
        if (of->reason) {
            printf("         %s\n", of->reason);
        }
        for (char *line = copy ? strtok_r(copy, "\n", &rest) : NULL; line;
             line = strtok_r(NULL, "\n", &rest)) {
            printf("         | %s\n", line);
        }
    }
    fflush(stdout);
}

size_t report_count(const struct report *report, enum outcome outcome)
{
    size_t count = 0;
    for (size_t i = 0; i < report->count; i++) {
        count += report->at[i].outcome == outcome;
    }
    return count;
}

/* " (by COPY: 8, PRESIGN_GET: 7)". */
static void list_skips(const struct report *report)
{
    const char *before = " (by ";
    for (size_t i = 0; i < report->count; i++) {
        const char *by = report->at[i].by;
        size_t same = 0;
        bool first = by;
        for (size_t j = 0; by && j < report->count; j++) {
            bool equal = report->at[j].by && strcmp(report->at[j].by, by) == 0;
            first = first && !(equal && j < i);
            same += equal;
        }
        if (first) {
            printf("%s%s: %zu", before, by, same);
            before = ", ";
        }
    }
    printf("%s\n", strcmp(before, ", ") == 0 ? ")" : "");
}

int report_summary(const struct report *report)
{
    size_t passed = report_count(report, OUTCOME_PASSED);
    size_t failed = report_count(report, OUTCOME_FAILED);
    printf("\n%s %s: %zu cases in %.1f s: %zu passed, %zu failed, %zu skipped", report->plugin,
           report->version, report->count, report->seconds, passed, failed,
           report_count(report, OUTCOME_SKIPPED));
    list_skips(report);
    if (passed + failed == 0) {
        printf("No case has run: that is no success.\n");
    }
    fflush(stdout);
    return failed || !passed ? KIT_SOME_FAILED : KIT_ALL_PASSED;
}

void report_free(struct report *report)
{
    for (size_t i = 0; i < report->count; i++) {
        free(report->at[i].by);
        free(report->at[i].reason);
        free(report->at[i].text);
    }
    free(report->at);
}
