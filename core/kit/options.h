/* SPDX-License-Identifier: Apache-2.0
 *
 * The kit's command line. The parent reads it and hands it on to its children word for word, with
 * what is theirs behind it. Once, at start. */
#ifndef KIT_OPTIONS_H
#define KIT_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

enum { KIT_ALL_PASSED = 0, KIT_SOME_FAILED = 1, KIT_WRONG = 2 };

struct kit_options {
    const char *module; /* a path, or a plugin's name; NULL: none */
    const char *config; /* FILE */
    const char **only;  /* patterns */
    size_t only_count;
    const char *report, *values, *refuses, *hides;
    double timeout_sec;
    unsigned jobs;
    bool list, slow, help;
    char **pairs; /* KEY=VALUE */
    size_t pair_count;
    /* The children's own. */
    const char *crash; /* run its script, and be killed there */
    const char *one;   /* the case to run */
    bool describe;     /* tell what MODULE is and can do */
    bool kind_only;    /* without an instance */
    const char *tmp, *unique;
};

/* False: said why; then KIT_WRONG. */
bool kit_options(int argc, char **argv, struct kit_options *options);
void kit_options_free(struct kit_options *options);
/* True where NAME is among --only's patterns, or there are none. */
bool kit_selected(const struct kit_options *options, const char *name);
extern const char kit_help[];

#endif
