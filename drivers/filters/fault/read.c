/* SPDX-License-Identifier: Apache-2.0
 *
 * Readers: pass.h's, with faults. */
#include "inject.h"

static const struct fault *fault_of(const void *reader)
{
    return (const struct fault *)(const void *)((const struct pass_handle *)reader)->pass;
}

enum mgw_status fault_open(struct mgw_call *call, void *instance, const struct mgw_blob *blob,
                           const char *if_etag, void **reader, struct mgw_stat *stat)
{
    struct injection injection;
    enum mgw_status status = inject_before(call, instance, FAULT_OPEN, &injection);
    if (status == MGW_OK) {
        status = pass_open(call, instance, blob, if_etag, reader, stat);
    }
    if (status == MGW_OK && (injection.after || injection.lie == LIE_NULL)) {
        pass_close(*reader);
        *reader = NULL;
    }
    inject_stat(call, &injection, status, stat);
    return inject_after(call, &injection, status);
}

enum mgw_status fault_read(struct mgw_call *call, void *reader, uint64_t offset, void *buffer,
                           size_t length, size_t *got)
{
    struct injection injection;
    enum mgw_status status = inject_before(call, fault_of(reader), FAULT_READ, &injection);
    if (status != MGW_OK) {
        return status;
    }
    if (injection.shorter && length > 1) {
        length = 1 + (size_t)(injection.random % (length - 1));
    }
    status = pass_read(call, reader, offset, buffer, length, got);
    if (status == MGW_OK && injection.lie == LIE_FLIP && *got > 0) {
        unsigned char *byte = (unsigned char *)buffer + injection.random % *got;
        *byte = (unsigned char)(*byte ^ (1u << (injection.random >> 61)));
    } else if (status == MGW_OK && injection.lie == LIE_WILD) {
        *got = SIZE_MAX;
    } else if (status == MGW_OK && injection.lie == LIE_END) {
        *got = 0;
    }
    return inject_after(call, &injection, status);
}

enum mgw_status fault_descriptor(struct mgw_call *call, void *reader, struct mgw_local_file *file)
{
    struct injection injection;
    enum mgw_status status = inject_before(call, fault_of(reader), FAULT_DESCRIPTOR, &injection);
    if (status == MGW_OK && !injection.after) {
        status = pass_descriptor(call, reader, file); /* an answer withheld would leak it */
    }
    return inject_after(call, &injection, status);
}
