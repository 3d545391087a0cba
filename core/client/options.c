/* SPDX-License-Identifier: Apache-2.0
 *
 * See options.h. */
#include "core/client/options.h"

#include "core/client/client.h"
#include "core/client/say.h"

#include <getopt.h>
#include <stddef.h>
#include <string.h>

/* COMMANDS has the first letters of those that take it. */
static const struct taken {
    const char *name;
    char letter; /* 0: no short form */
    const char *commands;
    bool flag;
    size_t at;
} table[] = {
    {"url", 0, "pglr", false, offsetof(struct options, url)},
    {"key-file", 0, "pglr", false, offsetof(struct options, key_file)},
    {"account", 0, "pglr", false, offsetof(struct options, account)},
    {"ca-file", 0, "pglr", false, offsetof(struct options, ca_file)},
    {"timeout", 0, "pglr", false, offsetof(struct options, timeout)},
    {"retries", 0, "pglr", false, offsetof(struct options, retries)},
    {"mime-type", 0, "p", false, offsetof(struct options, mime_type)},
    {"duration-ms", 0, "p", false, offsetof(struct options, duration_ms)},
    {"session-id", 0, "pl", false, offsetof(struct options, session_id)},
    {"take-index", 0, "p", false, offsetof(struct options, take_index)},
    {"owner-email", 0, "p", false, offsetof(struct options, owner_email)},
    {"metadata", 0, "p", false, offsetof(struct options, metadata)},
    {"kind", 0, "pl", false, offsetof(struct options, kind)},
    {"idempotency-key", 0, "p", false, offsetof(struct options, idempotency_key)},
    {"output", 'o', "g", false, offsetof(struct options, output)},
    {"status", 0, "l", false, offsetof(struct options, status)},
    {"limit", 0, "l", false, offsetof(struct options, limit)},
    {"json", 0, "pglr", true, offsetof(struct options, json)},
    {"quiet", 'q', "pglr", true, offsetof(struct options, quiet)},
    {"help", 'h', "pglr", true, offsetof(struct options, help)},
};
enum { TABLE = sizeof table / sizeof table[0], FIRST = 256 };

bool options_read(const char *command, int argc, char **argv, struct options *options)
{
    struct option all[TABLE + 1] = {0};
    char letters[2 * TABLE + 1] = "";
    size_t count = 0, length = 0;
    for (int i = 0; i < TABLE; i++) {
        if (!strchr(table[i].commands, command[0])) {
            continue;
        }
        all[count++] = (struct option){
            table[i].name, table[i].flag ? no_argument : required_argument, NULL, FIRST + i};
        if (table[i].letter) {
            letters[length++] = table[i].letter;
        }
        if (table[i].letter && !table[i].flag) {
            letters[length++] = ':';
        }
    }
    argv[0] = "mediagw"; /* getopt's messages begin with it */
    optind = 1;
    for (int found; (found = getopt_long(argc, argv, letters, all, NULL)) != -1;) {
        if (found == '?') {
            return false;
        }
        const struct taken *taken = found >= FIRST ? &table[found - FIRST] : table;
        while (found < FIRST && taken->letter != found) {
            taken++;
        }
        if (taken->flag) {
            *(bool *)((char *)options + taken->at) = true;
        } else {
            *(const char **)(void *)((char *)options + taken->at) = optarg;
        }
    }
    options->words = argv + optind;
    options->count = argc - optind;
    return true;
}

bool options_number(const char *option, const char *text, long long least, long long most,
                    long long absent, long long *number)
{
    *number = absent;
    if (!text) {
        return true;
    }
    size_t digits = strspn(text, "0123456789");
    long long value = digits > 0 && digits <= 18 && !text[digits] ? strtoll(text, NULL, 10) : -1;
    if (value < least || value > most) {
        say(CLIENT_WRONG, "--%s %s: expected a whole number from %lld to %lld", option, text, least,
            most);
        return false;
    }
    *number = value;
    return true;
}
