/* SPDX-License-Identifier: Apache-2.0
 *
 * The measures as an SVG: a panel a verb, the calls a second over the number of threads, a line a
 * size. */
#include "core/kit/gauge/gauge.h"

#include <libxml/xmlwriter.h>
#include <string.h>

enum { WIDTH = 420, HEIGHT = 260, LEFT = 70, RIGHT = 20, TOP = 40, BOTTOM = 40 };

static const char *const colours[] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                      "#e69f00", "#56b4e9", "#000000"};

static void attribute(xmlTextWriter *writer, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void attribute(xmlTextWriter *writer, const char *name, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    xmlTextWriterWriteVFormatAttribute(writer, BAD_CAST name, format, args);
    va_end(args);
}

static void write_text(xmlTextWriter *writer, double x, double y, const char *anchor,
                       const char *text)
{
    xmlTextWriterStartElement(writer, BAD_CAST "text");
    attribute(writer, "x", "%.1f", x);
    attribute(writer, "y", "%.1f", y);
    attribute(writer, "text-anchor", "%s", anchor);
    xmlTextWriterWriteString(writer, BAD_CAST text);
    xmlTextWriterEndElement(writer);
}

/* ---- one panel ---- */

struct panel {
    const struct gauge *gauge;
    const char *verb;
    double left, top, most; /* the most calls a second */
};

static double x_of(const struct panel *panel, size_t thread)
{
    size_t last = panel->gauge->thread_count - 1;
    double width = WIDTH - LEFT - RIGHT;
    return panel->left + LEFT + (last ? width * (double)thread / (double)last : width / 2);
}

static double y_of(const struct panel *panel, double rate)
{
    return panel->top + TOP + (HEIGHT - TOP - BOTTOM) * (1 - rate / panel->most);
}

static const struct gauge_measure *find(const struct panel *panel, uint64_t bytes, unsigned threads)
{
    for (size_t i = 0; i < panel->gauge->count; i++) {
        const struct gauge_measure *at = &panel->gauge->at[i];
        if (strcmp(at->verb, panel->verb) == 0 && at->bytes == bytes && at->threads == threads) {
            return at;
        }
    }
    return NULL;
}

static void draw_line(xmlTextWriter *writer, const struct panel *panel, uint64_t bytes,
                      const char *colour)
{
    const struct gauge_measure *last = NULL;
    char size[24];
    double x = 0;
    xmlTextWriterStartElement(writer, BAD_CAST "polyline");
    attribute(writer, "fill", "none");
    attribute(writer, "stroke", "%s", colour);
    attribute(writer, "stroke-width", "2");
    xmlTextWriterStartAttribute(writer, BAD_CAST "points");
    for (size_t t = 0; t < panel->gauge->thread_count; t++) {
        const struct gauge_measure *at = find(panel, bytes, panel->gauge->threads[t]);
        if (at) {
            last = at;
            x = x_of(panel, t);
            xmlTextWriterWriteFormatString(writer, "%.1f,%.1f ", x, y_of(panel, gauge_rate(at)));
        }
    }
    xmlTextWriterEndAttribute(writer);
    xmlTextWriterEndElement(writer);
    if (last && bytes) {
        write_text(writer, x, y_of(panel, gauge_rate(last)) - 5, "end", gauge_size(bytes, size));
    }
}

static void draw_axes(xmlTextWriter *writer, const struct panel *panel)
{
    char text[64];
    for (int i = 0; i <= 4; i++) {
        double rate = panel->most * i / 4;
        xmlTextWriterStartElement(writer, BAD_CAST "line");
        attribute(writer, "x1", "%.1f", panel->left + LEFT);
        attribute(writer, "x2", "%.1f", panel->left + WIDTH - RIGHT);
        attribute(writer, "y1", "%.1f", y_of(panel, rate));
        attribute(writer, "y2", "%.1f", y_of(panel, rate));
        attribute(writer, "stroke", "#cccccc");
        xmlTextWriterEndElement(writer);
        snprintf(text, sizeof text, "%.4g", rate);
        write_text(writer, panel->left + LEFT - 6, y_of(panel, rate) + 4, "end", text);
    }
    for (size_t t = 0; t < panel->gauge->thread_count; t++) {
        snprintf(text, sizeof text, "%u", panel->gauge->threads[t]);
        write_text(writer, x_of(panel, t), panel->top + HEIGHT - BOTTOM + 16, "middle", text);
    }
    snprintf(text, sizeof text, "%s: calls/s over threads", panel->verb);
    write_text(writer, panel->left + LEFT, panel->top + TOP - 14, "start", text);
}

static void draw_panel(xmlTextWriter *writer, struct panel *panel)
{
    panel->most = 1e-9;
    for (size_t i = 0; i < panel->gauge->count; i++) {
        const struct gauge_measure *at = &panel->gauge->at[i];
        if (strcmp(at->verb, panel->verb) == 0 && gauge_rate(at) > panel->most) {
            panel->most = gauge_rate(at);
        }
    }
    draw_axes(writer, panel);
    draw_line(writer, panel, 0, colours[0]);
    for (size_t s = 0; s < panel->gauge->size_count; s++) {
        if (panel->gauge->sizes[s]) {
            draw_line(writer, panel, panel->gauge->sizes[s],
                      colours[s % (sizeof colours / sizeof colours[0])]);
        }
    }
}

static bool first_of_its_verb(const struct gauge *gauge, size_t at)
{
    for (size_t i = 0; i < at; i++) {
        if (strcmp(gauge->at[i].verb, gauge->at[at].verb) == 0) {
            return false;
        }
    }
    return true;
}

bool gauge_svg(const struct gauge *gauge, const char *title, const char *path)
{
    xmlTextWriter *writer = xmlNewTextWriterFilename(path, 0);
    unsigned panels = 0;
    for (size_t i = 0; i < gauge->count; i++) {
        panels += first_of_its_verb(gauge, i);
    }
    if (!writer) {
        fprintf(stderr, "mediagw plugin bench: %s cannot be written\n", path);
        return false;
    }
    xmlTextWriterSetIndent(writer, 1);
    xmlTextWriterStartDocument(writer, NULL, "UTF-8", NULL);
    xmlTextWriterStartElementNS(writer, NULL, BAD_CAST "svg",
                                BAD_CAST "http://www.w3.org/2000/svg");
    attribute(writer, "width", "%d", WIDTH * 2);
    attribute(writer, "height", "%u", HEIGHT * ((panels + 1) / 2) + 30);
    attribute(writer, "font-family", "sans-serif");
    attribute(writer, "font-size", "11");
    xmlTextWriterStartElement(writer, BAD_CAST "rect");
    attribute(writer, "width", "100%%");
    attribute(writer, "height", "100%%");
    attribute(writer, "fill", "#ffffff");
    xmlTextWriterEndElement(writer);
    write_text(writer, 12, 20, "start", title);
    for (size_t i = 0, drawn = 0; i < gauge->count; i++) {
        if (first_of_its_verb(gauge, i)) {
            struct panel panel = {.gauge = gauge,
                                  .verb = gauge->at[i].verb,
                                  .left = (double)(drawn % 2) * WIDTH,
                                  .top = (double)(drawn / 2) * HEIGHT + 20};
            draw_panel(writer, &panel);
            drawn++;
        }
    }
    bool good = xmlTextWriterEndDocument(writer) >= 0;
    xmlFreeTextWriter(writer);
    return good;
}
