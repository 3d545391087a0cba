/* SPDX-License-Identifier: Apache-2.0
 *
 * See source.h. */
#include "source.h"

#include <stdlib.h>
#include <string.h>

uint64_t source_length(const struct source *source)
{
    return format_segments_bytes(source->plain->length) + (source->last ? FORMAT_TRAILER : 0);
}

static enum mgw_status seal_into(struct source *source, uint32_t index, unsigned char *out)
{
    size_t length = format_segment_length(source->plain->length, index);
    unsigned char *text = out + FORMAT_PREFIX;
    enum mgw_status status =
        source->plain->read(source->plain->ctx, (uint64_t)index * FORMAT_SEGMENT, text, length);
    if (status != MGW_OK) {
        return status;
    }
    return seal_segment(source->seal, source->first + index, text, length, out) ? MGW_OK : MGW_IO;
}

/* Has segment INDEX of the part in the buffer. */
static enum mgw_status hold(struct source *source, uint32_t index)
{
    if (source->buffer && source->held == index) {
        return MGW_OK;
    }
    unsigned char *buffer = source->buffer ? source->buffer : malloc(FORMAT_SEALED);
    source->buffer = NULL;
    if (!buffer) {
        return MGW_UNAVAILABLE;
    }
    enum mgw_status status = seal_into(source, index, buffer);
    if (status != MGW_OK) {
        free(buffer);
        return status;
    }
    source->buffer = buffer;
    source->held = index;
    return MGW_OK;
}

/* Some of LENGTH bytes from OFFSET, which lies in a segment; *STEP says how many. */
static enum mgw_status read_segment(struct source *source, uint64_t offset, unsigned char *into,
                                    size_t length, size_t *step)
{
    uint32_t index = (uint32_t)(offset / FORMAT_SEALED);
    size_t at = (size_t)(offset % FORMAT_SEALED);
    size_t whole = format_segment_length(source->plain->length, index) + FORMAT_OVERHEAD;
    *step = length < whole - at ? length : whole - at;
    if (*step == whole) {
        return seal_into(source, index, into);
    }
    enum mgw_status status = hold(source, index);
    if (status == MGW_OK) {
        memcpy(into, source->buffer + at, *step);
    }
    return status;
}

static enum mgw_status source_read(void *ctx, uint64_t offset, void *buffer, size_t length)
{
    struct source *source = ctx;
    uint64_t segments = format_segments_bytes(source->plain->length), all = source_length(source);
    unsigned char *into = buffer;
    if (offset > all || length > all - offset) {
        return MGW_RANGE;
    }
    while (length > 0) {
        size_t step = length;
        if (offset >= segments) {
            memcpy(into, source->trailer + (offset - segments), step);
        } else {
            enum mgw_status status = read_segment(source, offset, into, length, &step);
            if (status != MGW_OK) {
                return status;
            }
        }
        offset += step;
        into += step;
        length -= step;
    }
    return MGW_OK;
}

struct mgw_source source_below(struct source *source)
{
    return (struct mgw_source){.size = sizeof(struct mgw_source),
                               .length = source_length(source),
                               .ctx = source,
                               .read = source_read};
}
