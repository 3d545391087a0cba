/* SPDX-License-Identifier: Apache-2.0 */
#include "creds_ini.h"

#include <stdbool.h>
#include <string.h>

static const char space[] = " \t\r\v\f";

/* TEXT without white space around it; cut in place. */
static char *trim(char *text)
{
    text += strspn(text, space);
    size_t length = strlen(text);
    while (length > 0 && strchr(space, text[length - 1])) {
        text[--length] = '\0';
    }
    return text;
}

/* From a '#' or ';' behind white space on, a value is comment: no key has such a thing inside. */
static void cut_comment(char *value)
{
    for (char *at = value; *at; at++) {
        if ((*at == '#' || *at == ';') && (at == value || strchr(space, at[-1]))) {
            *at = '\0';
            return;
        }
    }
}

/* What stands in "[...]", tidied; NULL: that is no section. */
static char *section_of(char *line)
{
    char *end = strchr(line, ']');
    if (!end) {
        return NULL;
    }
    char *rest = end + 1 + strspn(end + 1, space);
    if (*rest && *rest != '#' && *rest != ';') {
        return NULL;
    }
    *end = '\0';
    char *from = trim(line + 1), *to = from, *section = from;
    for (; *from; from++) {
        bool blank = strchr(space, *from) != NULL;
        if (*from == '"' || *from == '\'' || (blank && from[1] && strchr(space, from[1]))) {
            continue;
        }
        *to++ = (char)(blank ? ' ' : *from);
    }
    *to = '\0';
    return section;
}

static void lower(char *name)
{
    for (; *name; name++) {
        if (*name >= 'A' && *name <= 'Z') {
            *name = (char)(*name + ('a' - 'A'));
        }
    }
}

struct walk {
    const char *section;
    bool named; /* a name has come in this section */
    size_t indent;
};

/* False: the line is neither. */
static bool take_line(struct walk *walk, char *line, creds_ini_visit *visit, void *ctx)
{
    size_t indent = strspn(line, space);
    char *text = line + indent;
    if (!*text || *text == '#' || *text == ';' || (walk->named && indent > walk->indent)) {
        return true;
    }
    if (*text == '[') {
        *walk = (struct walk){.section = section_of(text)};
        return walk->section != NULL;
    }
    char *value = text + strcspn(text, "=:");
    if (!walk->section || !*value || value == text) {
        return false;
    }
    *value++ = '\0';
    value = trim(value);
    cut_comment(value);
    char *name = trim(text);
    lower(name);
    walk->named = true;
    walk->indent = indent;
    visit(ctx, walk->section, name, trim(value));
    return true;
}

size_t creds_ini_walk(char *text, creds_ini_visit *visit, void *ctx)
{
    struct walk walk = {0};
    size_t number = 1;
    if (strncmp(text, "\xef\xbb\xbf", 3) == 0) {
        text += 3;
    }
    for (char *next; text; text = next, number++) {
        next = strchr(text, '\n');
        if (next) {
            *next++ = '\0';
        }
        if (!take_line(&walk, text, visit, ctx)) {
            return number;
        }
    }
    return 0;
}
