/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/form.h"

#include "tests/support/keep.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void free_form(void *pointer)
{
    struct form *form = pointer;
    free(form->bytes);
    free(form);
}

struct form *form_new(void)
{
    struct form *form = calloc(1, sizeof *form);
    return keep_with(form, free_form);
}

void form_raw(struct form *form, const void *bytes, size_t length)
{
    char *larger = realloc(form->bytes, form->length + length + 1);
    if (!larger) {
        abort();
    }
    form->bytes = larger;
    if (length > 0) {
        memcpy(form->bytes + form->length, bytes, length);
    }
    form->length += length;
    form->bytes[form->length] = '\0';
}

static void form_text(struct form *form, const char *text)
{
    form_raw(form, text, strlen(text));
}

void form_part(struct form *form, const char *headers, const void *bytes, size_t length)
{
    form_text(form, "--" FORM_BOUNDARY "\r\n");
    form_text(form, headers);
    form_text(form, "\r\n\r\n");
    form_raw(form, bytes, length);
    form_text(form, "\r\n");
}

void form_field(struct form *form, const char *name, const char *value)
{
    char *head = keep_text("Content-Disposition: form-data; name=\"%s\"", name);
    form_part(form, head, value, strlen(value));
}

void form_blob(struct form *form, const char *type, struct body body)
{
    const char *disposition =
        "Content-Disposition: form-data; name=\"blob\"; filename=\"recording.webm\"";
    char *head = type ? keep_text("%s\r\nContent-Type: %s", disposition, type)
                      : keep_text("%s", disposition);
    form_part(form, head, body.bytes, body.length);
}

void form_end(struct form *form)
{
    form_text(form, "--" FORM_BOUNDARY "--\r\n");
}
