/* SPDX-License-Identifier: Apache-2.0
 *
 * See progress.h. */
#include "core/base/progress.h"

#include "core/base/clock.h"
#include "core/base/text.h"

#include <string.h>
#include <sys/ioctl.h>

enum { DRAW_MS = 100, SAMPLE_MS = 500, WIDTH = 80, LABEL_MAX = 28, BAR_MAX = 30 };

void progress_bytes(uint64_t bytes, char out[PROGRESS_SIZE])
{
    static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    if (bytes < 1024) {
        snprintf(out, PROGRESS_SIZE, "%u B", (unsigned)bytes);
        return;
    }
    double value = (double)bytes / 1024;
    size_t unit = 0;
    while (value >= 1023.95 && unit + 1 < sizeof units / sizeof *units) {
        value /= 1024;
        unit++;
    }
    snprintf(out, PROGRESS_SIZE, "%.1f %s", value, units[unit]);
}

static size_t screen_width(void)
{
    struct winsize size = {0};
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : WIDTH;
}

/* At most LABEL_MAX characters of the label's end: the file name, rather than its folder. */
static void put_label(struct buf *line, const char *label)
{
    AUTO_BUF struct buf clean = {0};
    text_clean(&clean, label);
    const char *text = clean.data ? clean.data : "";
    size_t length = 0;
    for (const char *c = text; *c; c++) {
        length += ((unsigned char)*c & 0xc0) != 0x80;
    }
    bool cut = length > LABEL_MAX;
    while (*text && (length > LABEL_MAX - 1 || ((unsigned char)*text & 0xc0) == 0x80) && cut) {
        length -= ((unsigned char)*text & 0xc0) != 0x80;
        text++;
    }
    buf_printf(line, "%s%s", cut ? "…" : "", text);
}

static void put_left(struct buf *line, const struct progress *progress)
{
    if (progress->total == PROGRESS_UNKNOWN || progress->rate < 1) {
        return;
    }
    double left = (double)(progress->total - progress->done) / progress->rate;
    if (left < 360000) {
        unsigned seconds = (unsigned)(left + 0.5);
        buf_text(line, "  ETA ");
        if (seconds >= 3600) {
            buf_printf(line, "%u:", seconds / 3600);
        }
        buf_printf(line, seconds >= 3600 ? "%02u:%02u" : "%u:%02u", seconds / 60 % 60,
                   seconds % 60);
    }
}

static void put_bar(struct buf *line, const struct progress *progress, size_t room)
{
    size_t width = room > BAR_MAX + 3 ? BAR_MAX : room > 12 ? room - 3 : 0;
    double share = progress->total > 0 ? (double)progress->done / (double)progress->total : 1;
    buf_printf(line, "  %3u%%", (unsigned)(share * 100));
    if (width == 0) {
        return;
    }
    size_t full = (size_t)(share * (double)width);
    buf_text(line, " [");
    for (size_t i = 0; i < width; i++) {
        buf_text(line, i < full ? "#" : ".");
    }
    buf_text(line, "]");
}

/* No more characters than fit: a wrapped line could not be written over. */
static void cut(struct buf *line, size_t most)
{
    size_t count = 0;
    for (size_t i = 0; i < line->length; i++) {
        count += ((unsigned char)line->data[i] & 0xc0) != 0x80;
        if (count > most) {
            line->data[i] = '\0';
            line->length = i;
        }
    }
}

static void draw(struct progress *progress)
{
    char text[PROGRESS_SIZE];
    AUTO_BUF struct buf line = {0};
    AUTO_BUF struct buf rest = {0};
    bool known = progress->total != PROGRESS_UNKNOWN;
    progress_bytes(progress->done, text);
    buf_printf(&rest, "  %s", text);
    if (known) {
        progress_bytes(progress->total, text);
        buf_printf(&rest, " / %s", text);
    }
    if (progress->rate >= 1) {
        progress_bytes((uint64_t)progress->rate, text);
        buf_printf(&rest, "  %s/s", text);
    }
    put_left(&rest, progress);
    size_t width = screen_width(), used = LABEL_MAX + 6 + rest.length + 1;
    put_label(&line, progress->label);
    if (known) {
        put_bar(&line, progress, width > used ? width - used : 0);
    }
    buf_text(&line, rest.data ? rest.data : "");
    cut(&line, width - 1);
    if (!line.failed) {
        fprintf(stderr, "\r%s\x1b[K", line.data);
    }
}

static void sample(struct progress *progress, int64_t now)
{
    int64_t passed = now - progress->sampled_ms;
    if (passed < SAMPLE_MS) {
        return;
    }
    uint64_t moved = progress->done > progress->sampled ? progress->done - progress->sampled : 0;
    double rate = (double)moved * 1000 / (double)passed;
    progress->rate = progress->rate > 0 ? progress->rate * 0.7 + rate * 0.3 : rate;
    progress->sampled_ms = now;
    progress->sampled = progress->done;
}

void progress_start(struct progress *progress, bool shown, const char *label, uint64_t total)
{
    int64_t now = clock_mono_ms();
    *progress = (struct progress){
        .shown = shown, .label = label, .total = total, .sampled_ms = now, .drawn_ms = now};
}

void progress_tick(struct progress *progress)
{
    int64_t now = progress->shown ? clock_mono_ms() : 0;
    if (!progress->shown || now - progress->drawn_ms < DRAW_MS) {
        return;
    }
    progress->drawn_ms = now;
    sample(progress, now);
    draw(progress);
}

void progress_at(struct progress *progress, uint64_t done)
{
    progress->done = done;
    if (progress->total != PROGRESS_UNKNOWN && done > progress->total) {
        progress->total = done;
    }
    progress_tick(progress);
}

void progress_clear(struct progress *progress)
{
    if (progress->shown) {
        fputs("\r\x1b[K", stderr);
    }
}

void progress_end(struct progress *progress, bool done)
{
    if (progress->shown && done) {
        draw(progress);
        fputc('\n', stderr);
    } else {
        progress_clear(progress);
    }
    progress->shown = false;
}
