/* SPDX-License-Identifier: Apache-2.0
 *
 * See form.h. The boundary is random: no content can hold it but by a chance of 1 in 2^122. */
#include "core/client/form.h"

#include "core/base/id.h"

#include <string.h>

void form_start(struct form *form)
{
    *form = (struct form){0};
    id_uuid(form->boundary);
}

void form_field(struct form *form, const char *name, const char *value)
{
    buf_printf(&form->before, "--%s\r\nContent-Disposition: form-data; name=\"%s\"\r\n\r\n%s\r\n",
               form->boundary, name, value);
}

void form_blob(struct form *form, const struct wire_source *blob, const char *headers)
{
    form->blob = *blob;
    buf_printf(&form->before,
               "--%s\r\nContent-Disposition: form-data; name=\"blob\"; filename=\"blob\"\r\n"
               "%s\r\n",
               form->boundary, headers);
    buf_printf(&form->behind, "\r\n--%s--\r\n", form->boundary);
}

/* What of TEXT is left behind AT. */
static size_t take(const struct buf *text, size_t at, char *bytes, size_t room)
{
    size_t left = text->length - at, want = left < room ? left : room;
    memcpy(bytes, text->data + at, want);
    return want;
}

static ssize_t form_read(void *ctx, char *bytes, size_t room)
{
    struct form *form = ctx;
    size_t before = form->before.length, got;
    if (form->at < before) {
        got = take(&form->before, (size_t)form->at, bytes, room);
        form->at += got;
        return (ssize_t)got;
    }
    if (!form->blob_over) {
        ssize_t content = form->blob.read(form->blob.ctx, bytes, room);
        if (content != 0) {
            return content;
        }
        form->blob_over = true;
        form->at = before;
    }
    got = take(&form->behind, (size_t)(form->at - before), bytes, room);
    form->at += got;
    return (ssize_t)got;
}

static bool form_rewind(void *ctx)
{
    struct form *form = ctx;
    form->at = 0;
    form->blob_over = false;
    return form->blob.rewind(form->blob.ctx);
}

bool form_source(struct form *form, struct wire_source *source)
{
    uint64_t around = form->before.length + form->behind.length;
    *source = (struct wire_source){.read = form_read, .rewind = form_rewind, .ctx = form};
    source->length = form->blob.length == WIRE_UNKNOWN ? WIRE_UNKNOWN : form->blob.length + around;
    return !form->before.failed && !form->behind.failed;
}

void form_free(struct form *form)
{
    buf_free(&form->before);
    buf_free(&form->behind);
}
