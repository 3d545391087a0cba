/* SPDX-License-Identifier: Apache-2.0
 *
 * See text.h. */
#include "core/base/text.h"

#include "core/base/cleanup.h"
#include "core/base/id.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

/* The length of the well-formed sequence at S (of at most N bytes), 0 where there is none (RFC 3629
 * section 4). */
static size_t utf8_sequence(const unsigned char *s, size_t n)
{
    if (s[0] < 0x80) {
        return 1;
    }
    size_t length = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
    if (s[0] < 0xc2 || s[0] > 0xf4 || length > n) {
        return 0;
    }
    unsigned char least = 0x80, most = 0xbf;
    switch (s[0]) {
    case 0xe0:
        least = 0xa0;
        break;
    case 0xed:
        most = 0x9f;
        break;
    case 0xf0:
        least = 0x90;
        break;
    case 0xf4:
        most = 0x8f;
        break;
    default:
        break;
    }
    if (s[1] < least || s[1] > most) {
        return 0;
    }
    for (size_t i = 2; i < length; i++) {
        if ((s[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    return length;
}

bool text_is_utf8(const char *text, size_t length)
{
    const unsigned char *s = (const unsigned char *)text;
    while (length > 0) {
        uint64_t eight;
        if (length >= sizeof eight) { /* mostly it is ASCII: eight characters in one look */
            memcpy(&eight, s, sizeof eight);
            if ((eight & 0x8080808080808080u) == 0) {
                s += sizeof eight;
                length -= sizeof eight;
                continue;
            }
        }
        size_t step = utf8_sequence(s, length);
        if (step == 0) {
            return false;
        }
        s += step;
        length -= step;
    }
    return true;
}

bool text_is_word(const char *text, size_t max, const char *extra)
{
    size_t length = strlen(text);
    if (length == 0 || length > max) {
        return false;
    }
    for (; *text; text++) {
        bool alphanumeric = (*text >= '0' && *text <= '9') || (*text >= 'a' && *text <= 'z') ||
                            (*text >= 'A' && *text <= 'Z');
        if (!alphanumeric && !strchr(extra, *text)) {
            return false;
        }
    }
    return true;
}

bool text_unpercent(char *text)
{
    char *to = text;
    const char *from = text;
    while (*from) {
        if (*from != '%') {
            *to++ = *from++;
            continue;
        }
        char digits[3] = {from[1], from[1] ? from[2] : '\0', '\0'};
        if (!id_unhex(digits, to, 1) || *to == '\0') {
            return false;
        }
        to++;
        from += 3;
    }
    *to = '\0';
    return text_is_utf8(text, (size_t)(to - text));
}

#define NEAREST_MAX 64

/* Edit distance (insert, delete, replace), for words shorter than NEAREST_MAX. */
static size_t edit_distance(const char *a, const char *b)
{
    size_t n = strlen(b), row[NEAREST_MAX];
    for (size_t j = 0; j <= n; j++) {
        row[j] = j;
    }
    for (size_t i = 0; a[i]; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < n; j++) {
            size_t replace =
                diagonal + (tolower((unsigned char)a[i]) != tolower((unsigned char)b[j]));
            diagonal = row[j + 1];
            size_t least = row[j] < row[j + 1] ? row[j] + 1 : row[j + 1] + 1;
            row[j + 1] = replace < least ? replace : least;
        }
    }
    return row[n];
}

/* Of a short word two letters are much: "dev" is no misspelt "key", but "ulr" is "url". */
static bool is_near(const char *word, const char *candidate, size_t distance)
{
    bool begin_alike = tolower((unsigned char)word[0]) == tolower((unsigned char)candidate[0]);
    return distance < strlen(candidate) && (begin_alike || 2 * distance <= strlen(word));
}

const char *text_nearest(const char *word, const char *const *candidates)
{
    const char *best = NULL;
    size_t length = strlen(word), limit = length / 3 + 2, least = limit;
    for (; *candidates; candidates++) {
        if (length >= NEAREST_MAX || strlen(*candidates) >= NEAREST_MAX) {
            continue;
        }
        size_t distance = edit_distance(word, *candidates);
        if (distance < least && is_near(word, *candidates, distance)) {
            least = distance;
            best = *candidates;
        }
    }
    return best;
}

char *text_read_file(const char *path, size_t max, size_t *length)
{
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) < 0) {
        return NULL;
    }
    if (S_ISDIR(st.st_mode)) {
        errno = EISDIR;
        return NULL;
    }
    size_t capacity = 4096, got = 0;
    AUTO_FREE char *data = NULL;
    for (;;) {
        char *grown = realloc(data, capacity + 1);
        if (!grown) {
            return NULL;
        }
        data = grown;
        ssize_t n = read(fd, data + got, capacity - got);
        if (n < 0 && errno != EINTR) {
            return NULL;
        }
        got += n > 0 ? (size_t)n : 0;
        if (got > max) {
            errno = EFBIG;
            return NULL;
        }
        if (n == 0) {
            break;
        }
        if (got == capacity) {
            capacity *= 2;
        }
    }
    data[got] = '\0';
    if (length) {
        *length = got;
    }
    return TAKE(data);
}

/* The length of the UTF-8 sequence at TEXT, 0 where there is none. */
static size_t sequence(const char *text)
{
    for (size_t length = 1; length <= 4 && text[length - 1]; length++) {
        if (text_is_utf8(text, length)) {
            return length;
        }
    }
    return 0;
}

void text_clean(struct buf *out, const char *text)
{
    while (*text) {
        const unsigned char *c = (const unsigned char *)text;
        size_t length = sequence(text);
        bool control = c[0] < 0x20 || c[0] == 0x7f || (c[0] == 0xc2 && c[1] < 0xa0);
        buf_append(out, length == 0 || control ? "?" : text, length == 0 || control ? 1 : length);
        text += length == 0 ? 1 : length;
    }
}
