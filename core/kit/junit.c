/* SPDX-License-Identifier: Apache-2.0
 *
 * The report as JUnit XML, which CI systems read: one testsuite, the plugin is its cases' class.
 * See report.h. */
#include "core/kit/report.h"

#include "core/base/cleanup.h"
#include "core/base/text.h"

#include <libxml/xmlwriter.h>
#include <string.h>

#define X(text) ((const xmlChar *)(text))

/* What XML can carry: UTF-8 without control characters. */
static char *clean(const char *text)
{
    char *copy = strdup(text ? text : "");
    bool utf8 = copy && text_is_utf8(copy, strlen(copy));
    for (char *c = copy; c && *c; c++) {
        unsigned char byte = (unsigned char)*c;
        bool control = (byte < ' ' && byte != '\n' && byte != '\t') || byte == 127;
        *c = control || (byte > 127 && !utf8) ? '?' : *c;
    }
    return copy;
}

static bool attribute(xmlTextWriter *xml, const char *name, const char *value)
{
    AUTO_FREE char *text = clean(value);
    return text && xmlTextWriterWriteAttribute(xml, X(name), X(text)) >= 0;
}

static bool number(xmlTextWriter *xml, const char *name, size_t value)
{
    return xmlTextWriterWriteFormatAttribute(xml, X(name), "%zu", value) >= 0;
}

static bool seconds(xmlTextWriter *xml, double value)
{
    return xmlTextWriterWriteFormatAttribute(xml, X("time"), "%.3f", value) >= 0;
}

static bool write_case(xmlTextWriter *xml, const char *plugin, const struct outcome_of *of)
{
    bool good = xmlTextWriterStartElement(xml, X("testcase")) >= 0 &&
                attribute(xml, "name", of->one->name) && attribute(xml, "classname", plugin) &&
                seconds(xml, of->seconds);
    AUTO_FREE char *text = NULL, *message = NULL;
    if (good && of->outcome == OUTCOME_SKIPPED &&
        asprintf(&message, "%s %s", of->by, of->reason) >= 0) {
        good = xmlTextWriterStartElement(xml, X("skipped")) >= 0 &&
               attribute(xml, "message", message) && xmlTextWriterEndElement(xml) >= 0;
    } else if (good && of->outcome == OUTCOME_FAILED) {
        text = clean(of->text);
        good = asprintf(&message, "%s%s%s", of->one->clause, of->reason ? ": " : "",
                        of->reason ? of->reason : "") >= 0 &&
               xmlTextWriterStartElement(xml, X("failure")) >= 0 &&
               attribute(xml, "type", "clause") && attribute(xml, "message", message) && text &&
               xmlTextWriterWriteString(xml, X(text)) >= 0 && xmlTextWriterEndElement(xml) >= 0;
    }
    return good && xmlTextWriterEndElement(xml) >= 0;
}

static bool write_all(xmlTextWriter *xml, const struct report *report)
{
    bool good = xmlTextWriterSetIndent(xml, 1) >= 0 &&
                xmlTextWriterStartDocument(xml, NULL, "UTF-8", NULL) >= 0 &&
                xmlTextWriterStartElement(xml, X("testsuite")) >= 0 &&
                attribute(xml, "name", report->plugin) && number(xml, "tests", report->count) &&
                number(xml, "failures", report_count(report, OUTCOME_FAILED)) &&
                number(xml, "errors", 0) &&
                number(xml, "skipped", report_count(report, OUTCOME_SKIPPED)) &&
                seconds(xml, report->seconds);
    for (size_t i = 0; good && i < report->count; i++) {
        good = write_case(xml, report->plugin, &report->at[i]);
    }
    return good && xmlTextWriterEndDocument(xml) >= 0 && xmlTextWriterFlush(xml) >= 0;
}

bool report_junit(const struct report *report, const char *path)
{
    xmlTextWriter *xml = xmlNewTextWriterFilename(path, 0);
    bool good = xml && write_all(xml, report);
    if (xml) {
        xmlFreeTextWriter(xml);
    }
    if (!good) {
        fprintf(stderr, "mediagw plugin test: %s: the report cannot be written\n", path);
    }
    return good;
}
