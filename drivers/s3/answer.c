/* SPDX-License-Identifier: Apache-2.0 */
#include "answer.h"

#include <libxml/parser.h>
#include <pthread.h>
#include <string.h>

void answer_init(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, xmlInitParser);
}

const void *answer_open(struct answer *answer, const struct text *text, const char *name)
{
    answer->doc = NULL;
    if (text->length == 0 || text->length > ANSWER_MAX) {
        return NULL;
    }
    /* CompleteMultipartUpload sends blanks while it works, before the declaration. */
    const char *start = text->data + strspn(text->data, " \t\r\n");
    xmlDoc *doc = xmlReadMemory(start, (int)(text->length - (size_t)(start - text->data)), NULL,
                                NULL, XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    answer->doc = doc;
    if (!doc || doc->intSubset || doc->extSubset) {
        return NULL;
    }
    const xmlNode *root = xmlDocGetRootElement(doc);
    return root && (!name || strcmp((const char *)root->name, name) == 0) ? root : NULL;
}

void answer_close(struct answer *answer)
{
    if (answer->doc) {
        xmlFreeDoc(answer->doc);
        answer->doc = NULL;
    }
}

static const xmlNode *find(const xmlNode *node, const char *name)
{
    while (node &&
           (node->type != XML_ELEMENT_NODE || strcmp((const char *)node->name, name) != 0)) {
        node = node->next;
    }
    return node;
}

const void *answer_child(const void *node, const char *name)
{
    const xmlNode *parent = node;
    return parent ? find(parent->children, name) : NULL;
}

const void *answer_next(const void *node)
{
    const xmlNode *before = node;
    return find(before->next, (const char *)before->name);
}

static bool copy_text(const void *node, const char *name, char *out, size_t size)
{
    const xmlNode *child = answer_child(node, name);
    size_t length = 0;
    bool whole = child != NULL;
    *out = '\0';
    for (const xmlNode *at = child ? child->children : NULL; at && whole; at = at->next) {
        if (at->type != XML_TEXT_NODE && at->type != XML_CDATA_SECTION_NODE) {
            whole = false;
            break;
        }
        size_t more = at->content ? strlen((const char *)at->content) : 0;
        whole = more < size - length;
        if (whole && more) {
            memcpy(out + length, at->content, more);
        }
        length += whole ? more : 0;
    }
    out[whole ? length : 0] = '\0';
    return whole;
}

const char *answer_value(const void *node, const char *name, char *out, size_t size)
{
    copy_text(node, name, out, size);
    return out;
}

static int digit(char c)
{
    return c >= '0' && c <= '9'                     ? c - '0'
           : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10
                                                    : -1;
}

bool answer_key(const void *node, const char *name, char *out, size_t size)
{
    if (!copy_text(node, name, out, size)) {
        return false;
    }
    char *to = out;
    for (const char *from = out; *from; from++) {
        int high = *from == '%' ? digit(from[1]) : -1, low = high >= 0 ? digit(from[2]) : -1;
        if (low >= 0) {
            *to++ = (char)(high << 4 | low);
            from += 2;
        } else {
            *to++ = *from == '+' ? ' ' : *from;
        }
    }
    *to = '\0';
    return true;
}
