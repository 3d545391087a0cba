/* SPDX-License-Identifier: Apache-2.0
 *
 * libxml2 without network, entities or a DTD: the parser stops where one begins. */
#include "creds_sts.h"

#include <libxml/parser.h>
#include <libxml/tree.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <string.h>

static void refuse_dtd(void *ctx, const xmlChar *name, const xmlChar *external,
                       const xmlChar *system)
{
    (void)name;
    (void)external;
    (void)system;
    xmlStopParser(ctx);
}

static void free_document(xmlDoc **document)
{
    xmlFreeDoc(*document);
}
#define AUTO_DOCUMENT __attribute__((cleanup(free_document)))

void sts_init(void)
{
    xmlInitParser();
}

/* NULL: it is no document, or has a DTD. */
static xmlDoc *parse(const char *xml, size_t length)
{
    xmlParserCtxt *parser = length <= INT_MAX ? xmlNewParserCtxt() : NULL;
    if (!parser) {
        return NULL;
    }
    parser->sax->internalSubset = refuse_dtd;
    xmlDoc *document = xmlCtxtReadMemory(parser, xml, (int)length, NULL, NULL,
                                         XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    if (document && (!parser->wellFormed || document->intSubset)) {
        xmlFreeDoc(document);
        document = NULL;
    }
    xmlFreeParserCtxt(parser);
    return document;
}

static xmlNode *child(const xmlNode *parent, const char *name)
{
    for (xmlNode *node = parent ? parent->children : NULL; node; node = node->next) {
        if (node->type == XML_ELEMENT_NODE && strcmp((const char *)node->name, name) == 0) {
            return node;
        }
    }
    return NULL;
}

/* The text of PARENT's element NAME; NULL: there is none, or it is more than text. */
static xmlNode *text_node(const xmlNode *parent, const char *name)
{
    const xmlNode *element = child(parent, name);
    xmlNode *text = element ? element->children : NULL;
    return text && text->type == XML_TEXT_NODE && !text->next ? text : NULL;
}

static const char *content(const xmlNode *text)
{
    return text ? (const char *)text->content : NULL;
}

static void cleanse(const xmlDoc *document, xmlNode *text)
{
    if (text && text->content && !(document->dict && xmlDictOwns(document->dict, text->content))) {
        OPENSSL_cleanse(text->content, strlen((const char *)text->content));
    }
}

enum mgw_status sts_read(struct mgw_call *call, const char *xml, size_t length,
                         struct creds_found *found)
{
    AUTO_DOCUMENT xmlDoc *document = parse(xml, length);
    const xmlNode *root = document ? xmlDocGetRootElement(document) : NULL;
    if (!root || strcmp((const char *)root->name, "AssumeRoleWithWebIdentityResponse") != 0) {
        return mgw_fail(call, MGW_UNAVAILABLE, "STS: the answer is not what was asked for");
    }
    const xmlNode *keys = child(child(root, "AssumeRoleWithWebIdentityResult"), "Credentials");
    xmlNode *secret = text_node(keys, "SecretAccessKey"), *token = text_node(keys, "SessionToken");
    const char *ends = content(text_node(keys, "Expiration"));
    int64_t ends_ms = 0;
    enum mgw_status status = MGW_OK;
    if (!token || !ends || !creds_time(ends, &ends_ms)) {
        status = mgw_fail(call, MGW_UNAVAILABLE, "STS: the answer has no %s",
                          token ? "valid Expiration" : "SessionToken");
    } else {
        status = creds_found_set(call, found, "STS", content(text_node(keys, "AccessKeyId")),
                                 content(secret), content(token));
    }
    if (status == MGW_OK) {
        found->expires_at_ms = ends_ms;
    }
    cleanse(document, secret);
    cleanse(document, token);
    return status == MGW_DENIED ? MGW_UNAVAILABLE : status;
}

void sts_read_error(const char *xml, size_t length, struct sts_error *error)
{
    *error = (struct sts_error){0};
    AUTO_DOCUMENT xmlDoc *document = parse(xml, length);
    const xmlNode *root = document ? xmlDocGetRootElement(document) : NULL;
    const xmlNode *node = child(root, "Error");
    const char *code = content(text_node(node, "Code"));
    const char *message = content(text_node(node, "Message"));
    size_t used = 0;
    for (; code && *code && used + 1 < sizeof error->code; code++) {
        bool fits = (*code >= 'a' && *code <= 'z') || (*code >= 'A' && *code <= 'Z') ||
                    (*code >= '0' && *code <= '9') || *code == '.';
        error->code[used] = *code;
        used += fits;
    }
    error->code[used] = '\0';
    for (used = 0; message && *message && used + 1 < sizeof error->message; message++) {
        error->message[used++] = (char)(*message >= ' ' && *message <= '~' ? *message : ' ');
    }
}
