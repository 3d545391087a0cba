/* SPDX-License-Identifier: Apache-2.0
 *
 * See disposition.h. */
#include "core/base/disposition.h"

#include "core/base/text.h"

#include <string.h>

static bool is_control(const char *c)
{
    unsigned char first = (unsigned char)*c;
    /* U+0080 to U+009F begin with 0xc2 */
    return first < 0x20 || first == 0x7f || (first == 0xc2 && (unsigned char)c[1] < 0xa0);
}

/* NAME with '_' for each character that a quoted string, or a reader of one, might take amiss: RFC
 * 6266 appendix D warns of quotes, backslashes and percent signs. Returns whether that lost
 * anything.
 */
static bool put_ascii(struct buf *out, const char *name)
{
    bool lost = false;
    for (; *name; name++) {
        unsigned char c = (unsigned char)*name;
        if ((c & 0xc0) == 0x80) {
            continue; /* the rest of a character that became '_' */
        }
        bool plain = c >= ' ' && c < 0x7f && !strchr("\"\\/%", (int)c);
        buf_append(out, plain ? name : "_", 1);
        lost = lost || !plain;
    }
    return lost;
}

bool disposition_value(struct buf *out, bool attachment, const char *file_name)
{
    buf_text(out, attachment ? "attachment" : "inline");
    if (!file_name || *file_name == '\0') {
        return !out->failed;
    }
    buf_text(out, "; filename=\"");
    bool lost = put_ascii(out, file_name);
    buf_text(out, "\"");
    if (lost && !disposition_check_name(file_name)) {
        buf_text(out, "; filename*=UTF-8''");
        buf_percent(out, file_name, false);
    }
    return !out->failed;
}

const char *disposition_check_name(const char *name)
{
    size_t length = strlen(name);
    if (length == 0 || length > 255) {
        return "a file name is 1 to 255 bytes";
    }
    if (!text_is_utf8(name, length)) {
        return "the file name is not UTF-8";
    }
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
        return "the file name is that of a folder";
    }
    for (; *name; name++) {
        if (is_control(name) || *name == '/' || *name == '\\') {
            return "the file name has a control character, a slash or a backslash";
        }
    }
    return NULL;
}
