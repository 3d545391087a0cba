/* SPDX-License-Identifier: Apache-2.0
 *
 * See change.h. */
#include "tests/security/change.h"

#include "tests/support/keep.h"

#include <ctype.h>
#include <string.h>

size_t change_number(struct change *change, size_t limit)
{
    uint64_t x = change->state; /* xorshift64* */
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    change->state = x;
    return limit > 0 ? (size_t)((x * 2685821657736338717ull >> 16) % limit) : 0;
}

static char letter(struct change *change, const char *alphabet)
{
    return alphabet[change_number(change, strlen(alphabet))];
}

/* LEAST to MOST characters of ALPHABET. */
static char *letters(struct change *change, const char *alphabet, size_t least, size_t most)
{
    size_t length = least + change_number(change, most - least + 1);
    char *text = keep_text("%*s", (int)length, "");
    for (size_t i = 0; i < length; i++) {
        text[i] = letter(change, alphabet);
    }
    return text;
}

static char *change_once(struct change *change, char *text, const char *other, const char *alphabet)
{
    size_t length = strlen(text);
    size_t at = change_number(change, length + 1);
    size_t to = at + change_number(change, length - at + 1);
    int head = (int)at;
    switch (length > 1 ? change_number(change, 10) : 1) {
    case 0: /* replaced */
        text[at < length ? at : length - 1] = letter(change, alphabet);
        return text;
    case 1: /* put in */
        return keep_text("%.*s%s%s", head, text, letters(change, alphabet, 1, 3), text + at);
    case 2: /* left out */
        return keep_text("%.*s%s", head, text, at < length ? text + at + 1 : "");
    case 3: { /* swapped */
        at = at > length - 2 ? length - 2 : at;
        char first = text[at];
        text[at] = text[at + 1];
        text[at + 1] = first;
        return text;
    }
    case 4: /* the case turned */
        at = at < length ? at : length - 1;
        text[at] = (char)(islower((unsigned char)text[at]) ? toupper((unsigned char)text[at])
                                                           : tolower((unsigned char)text[at]));
        return text;
    case 5: /* a piece cut out */
        return keep_text("%.*s%s", head, text, text + to);
    case 6: /* doubled */
        return keep_text("%.*s%s", (int)to, text, text + at);
    case 7: /* overwritten */
        for (size_t i = at; i < to && i < at + 8; i++) {
            text[i] = letter(change, alphabet);
        }
        return text;
    case 8: /* the rest of another one */
        return keep_text("%.*s%s", head, text, at < strlen(other) ? other + at : "");
    default: /* the last character, where encodings have bits to spare */
        text[length - 1] = letter(change, alphabet);
        return text;
    }
}

char *change_text(struct change *change, const char *text, const char *other, const char *alphabet)
{
    char *changed = keep_text("%s", text);
    for (size_t times = 1 + change_number(change, 3); times > 0; times--) {
        changed = change_once(change, changed, other, alphabet);
    }
    return changed;
}
