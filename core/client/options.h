/* SPDX-License-Identifier: Apache-2.0
 *
 * The words of a client command: which options it takes and what they say. */
#ifndef CLIENT_OPTIONS_H
#define CLIENT_OPTIONS_H

#include <stdbool.h>

struct options {
    const char *url, *key_file, *account, *ca_file, *timeout, *retries;
    const char *mime_type, *duration_ms, *session_id, *take_index, *owner_email, *metadata, *kind,
        *idempotency_key;
    const char *output, *status, *limit;
    bool json, quiet, help;
    char **words; /* what stands behind the options */
    int count;
};

/* Reads the options that COMMAND ("put", …) takes; argv[0] is the command's name. False: getopt or
 * this has said what is wrong. */
bool options_read(const char *command, int argc, char **argv, struct options *options);
/* A decimal of 1 to 18 digits in LEAST..MOST; else says so, naming OPTION. TEXT NULL: ABSENT. */
bool options_number(const char *option, const char *text, long long least, long long most,
                    long long absent, long long *number);

#endif
